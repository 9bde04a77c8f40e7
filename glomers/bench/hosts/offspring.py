"""Processes of nodes in lockstep: forked by a nursery, or programs of their own."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Protocol

from glomers.bench.hosts import cage
from glomers.bench.hosts.kept import MARK, mark, tell_keeper
from glomers.environment import OF_RUNS
from glomers.errors import BrokenTest

LOCKSTEP = "GLOMERS_LOCKSTEP"
"""The variable that tells a program to speak the protocol of lockstep, in this version."""
VERSION = 1
_ANSWER_BYTES = 64


class Offspring(Protocol):
    """A process of a node, with our ends of its standard streams."""

    stdin: int
    stdout: int
    stderr: int

    def signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""

    def end(self) -> int:
        """End it and whatever it has started; returns its status, as Python has it."""


class _Streams:
    """Three pipes to a process."""

    def __init__(self) -> None:
        self.theirs_in, self.stdin = os.pipe()
        self.stdout, self.theirs_out = os.pipe()
        self.stderr, self.theirs_err = os.pipe()

    @property
    def theirs(self) -> list[int]:
        return [self.theirs_in, self.theirs_out, self.theirs_err]

    def close_theirs(self) -> None:
        for stream in self.theirs:
            os.close(stream)

    def close(self) -> None:
        for stream in (self.stdin, self.stdout, self.stderr):
            os.close(stream)


class Forked(_Streams):
    """A node file in a fork of the nursery.

    Raises:
        BrokenTest: when there is no nursery.
    """

    def __init__(self, path: Path, args: tuple[str, ...]) -> None:
        super().__init__()
        self._nursery = _nursery(os.getpid(), path.parent if cage.kind() else None)
        request = {"run": str(path), "args": list(args), "folder": os.getcwd()}
        try:
            self._pid = self._nursery.ask(request, self.theirs)
        finally:
            self.close_theirs()

    def signal(self, number: int) -> None:
        self._nursery.ask({"signal": number, "pid": self._pid})

    def end(self) -> int:
        status = self._nursery.ask({"end": self._pid})
        self.close()
        return status


class Spawned(_Streams):
    """A program in any language, which speaks the protocol by itself.

    Raises:
        OSError: when it cannot be started.
    """

    def __init__(self, command: list[str]) -> None:
        super().__init__()
        stdin, stdout, stderr = self.theirs
        try:
            self._process = subprocess.Popen(
                command,
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                cwd=tempfile.gettempdir(),
                env={**os.environ, MARK: mark(), LOCKSTEP: str(VERSION)},
                start_new_session=True,
            )
        except OSError:
            self.close()
            raise
        finally:
            self.close_theirs()
        tell_keeper(f"+{self._process.pid}")

    def signal(self, number: int) -> None:
        """It is not asked: only our own runtime knows what that means."""

    def end(self) -> int:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        status = self._process.wait()
        tell_keeper(f"-{self._process.pid}")
        self.close()
        return status


class _Nursery:
    """The bench's end of a nursery.

    Args:
        folder: all that nodes that are kept in a cage may see of the machine; None: there is none.
    """

    def __init__(self, folder: Path | None) -> None:
        walls = cage.walls(folder) if folder and cage.kind() == cage.BUBBLEWRAP else []
        variables = cage.environment() if folder else {**OF_RUNS, **os.environ}
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
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
        data = json.dumps(request).encode()
        try:
            socket.send_fds(self._socket, [data], streams or [])
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

    def _gone(self) -> BrokenTest:
        """The sentence about its end; the next node gets another nursery."""
        self._socket.close()
        self._process.kill()
        self._process.wait()
        _nursery.cache_clear()
        return BrokenTest("The process that starts nodes in lockstep has ended.")


@functools.cache
def _nursery(pid: int, folder: Path | None) -> _Nursery:
    """The nursery of this process; a fork of it has one of its own."""
    return _Nursery(folder)
