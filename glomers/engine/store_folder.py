"""Reading the files of a store folder, whole or damaged, ours or the real Maelstrom's."""

from __future__ import annotations

import gc
import json
import os
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from glomers.engine.real_journal import as_the_bench_tells_it
from glomers.errors import LabWarning, StoreError
from glomers.formats.edn import EdnError, Keyword
from glomers.formats.edn_reader import loads
from glomers.formats.history import HistoryError, Op, parse_op, read_history
from glomers.formats.journal import Event, JournalError, read_journal
from glomers.formats.maelstrom_journal import journal_files, read_maelstrom_journal

_JOURNAL = "net-journal/messages.jsonl"
_COMMAND_IN_LOG = re.compile(r"Command line:\s*\n\s*lein run (.+)")
_HEAD_OF_LOG = 4096


@dataclass(frozen=True, slots=True)
class Facts:
    """What ran, and how, as far as the folder tells.

    `command` holds the words from `test` on; `clock` and `seed` are the bench's own.
    """

    engine: str
    command: tuple[str, ...] = ()
    clock: str | None = None
    seed: int | None = None
    nodes: tuple[str, ...] = ()
    node_sha256: str | None = None


class StoreFolder:
    """One run's folder; what is damaged in it is listed in `problems` as it is come across."""

    def __init__(self, path: Path) -> None:
        """Open the folder.

        Raises:
            StoreError: when there is none, or nothing in it that a run leaves.
        """
        if not path.is_dir():
            raise StoreError(f"There is no store folder {path}: run a test first.")
        files = ("results.edn", "history.edn", "bench.json", "jepsen.log", "net-journal")
        if not any((path / name).exists() for name in files):
            raise StoreError(f"{path} is no store folder: there is no results.edn or history.edn.")
        self.path = path
        self.problems: list[str] = []
        self.known_history: list[Op] | None = None
        """The history, where it need not be read: that of a page that has just run the test."""

    def _report(self, problem: str) -> None:
        self.problems.append(problem)
        warnings.warn(problem, LabWarning, stacklevel=2)

    def facts(self) -> Facts:
        """Read `bench.json`; a folder without it is the real Maelstrom's, which leaves a log."""
        path = self.path / "bench.json"
        if not path.exists():
            return self._maelstrom_facts()
        try:
            facts = json.loads(path.read_text(encoding="utf-8"))
            seed, clock = facts.get("seed"), facts.get("clock")
            return Facts(
                str(facts.get("engine", "bench")),
                tuple(map(str, facts.get("command", ()))),
                str(clock) if clock else None,
                seed if isinstance(seed, int) else None,
                tuple(map(str, facts.get("nodes", ()))) or self._nodes(),
                facts.get("node_sha256"),
            )
        except (OSError, ValueError, AttributeError, TypeError):
            self._report("bench.json is damaged: what ran is not known.")
            return Facts("bench", nodes=self._nodes())

    def _maelstrom_facts(self) -> Facts:
        try:
            with (self.path / "jepsen.log").open(encoding="utf-8", errors="replace") as file:
                match = _COMMAND_IN_LOG.search(file.read(_HEAD_OF_LOG))
        except OSError:
            match = None
        command = tuple(match[1].split()) if match else ()
        return Facts("maelstrom", command, nodes=self._nodes())

    def _nodes(self) -> tuple[str, ...]:
        """The nodes' names, from their logs."""
        names = [path.stem for path in (self.path / "node-logs").glob("*.log")]
        return tuple(sorted(names, key=lambda name: (len(name), name)))

    def results(self) -> dict[Keyword, Any] | None:
        """Read `results.edn`; None when the run left none, or none that can be read."""
        path = self.path / "results.edn"
        if not path.exists():
            return None
        try:
            results = loads(path.read_text(encoding="utf-8"))
        except (EdnError, OSError, UnicodeDecodeError) as error:
            self._report(f"results.edn is damaged, so there is no verdict: {error}.")
            return None
        if isinstance(results, dict):
            return results
        self._report("results.edn holds no results, so there is no verdict.")
        return None

    def history(self) -> list[Op]:
        """Read `history.edn`; of a damaged one the lines that are operations.

        Raises:
            StoreError: when there is none.
        """
        if self.known_history is not None:
            return self.known_history
        path = self.path / "history.edn"
        if not path.exists():
            raise StoreError("There is no history.edn in the store: the run ended before it began.")
        with without_collection():
            try:
                return read_history(path)
            except HistoryError as error:
                sentence = str(error).removeprefix(str(path)).lstrip(":, ")
            history = list(_readable_ops(path))
        if path.stat().st_size:
            kept = f"{len(history):,} operations' beginnings and ends can be read"
            self._report(f"history.edn is damaged ({sentence}): {kept}.")
        return history

    def events(self) -> list[Event]:
        """Read the journal of messages; of a damaged one what stands before the damage.

        Raises:
            StoreError: when there is none.
        """
        path = self.path / _JOURNAL
        with without_collection():
            if path.exists():
                return self._read_events(read_journal(path))
            if journal_files(path.parent):
                events = self._read_events(read_maelstrom_journal(path.parent))
                return as_the_bench_tells_it(events, self._history_if_any())
        raise StoreError(f"There is no journal of messages in the store: {_JOURNAL} is missing.")

    def _read_events(self, journal: Iterator[Event]) -> list[Event]:
        events: list[Event] = []
        problem = None
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                events.extend(journal)
            except (JournalError, OSError) as error:
                problem = str(error)
        if problem := problem or next((str(each.message) for each in caught), None):
            problem = problem.replace(f"{self.path}{os.sep}", "")
            self._report(f"{problem}: {len(events):,} events before that can be read.")
        return events

    def _history_if_any(self) -> list[Op]:
        try:
            return self.history()
        except StoreError:
            return []


def _readable_ops(path: Path) -> Iterator[Op]:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    for line in text.splitlines():
        try:
            yield parse_op(line)
        except ValueError:
            continue


@contextmanager
def without_collection() -> Iterator[None]:
    """Keep Python from looking for garbage while only new objects are made: twice as fast."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
