"""A node in a process of its own, in any language, on the real clock."""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import errno
import functools
import os
import signal
import sys
import tempfile
from collections import deque
from math import nan
from pathlib import Path
from typing import Any, NamedTuple

from glomers.bench.clock import NS_PER_S
from glomers.bench.hosts.executable import why_a_shell, why_not_started
from glomers.bench.hosts.host import Fail, NodeLog, Outgoing, excerpt
from glomers.bench.hosts.kept import MARK, mark, tell_keeper
from glomers.bench.sandbox import HANG_CPU_S, HANG_S
from glomers.errors import BrokenTest

LAST_LINES = 32
MAX_LINE_BYTES = 64 * 1024 * 1024
MAX_UNREAD_BYTES = 256 * 1024 * 1024
STOP_TIMEOUT_S = 2.0
LEAST_AT_WORK = 0.2
"""What hangs in a loop works all the time; on a busy machine it gets at least this share of it."""
SHELL = "/bin/sh"


class _Awaited(NamedTuple):
    """Since when a node that was sent a message writes nothing, and how much it had worked then."""

    since_ns: int
    cpu_s: float


class ProcessHost:
    """A node in a process of its own, in any language, that talks over stdin and stdout."""

    def __init__(
        self,
        node_id: str,
        path: Path,
        args: tuple[str, ...],
        log: NodeLog,
        outgoing: Outgoing,
        fail: Fail,
    ) -> None:
        self.node_id = node_id
        self._command = command_of(path, args)
        self._log = log
        self._outgoing = outgoing
        self._fail = fail
        self._process: asyncio.subprocess.Process | None = None
        self._readers: list[asyncio.Task[None]] = []
        self._stopping = False
        self._is_by_shell = False
        self._written = 0  # bytes on stdout, and those after the last end of a line
        self._unended = 0
        self._stdout_tail: deque[bytes] = deque(maxlen=LAST_LINES)
        self._awaited: _Awaited | None = None

    async def start(self) -> None:
        try:
            self._process = await self._spawn()
        except OSError as error:
            why = why_not_started(self._command[0], error)
            raise BrokenTest(f"Node {self.node_id} cannot start: {why}", self.node_id) from None
        tell_keeper(f"+{self._process.pid}")
        loop = asyncio.get_running_loop()
        self._readers = [
            loop.create_task(self._read_stdout()),
            loop.create_task(self._read_stderr()),
        ]

    async def _spawn(self) -> asyncio.subprocess.Process:
        start = functools.partial(
            asyncio.create_subprocess_exec,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=tempfile.gettempdir(),
            env={**os.environ, MARK: mark()},
            start_new_session=True,
        )
        try:
            return await start(*self._command)
        except OSError as error:
            if error.errno != errno.ENOEXEC:
                raise
        # A script without a `#!` line, which a shell takes, as on Maelstrom (and in a shell).
        self._is_by_shell = True
        return await start(SHELL, *self._command)

    def deliver(self, src: str, body: dict[str, Any], line: bytes) -> None:
        assert self._process is not None
        pipe = self._process.stdin
        if pipe is None or pipe.is_closing():
            return
        pipe.write(line + b"\n")
        if self._awaited is None:
            self._awaited = _Awaited(self._now_ns(), cpu_s(self._process.pid))
        if pipe.transport.get_write_buffer_size() > MAX_UNREAD_BYTES:
            self._broken("does not read its stdin: messages pile up.")

    def kill(self) -> None:
        self._stopping = True
        self._signal(signal.SIGKILL)

    def pause(self) -> None:
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            signal_group(self._process.pid, number)

    async def stop(self) -> None:
        self._stopping = True
        if self._process is not None:
            await self._end(self._process)
        for reader in self._readers:
            reader.cancel()
        await asyncio.gather(*self._readers, return_exceptions=True)
        self._log.close()

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        signal_group(process.pid, signal.SIGKILL)
        if process.stdin is not None and not process.stdin.is_closing():
            process.stdin.transport.abort()  # what it has not read, nobody will
        # It waits for the pipes too, which a stranger may hold open that left the group.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), STOP_TIMEOUT_S)
        # Those are closed here, and not when the loop is gone, which would end in a traceback.
        process._transport.close()  # type: ignore[attr-defined]  # there is no public way
        await asyncio.sleep(0)
        tell_keeper(f"-{process.pid}")

    @property
    def silence(self) -> str:
        """What it wrote on stdout that is no message yet, for when it does not answer."""
        if not self._written:
            return "It wrote nothing on stdout: does it flush?"
        if self._unended:
            return (
                f"It wrote {self._unended:,} bytes without ending the line: a message is a line, "
                "with a newline at its end."
            )
        return ""

    @property
    def hang(self) -> str:
        """A sentence if it has been at work for long and wrote nothing, though it was told things.

        Where the system does not tell how much a process works (in `/proc`), there is none.
        """
        if self._awaited is None or self._process is None:
            return ""
        waited_s = (self._now_ns() - self._awaited.since_ns) / NS_PER_S
        worked_s = cpu_s(self._process.pid) - self._awaited.cpu_s
        if waited_s < HANG_S or not worked_s >= max(HANG_CPU_S, waited_s * LEAST_AT_WORK):
            return ""
        return (
            f"{self.node_id} is not heard any more from {self._awaited.since_ns / NS_PER_S:.3f} s "
            f"on: it wrote nothing, though it was sent messages, and worked for {worked_s:.1f} s "
            "of processor time meanwhile, as in a loop that never ends."
        )

    def _now_ns(self) -> int:
        return self._log.now_ns() if self._log.now_ns else 0

    def _broken(self, sentence: str) -> None:
        tail = "\n".join(excerpt(line) for line in self._stdout_tail)
        self._fail(BrokenTest(f"Node {self.node_id} {sentence}", self.node_id, tail))

    async def _read_stdout(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        parts: list[bytes] = []  # of a line that has no end yet
        length = 0
        while chunk := await self._process.stdout.read(1 << 16):
            if self._outgoing.silenced:  # so that it can go on writing, and its end be seen
                continue
            self._awaited = None
            parts.append(chunk)
            length += len(chunk)
            self._written += len(chunk)
            self._unended = length
            if length > MAX_LINE_BYTES:
                self._broken(f"wrote {MAX_LINE_BYTES >> 20} MB on stdout without ending the line.")
                return
            if b"\n" not in chunk:
                continue
            lines, rest = _split(b"".join(parts))
            parts, length = [rest], len(rest)
            self._unended = length
            self._stdout_tail.extend(lines[-LAST_LINES:])
            try:
                for line in lines:
                    self._outgoing.line(line)
            except BrokenTest as error:
                self._fail(error)
                return
        status = await self._process.wait()
        if not self._stopping:
            reason = f" ({why_a_shell(self._command[0])}, so {SHELL} ran it)"
            self._broken(f"crashed: {ending(status)}{reason if self._is_by_shell else ''}.")

    async def _read_stderr(self) -> None:
        assert self._process is not None
        assert self._process.stderr is not None
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        while chunk := await self._process.stderr.read(1 << 16):
            self._log.write(decoder.decode(chunk))


def _split(data: bytes) -> tuple[list[bytes], bytes]:
    """The lines of `data`, which end with LF, CR or both as in Java, and what has no LF yet."""
    if b"\r" in data:
        whole, end, rest = data.rpartition(b"\n")
        data = (whole + end).replace(b"\r\n", b"\n").replace(b"\r", b"\n") + rest
    *lines, rest = data.split(b"\n")
    return lines, rest


def command_of(path: Path, args: tuple[str, ...]) -> list[str]:
    """A Python file without a `#!` line runs with this interpreter; all else must be executable."""
    path = path.resolve()
    if path.suffix == ".py" and not os.access(path, os.X_OK):
        return [sys.executable, str(path), *args]
    return [str(path), *args]


def ending(status: int) -> str:
    """How a process ended, for a sentence; `status` as Python has it."""
    if status < 0:
        number = -status
        named = number in {each.value for each in signal.Signals}  # real-time ones have no names
        return f"signal {signal.Signals(number).name if named else number} ended it"
    return f"it exited with status {status} before the test was over"


def cpu_s(pid: int) -> float:
    """How much a process has worked, in seconds; not a number where the system does not say."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return nan
    fields = stat.rpartition(b")")[2].split()  # from the third on: the second may hold blanks
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def signal_group(pid: int, number: signal.Signals) -> None:
    """Signal the process and all it started; `start_new_session` made it the group's leader.

    Of a group in which everybody has ended, and nobody has been told, macOS says that to signal it
    is not permitted.
    """
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)
