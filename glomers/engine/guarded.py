"""Running a bench under guard: it ends with this process, on an interrupt, or at a deadline."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import IO

from glomers.engine.forks import Forks
from glomers.engine.guard import BEGUN, MODULE
from glomers.environment import HAS_FORKS, OF_RUNS
from glomers.launcher import PACKAGE_ROOT

Tail = Callable[[str], None]
"""Is shown the newest line of what a test prints."""

TAIL_INTERVAL_S = 1.0
KEPT_CHARACTERS = 1_000_000
_LINE_CHARACTERS = 20_000
_PATIENCE_S = 3.0
_KILLED = 128 + 9  # SIGKILL, for which Windows has no name


@dataclass(frozen=True)
class Ended:
    """How a process ended: its exit status (None: stopped at the deadline) and its last lines."""

    status: int | None
    out: str
    err: str


@dataclass(frozen=True)
class _Guard:
    """A guard at work; when `held` is closed, it stops what it guards.

    `wait` returns the exit status when all is over.
    """

    held: IO[str]
    stdout: IO[str]
    stderr: IO[str]
    wait: Callable[[], int]


def run_guarded(argv: list[str], deadline_s: float, tail: Tail | None = None) -> Ended:
    """Run `argv` until it ends, or stop it and all it started at the deadline.

    Whatever ends this process, or interrupts this function, stops it too.

    Args:
        argv: the program and its arguments.
        deadline_s: how long it may take, in seconds.
        tail: is shown the newest line at most once a second.
    """
    return _to_the_end(_execute(argv), deadline_s, tail)


def run_glomers(words: list[str], deadline_s: float, tail: Tail | None = None) -> Ended:
    """Run the command `glomers` with these words; otherwise as `run_guarded`."""
    return run_module("glomers", words, deadline_s, tail)


def run_module(module: str, words: list[str], deadline_s: float, tail: Tail | None = None) -> Ended:
    """Run a module of this package as a program with these words; otherwise as `run_guarded`.

    Where that is possible it is a fork of a process that has done the imports: a short test takes
    a quarter of the time.
    """
    program = [module, *words]
    guard = _fork(program) or _fork(program) or _execute([sys.executable, "-P", "-m", *program])
    return _to_the_end(guard, deadline_s, tail)


def _execute(argv: list[str]) -> _Guard:
    guard = subprocess.Popen(
        [sys.executable, "-P", "-S", "-m", MODULE, *argv],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=_environment(),
        start_new_session=True,
        encoding="utf-8",
        errors="replace",
    )
    assert guard.stdin is not None
    assert guard.stdout is not None
    assert guard.stderr is not None
    return _Guard(guard.stdin, guard.stdout, guard.stderr, guard.wait)


def _fork(program: list[str]) -> _Guard | None:
    """A guard of a fork; None where there cannot be one."""
    if not HAS_FORKS:
        return None
    (stdin, held), (out, stdout), (err, stderr), (told, status) = [os.pipe() for _ in range(4)]
    theirs = [stdin, stdout, stderr, status]
    try:
        is_taken = _forks.take(theirs)
    finally:
        for descriptor in theirs:
            os.close(descriptor)
    if not is_taken or os.read(told, len(BEGUN)) != BEGUN:
        _forks.close()
        for descriptor in (held, out, err, told):
            os.close(descriptor)
        return None
    guard = _Guard(
        os.fdopen(held, "w"),
        os.fdopen(out, encoding="utf-8", errors="replace"),
        os.fdopen(err, encoding="utf-8", errors="replace"),
        partial(_status, os.fdopen(told)),
    )
    request = {"program": program, "folder": os.getcwd(), "environment": _environment()}
    print(json.dumps(request), file=guard.held, flush=True)
    return guard


def _status(told: IO[str]) -> int:
    """The exit status that a guard tells when all is over, unless it was killed."""
    with told:
        return int(told.read() or _KILLED)


def _to_the_end(guard: _Guard, deadline_s: float, tail: Tail | None) -> Ended:
    readers = [_Reader(guard.stdout), _Reader(guard.stderr)]
    ended = threading.Event()
    statuses: list[int] = []

    def wait() -> None:
        statuses.append(guard.wait())  # with a time-out it would look again and again
        ended.set()

    waiting = threading.Thread(target=wait, daemon=True)
    waiting.start()
    try:
        in_time = _wait(ended, deadline_s, readers, tail)
    finally:
        with suppress(BrokenPipeError):
            guard.held.close()  # the guard stops whatever still runs
        waiting.join()
        for reader in readers:
            reader.finish()
    return Ended(statuses[0] if in_time else None, *(reader.text for reader in readers))


def _environment() -> dict[str, str]:
    paths = [str(PACKAGE_ROOT), os.environ.get("PYTHONPATH", "")]
    return {
        **os.environ,
        **OF_RUNS,
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "PYTHONUTF8": "1",  # what it prints is read as that
    }


_forks = Forks(_environment)


def _wait(
    ended: threading.Event, deadline_s: float, readers: list[_Reader], tail: Tail | None
) -> bool:
    """Wait for the end, showing the newest line meanwhile; whether it came before the deadline."""
    deadline = time.monotonic() + deadline_s
    shown = ""
    while (left_s := deadline - time.monotonic()) > 0:
        if ended.wait(min(left_s, TAIL_INTERVAL_S) if tail else left_s):
            return True
        newest = next((reader.newest for reader in readers if reader.newest), "")
        if tail and newest != shown:
            shown = newest
            tail(newest)
    return False


class _Reader:
    """Reads a stream in a thread, so that it never fills up, and keeps its last lines."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._lines: deque[str] = deque()
        self._characters = 0
        self.newest = ""
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        while line := self._stream.readline(_LINE_CHARACTERS):
            self._lines.append(line)
            self._characters += len(line)
            while self._characters > KEPT_CHARACTERS:
                self._characters -= len(self._lines.popleft())
            if line.strip():
                self.newest = line.strip()

    def finish(self) -> None:
        """Wait for the end of the stream, but not for a stranger that holds it open."""
        self._thread.join(_PATIENCE_S)
        if not self._thread.is_alive():
            self._stream.close()

    @property
    def text(self) -> str:
        return "".join(self._lines.copy())
