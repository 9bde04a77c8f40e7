"""What every host of a node shares: its log, and what becomes of the lines that it writes."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TextIO, runtime_checkable

from glomers.bench.blame import Place
from glomers.bench.clock import NS_PER_S
from glomers.bench.hosts.node_lines import BadLine, Read, read_message
from glomers.environment import cage_kind
from glomers.errors import BrokenTest
from glomers.formats.text import clean
from glomers.protocol import Body, loads

Send = Callable[[str, str, dict[str, Any], bytes], None]
"""Hands a message to the network: source, destination, body and the encoded line."""
Warn = Callable[[str], None]
"""Notes a sentence in the log of the run."""
Fail = Callable[[BrokenTest], None]
"""Ends the test."""

MAX_LOG_CHARACTERS = 64 << 20
MAX_CAGED_LOG_CHARACTERS = 1 << 20
MAX_DEPTH = 64
"""How deep a message may nest: histories and results wrap it further and must stay readable."""


class Host(Protocol):
    """A running node, as the network sees it."""

    async def start(self) -> None:
        """Start the node's program.

        Raises:
            BrokenTest: when it cannot be started.
        """

    def deliver(self, src: str, body: dict[str, Any], line: bytes) -> None:
        """Hand a message to the node."""

    async def stop(self) -> None:
        """End the node, and every process it started."""

    # What faults do to it.

    def kill(self) -> None:
        """End the node without a word; it does nothing any more."""

    def pause(self) -> None:
        """Let the node stand still."""

    def resume(self) -> None:
        """Let a paused node go on with what has come meanwhile."""


@runtime_checkable
class HostInVirtualTime(Host, Protocol):
    """The same where time is virtual: more of it can be seen, and its clock can be wrong."""

    node_id: str
    waiting: dict[str, Place | None]
    """What is still being handled when the test is over, and where it waits."""

    @property
    def handlers(self) -> dict[str, Place]:
        """Where the handlers of the node's program begin, by type of message."""

    def skew(self, now_ns: int, offset_ms: int, drift_ppm: int) -> None:
        """Let the wall clock be wrong by an offset, and by ever more with a drift."""


@dataclass(frozen=True)
class Silenced:
    """A node that is not heard any more: since when, and for what line (its beginning, quoted)."""

    node: str
    time_ns: int
    line: str
    why: str

    def __str__(self) -> str:
        return (
            f"{self.node} is not heard any more from {self.time_ns / NS_PER_S:.3f} s on, as on "
            f"Maelstrom: it wrote {self.line}, {self.why}"
        )


class Outgoing:
    """Takes each line that a node writes and sends the message in it.

    One bad line silences a node for good, as on Maelstrom, where the thread that reads its stdout
    ends: what it writes afterwards is not looked at.

    Args:
        node_id: who writes.
        send: takes the messages; raises a LookupError for what it cannot deliver.
        warn: is told when the node is silenced.
        now_ns: the time.
    """

    def __init__(
        self, node_id: str, send: Send, warn: Warn, now_ns: Callable[[], int] = lambda: 0
    ) -> None:
        self._node_id = node_id
        self._send = send
        self._warn = warn
        self._now_ns = now_ns
        self.silenced: Silenced | None = None

    def line(self, line: bytes, read: Read = loads) -> None:
        """Send the message that `read` finds in `line`; if there is none, listen no longer."""
        if self.silenced:
            return
        try:
            src, dest, body, line = read_message(line, read)
            if len(line) > 2 * MAX_DEPTH and _is_too_deep(line, body):
                raise BadLine(f"which is nested more than {MAX_DEPTH} deep")
        except BadLine as error:
            self._silence(line, str(error))
        else:
            self._pass_on(src, dest, body, line)

    def flat(self, message: Body, line: bytes) -> None:
        """Send a message that is known to be one, and to have nothing nested in its body."""
        if not self.silenced:
            self._pass_on(message["src"], message["dest"], message["body"], line)

    def _pass_on(self, src: str, dest: str, body: Body, line: bytes) -> None:
        try:
            self._send(src, dest, body, line)
        except LookupError as error:
            is_late = dest[:1] == "c" and dest[1:].isdecimal()  # to a client
            hint = "; a client leaves it when its request has timed out" if is_late else ""
            self._silence(line, f"which cannot be delivered: {error}{hint}")

    def _silence(self, line: bytes, why: str) -> None:
        self.silenced = Silenced(self._node_id, self._now_ns(), excerpt(line), why)
        self._warn(str(self.silenced))


def _is_too_deep(line: bytes, body: dict[str, Any]) -> bool:
    if line.count(b"[") + line.count(b"{") <= MAX_DEPTH:  # so is almost every message
        return False
    level: list[Any] = [body]
    for _ in range(MAX_DEPTH):
        items = (item.values() if type(item) is dict else item for item in level)
        level = [item for part in items for item in part if type(item) in (list, dict)]
        if not level:
            return False
    return True


def excerpt(line: bytes, limit: int = 200) -> str:
    """The beginning of a line, quoted, for a sentence."""
    if not line:
        return "an empty line"
    text = line[:limit].decode("utf-8", "replace")
    return repr(text + "…" if len(line) > limit else text)


class NodeLog:
    """A node's stderr, in its log file as it is, and when each part of it was written.

    Args:
        file: gets the text.
        echo: is shown it as well.
        open_times: opens the file beside it that gets the times when the log is closed; without
            it, or when the node wrote nothing, there is none.
    """

    def __init__(
        self,
        file: TextIO,
        echo: Callable[[str], None] | None,
        open_times: Callable[[], TextIO] | None = None,
    ) -> None:
        self._file = file
        self._echo = echo
        self._open_times = open_times
        self._most = MAX_CAGED_LOG_CHARACTERS if cage_kind() else MAX_LOG_CHARACTERS
        self._room = self._most
        self._line = 1
        self._times: list[tuple[int, int]] = []
        self.now_ns: Callable[[], int] | None = None
        """Tells the time, in ns since the test began."""

    def write(self, text: str) -> None:
        """Append `text` as it is, as long as there is room."""
        if self._echo:
            self._echo(text)
        if self._room <= 0 or self._file.closed:
            return
        self._note_time(text)
        self._file.write(text[: self._room])
        self._room -= len(text)
        if self._room <= 0:
            self._file.write(f"\n(The rest is left out: a log takes {self._most:,} characters.)\n")

    def _note_time(self, text: str) -> None:
        now_ns = self.now_ns() if self.now_ns else 0
        if not self._times or self._times[-1][1] != now_ns:
            self._times.append((self._line, now_ns))
        self._line += text.count("\n")

    def close(self) -> None:
        """Write what is still buffered."""
        self._file.close()
        if self._open_times and self.now_ns and self._times:
            with self._open_times() as file:
                json.dump(self._times, file)
            self._open_times = None


def console_echo(node_id: str, stream: TextIO) -> Callable[[str], None]:
    """A function that shows a node's stderr on `stream`, each line under the node's name."""

    def echo(text: str) -> None:
        for line in text.splitlines():
            print(f"{node_id}: {clean(line)}", file=stream)

    return echo
