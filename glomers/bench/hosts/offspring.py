"""Processes of nodes in lockstep: forked by a nursery, or programs of their own."""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO, Any, Protocol

from glomers.bench.hosts import cage, processor
from glomers.bench.hosts.kept import MARK, mark, tell_keeper
from glomers.bench.hosts.process import signal_group
from glomers.environment import OF_RUNS, cage_kind
from glomers.errors import BrokenTest
from glomers.node import READ_BYTES

LOCKSTEP = "GLOMERS_LOCKSTEP"
"""The variable that tells a program to speak the protocol of lockstep, in this version."""
VERSION = 1
WHILE_S = 0.5
"""How long a read or write waits at most, so that somebody can look what the node is at."""
MAX_STDERR_BYTES = 1 << 22
_A_WHILE = struct.pack("ll", 0, int(WHILE_S * 1_000_000))
_ANSWER_BYTES = 64
_END_S = 5.0


class Offspring(Protocol):
    """A process of a node."""

    def write(self, data: bytes) -> int:
        """Write to its stdin; returns how much of it, 0 when it does not read for a while.

        Raises:
            OSError: when it has gone.
        """

    def read(self) -> bytes | None:
        """What it has written on stdout, empty when it has gone; None: nothing for a while."""

    def read_stderr(self) -> bytes:
        """What it has written on stderr and nobody has read yet."""

    def signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""

    def end(self) -> int:
        """End it and whatever it has started; returns its status, as Python has it."""


class Forked:
    """A node file in a fork of the nursery, at the other end of a socket.

    It tells its log in its answers: what is on its stderr comes from the interpreter itself.

    Raises:
        BrokenTest: when there is no nursery.
    """

    def __init__(self, path: Path, args: tuple[str, ...]) -> None:
        self._nursery = _nursery(os.getpid(), path.parent if cage_kind() else None)
        ours, theirs = socket.socketpair()
        self._stderr, stderr = os.pipe()
        os.set_blocking(self._stderr, False)
        os.set_blocking(stderr, False)
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            ours.setsockopt(socket.SOL_SOCKET, option, _A_WHILE)
        self._stream = ours.detach()
        request = {
            "run": str(path),
            "args": list(args),
            "folder": os.getcwd(),
            "processors": processor.allowed(),
        }
        try:
            self._pid = self._nursery.ask(request, [theirs.fileno(), theirs.fileno(), stderr])
        finally:
            theirs.close()
            os.close(stderr)

    def write(self, data: bytes) -> int:
        try:
            return os.write(self._stream, data)
        except BlockingIOError:
            return 0

    def read(self) -> bytes | None:
        try:
            return os.read(self._stream, READ_BYTES)
        except BlockingIOError:
            return None
        except ConnectionError:  # it has gone, and has not read everything
            return b""

    def read_stderr(self) -> bytes:
        with contextlib.suppress(BlockingIOError):
            return os.read(self._stderr, READ_BYTES)
        return b""

    def signal(self, number: int) -> None:
        self._nursery.ask({"signal": number, "pid": self._pid})

    def end(self) -> int:
        status = self._nursery.ask({"end": self._pid})
        os.close(self._stream)
        os.close(self._stderr)
        return status


class Spawned:
    """A program in any language, which speaks the protocol by itself, over pipes.

    Raises:
        OSError: when it cannot be started.
    """

    def __init__(self, command: list[str]) -> None:
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            cwd=tempfile.gettempdir(),
            env={**os.environ, MARK: mark(), LOCKSTEP: str(VERSION)},
            start_new_session=True,
        )
        tell_keeper(f"+{self._process.pid}")
        self._stdin, self._stdout, self._stderr = (each.fileno() for each in self._streams)
        for stream in (self._stdin, self._stderr):
            os.set_blocking(stream, False)
        self._written = bytearray()  # on stderr: it waits until that is read
        self._poll = select.poll()
        self._poll.register(self._stdout, select.POLLIN)
        self._poll.register(self._stderr, select.POLLIN)

    @property
    def _streams(self) -> list[IO[bytes]]:
        process = self._process
        streams = (process.stdin, process.stdout, process.stderr)
        return [stream for stream in streams if stream is not None]

    def write(self, data: bytes) -> int:
        try:
            return os.write(self._stdin, data)
        except BlockingIOError:
            writable = select.poll()
            writable.register(self._stdin, select.POLLOUT)
            writable.poll(WHILE_S * 1000)
            return 0

    def read(self) -> bytes | None:
        ready = [stream for stream, _ in self._poll.poll(WHILE_S * 1000)]
        if self._stderr in ready:
            self._gather()
        return os.read(self._stdout, READ_BYTES) if self._stdout in ready else None

    def read_stderr(self) -> bytes:
        self._gather()
        written = bytes(self._written)
        self._written.clear()
        return written

    def _gather(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while chunk := os.read(self._stderr, READ_BYTES):
                self._written += chunk
                if len(self._written) > MAX_STDERR_BYTES:
                    return
            with contextlib.suppress(KeyError):  # it has been closed
                self._poll.unregister(self._stderr)

    def signal(self, number: int) -> None:
        """It is not asked: only our own runtime knows what that means."""

    def end(self) -> int:
        signal_group(self._process.pid, signal.SIGKILL)
        status = self._process.wait()
        tell_keeper(f"-{self._process.pid}")
        for stream in self._streams:
            stream.close()
        return status


class _Nursery:
    """The bench's end of a nursery.

    Args:
        folder: all that nodes that are kept in a cage may see of the machine; None: there is none.
    """

    def __init__(self, folder: Path | None) -> None:
        walls = cage.walls(folder) if folder and cage_kind() == cage.BUBBLEWRAP else []
        variables = cage.environment() if folder else {**OF_RUNS, **os.environ}
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [*walls, sys.executable, "-P", "-m", "glomers.bench.hosts.nursery"],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                env={**variables, MARK: mark()},
                start_new_session=True,
            )
        tell_keeper(f"+{self._process.pid}")
        self._hear()

    def ask(self, request: dict[str, Any], streams: list[int] | None = None) -> int:
        """Ask for something; returns the answer.

        Raises:
            BrokenTest: when the nursery has gone.
        """
        data = json.dumps(request).encode() + b"\n"
        try:
            sent = socket.send_fds(self._socket, [data], streams or [])
            self._socket.sendall(data[sent:])
        except OSError:
            raise self._gone() from None
        return self._hear()

    def _hear(self) -> int:
        try:
            answer = self._socket.recv(_ANSWER_BYTES)
        except OSError:
            answer = b""
        if not answer:
            raise self._gone()
        return int(answer)

    def close(self) -> None:
        """Let it end all nodes, and itself, and wait for that."""
        self._socket.close()
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _gone(self) -> BrokenTest:
        """The sentence about its end; the next node gets another nursery."""
        self.close()
        _nursery.cache_clear()
        return BrokenTest("The process that starts nodes in lockstep has ended.")


_OF_PROCESS: dict[int, list[_Nursery]] = {}


@functools.cache
def _nursery(pid: int, folder: Path | None) -> _Nursery:
    """The nursery of this process; a fork of it has one of its own."""
    if not _OF_PROCESS:
        atexit.register(end_nurseries)
    nursery = _Nursery(folder)
    _OF_PROCESS.setdefault(pid, []).append(nursery)
    return nursery


def end_nurseries() -> None:
    """End what this process has forked nodes from, and wait for that; so does its own end."""
    for nursery in _OF_PROCESS.pop(os.getpid(), []):
        nursery.close()
    _nursery.cache_clear()
