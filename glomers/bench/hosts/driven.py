"""The node's side of lockstep: a node file in this process, driven through virtual time by lines.

It is the host of virtual time that runs the file, on a loop whose time is what the bench says.
What is said over the pipes stands in `docs/lockstep.md`.
"""

from __future__ import annotations

import io
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from glomers.bench.clock import VirtualClock
from glomers.bench.hosts.host import NodeLog, Outgoing
from glomers.bench.hosts.node_lines import Read
from glomers.bench.hosts.virtual import VirtualHost
from glomers.bench.sandbox import (
    BLOCKED_CPU_S,
    HANG_CPU_S,
    HANG_S,
    IMPORT_PATIENCE,
    hang,
    is_importing,
    surroundings,
)
from glomers.errors import BrokenTest
from glomers.node import READ_BYTES
from glomers.protocol import Body, dumps, loads

ASKS = signal.SIGALRM
"""The signal by which the bench asks a node that is silent what it is at."""
_MESSAGE = b'"message":'
_AT, _WAKE = b'{"at":', b',"do":"wake"}'
"""Around the time in a line that says no more than that."""
_FLUSH_BYTES = 1 << 16
"""So much is written before the answer is whole: a node that sends without end is to be seen."""
_NOTED_EVERY_S = BLOCKED_CPU_S / 5

# As they are before the surroundings of nodes take their place.
_leave, _now_s, _cpu_s = os._exit, time.monotonic, time.process_time


@contextmanager
def prepared() -> Iterator[VirtualClock]:
    """What nodes see instead of the machine, until the block ends; made before they are forked.

    Each has a copy of it, and of the clock.
    """
    clock = VirtualClock()
    with surroundings(clock, ()):
        yield clock


def run(clock: VirtualClock, path: Path, args: tuple[str, ...]) -> None:
    """Serve the bench over stdin and stdout with the node file at `path`, until it is let go."""
    lines = _Lines(0, 1)
    sys.argv = [str(path), *args]
    with clock.loop.running():
        _Driven(lines, clock, loads(lines.read()), path, args).serve()


class _Lines:
    """Lines from and to the bench, on descriptors that the node's program does not know."""

    def __init__(self, source: int, sink: int) -> None:
        nothing = os.open(os.devnull, os.O_RDONLY)
        self._source, self._sink = os.dup(source), os.dup(sink)
        os.dup2(nothing, source)
        os.dup2(2, sink)  # what is printed past Python goes to stderr as well
        self._begun = b""

    def read(self) -> bytes:
        """The next line; the process ends when the bench has gone."""
        parts = [self._begun]
        while b"\n" not in parts[-1]:
            chunk = os.read(self._source, READ_BYTES)
            if not chunk:
                _leave(0)
            parts.append(chunk)
        line, _, self._begun = b"".join(parts).partition(b"\n")
        return line

    def write(self, lines: list[bytes]) -> None:
        """Write the lines and forget them."""
        data = memoryview(b"\n".join(lines) + b"\n")
        lines.clear()
        try:
            while data:
                data = data[os.write(self._sink, data) :]
        except BrokenPipeError:  # the bench has gone
            _leave(0)


class _Collected(Outgoing):
    """Takes lines to have them written when the answer is whole: the bench looks at them."""

    def __init__(self, lines: _Lines, answer: list[bytes]) -> None:
        self._lines = lines
        self._answer = answer
        self._size = 0
        self.silenced = None

    def line(self, line: bytes, read: Read = loads) -> None:
        self._answer.append(line)
        self._size += len(line)
        if self._size > _FLUSH_BYTES:
            self._size = 0
            self._lines.write(self._answer)

    def flat(self, message: Body, line: bytes) -> None:
        self.line(line)


class _Log(io.StringIO):
    """What the node writes on stderr, which goes into the answer."""

    def __init__(self, lines: _Lines) -> None:
        super().__init__()
        self._lines = lines

    def write(self, text: str) -> int:
        super().write(text)
        if self.tell() > _FLUSH_BYTES:
            self._lines.write([self.take()])
        return len(text)

    def take(self) -> bytes:
        """The line for what has been written since the last time."""
        text = self.getvalue().encode("utf-8", "replace").decode()
        self.seek(0)
        self.truncate()
        return dumps({"log": text})

    def close(self) -> None:
        """It goes on: what is written at the very end is told as well."""


class _Driven:
    """One node, which does what the lines of the bench say.

    Args:
        lines: from and to the bench.
        clock: virtual time.
        first: the line that says `start`.
        path: the node's file.
        args: what its program is given.
    """

    def __init__(
        self,
        lines: _Lines,
        clock: VirtualClock,
        first: dict[str, Any],
        path: Path,
        args: tuple[str, ...],
    ) -> None:
        self._lines = lines
        self._clock = clock
        self._loop = clock.loop
        self._answer: list[bytes] = []
        self._error: BrokenTest | None = None
        self._began_s = self._noted_s = _now_s()
        self._noted_cpu_s = _cpu_s()
        self._log = _Log(lines)
        log = NodeLog(self._log, None)
        outgoing = _Collected(lines, self._answer)
        self._host = VirtualHost(
            first["node"], path, args, log, outgoing, self._fail, first["seed"]
        )
        self._loop.time_ns = first["at"]

    def _fail(self, error: BrokenTest) -> None:
        self._error = self._error or error

    def serve(self) -> None:
        """Load the node file, and then do as the bench says, line by line."""
        signal.signal(ASKS, self._look)
        self._do(self._host.load)
        while True:
            line = self._lines.read()
            self._note_time()
            if line.endswith(_WAKE):  # as most do
                self._loop.time_ns = int(line[len(_AT) : -len(_WAKE)])
                self._do(self._loop.make_due)
                continue
            request = loads(line)
            self._loop.time_ns = request["at"]
            message = request.get("message")
            if message is not None:
                own_line = line[line.index(_MESSAGE) + len(_MESSAGE) : -1]
                self._do(self._host.deliver, message["src"], message["body"], own_line)
            else:
                self._do(self._obey, request)

    def _note_time(self) -> None:
        """Note when a line of the bench begins, and at times how much the node has worked by then.

        To ask for the latter takes as long as a line does.
        """
        self._began_s = _now_s()
        if self._began_s - self._noted_s > _NOTED_EVERY_S:
            self._noted_s, self._noted_cpu_s = self._began_s, _cpu_s()

    def _do(self, act: Callable[..., object], *args: Any) -> None:
        """Do something and all that it makes due, and answer."""
        try:
            act(*args)
            self._loop.run_ready()
        except SystemExit as error:
            self._fail(self._host.crashed(error))
        except BrokenTest as error:
            self._fail(error)
        if self._error:
            self._give_up(self._error)
        self._tell_log()
        wake_ns = self._loop.next_ns()
        self._answer.append(b'{"wake":null}' if wake_ns is None else b'{"wake":%d}' % wake_ns)
        self._lines.write(self._answer)

    def _tell_log(self) -> None:
        if self._log.tell():
            self._answer.append(self._log.take())

    def _obey(self, request: dict[str, Any]) -> None:
        match request["do"]:
            case "pause":
                self._loop.withhold = self._host.withhold
                self._host.pause()
            case "resume":
                self._host.resume()
            case "skew":
                offset_ms, drift_ppm = request["offset_ms"], request["drift_ppm"]
                self._host.skew(request["at"], offset_ms, drift_ppm)
            case "end":
                self._end()

    def _end(self) -> None:
        """Tell where the handlers are, and which of them wait; then go."""
        self._host.end()
        told = {"wake": None, "handlers": self._host.handlers, "waiting": self._host.waiting}
        self._tell_log()
        self._lines.write([*self._answer, dumps(told)])
        _leave(0)

    def _give_up(self, error: BrokenTest) -> None:
        """Tell why the node cannot go on; then go."""
        self._tell_log()
        self._answer.append(dumps({"broken": str(error), "place": error.place}))
        self._lines.write(self._answer)
        _leave(1)

    def _look(self, signum: int, frame: FrameType | None) -> None:
        """Give up if this line of the bench has kept the node at work for too long."""
        patience = IMPORT_PATIENCE if is_importing(frame) else 1
        worked_s = _cpu_s() - self._noted_cpu_s
        is_hanging = worked_s >= HANG_CPU_S * patience or worked_s <= BLOCKED_CPU_S
        if is_hanging and _now_s() - self._began_s >= HANG_S * patience:
            self._give_up(hang(self._clock, frame))
