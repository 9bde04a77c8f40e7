"""Where a run's history, messages and nodes' logs go: a store folder, or memory."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Protocol, TextIO

from glomers.bench.enduring import open_binary, open_text
from glomers.bench.history_writer import HistoryWriter
from glomers.bench.hosts.host import NodeLog
from glomers.bench.store import Store
from glomers.errors import BrokenTest
from glomers.formats.journal import BUFFER_BYTES, Journal, JournalWriter
from glomers.formats.node_log import times_file
from glomers.formats.node_state import NODE_STATE, NodeStateWriter

_HISTORY_BUFFER_BYTES = 1 << 18
_STATE_BUFFER_BYTES = 1 << 16
"""Small enough to leave the processor's cache to the run."""


class Record(Protocol):
    """Takes everything that a run leaves; `failed` is told when it cannot be written any more."""

    def history(self, failed: Callable[[BrokenTest], None]) -> HistoryWriter:
        """The history, to be opened once."""

    def journal(self, failed: Callable[[BrokenTest], None]) -> Journal:
        """The journal of messages, to be opened once."""

    def node_states(self, failed: Callable[[BrokenTest], None]) -> NodeStateWriter:
        """What nodes know, to be opened once where that is recorded."""

    def node_log(
        self, node_id: str, echo: Callable[[str], None] | None, failed: Callable[[BrokenTest], None]
    ) -> NodeLog:
        """The log of a node, to be opened once for each."""


class StoreRecord:
    """Writes into a store folder while the run goes on."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def history(self, failed: Callable[[BrokenTest], None]) -> HistoryWriter:
        def file(name: str) -> TextIO:
            path = self._store.path / name
            return open_text(path, self._telling(failed), _HISTORY_BUFFER_BYTES)

        return HistoryWriter((file("history.edn"), file("history.txt")))

    def journal(self, failed: Callable[[BrokenTest], None]) -> Journal:
        return JournalWriter(open_binary(self._store.journal, self._telling(failed), BUFFER_BYTES))

    def node_states(self, failed: Callable[[BrokenTest], None]) -> NodeStateWriter:
        path = self._store.path / NODE_STATE
        return NodeStateWriter(open_binary(path, self._telling(failed), _STATE_BUFFER_BYTES))

    def node_log(
        self, node_id: str, echo: Callable[[str], None] | None, failed: Callable[[BrokenTest], None]
    ) -> NodeLog:
        path = self._store.path / "node-logs" / f"{node_id}.log"
        path.parent.mkdir(parents=True, exist_ok=True)
        telling = self._telling(failed)

        def open_times() -> TextIO:
            times = times_file(path)
            try:
                times.parent.mkdir(exist_ok=True)
                return open_text(times, telling)
            except OSError as error:
                telling(error)
                return io.StringIO()

        return NodeLog(open_text(path, telling), echo, open_times)

    def _telling(self, failed: Callable[[BrokenTest], None]) -> Callable[[OSError], None]:
        return lambda error: failed(self._store.failure(error))


class MemoryRecord:
    """Keeps operations in memory and hands messages to a journal; `logs` holds nodes' stderr."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.logs: dict[str, io.StringIO] = {}

    def history(self, failed: Callable[[BrokenTest], None]) -> HistoryWriter:
        return HistoryWriter(None)

    def journal(self, failed: Callable[[BrokenTest], None]) -> Journal:
        return self._journal

    def node_states(self, failed: Callable[[BrokenTest], None]) -> NodeStateWriter:
        return NodeStateWriter(io.BytesIO())  # nobody asks for it

    def node_log(
        self, node_id: str, echo: Callable[[str], None] | None, failed: Callable[[BrokenTest], None]
    ) -> NodeLog:
        self.logs[node_id] = _Kept()
        return NodeLog(self.logs[node_id], echo)


class _Kept(io.StringIO):
    """A text that can be read after it was closed."""

    def close(self) -> None:
        pass
