"""Running a bench under guard: it ends with this process, on an interrupt, or at a deadline."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

Tail = Callable[[str], None]
"""Is shown the newest line of what a test prints."""

TAIL_INTERVAL_S = 1.0
KEPT_CHARACTERS = 1_000_000
_LINE_CHARACTERS = 20_000
_PATIENCE_S = 3.0
_GUARD = Path(__file__).with_name("guard.py")
_PACKAGE_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Ended:
    """How a process ended: its exit status (None: stopped at the deadline) and its last lines."""

    status: int | None
    out: str
    err: str


def run_guarded(argv: list[str], deadline_s: float, tail: Tail | None = None) -> Ended:
    """Run `argv` until it ends, or stop it and all it started at the deadline.

    Whatever ends this process, or interrupts this function, stops it too.

    Args:
        argv: the program and its arguments.
        deadline_s: how long it may take, in seconds.
        tail: is shown the newest line at most once a second.
    """
    guards_end, our_end = os.pipe()
    with os.fdopen(our_end, "wb") as held, os.fdopen(guards_end, "rb") as stdin:
        guard = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_GUARD), *argv],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_environment(),
            start_new_session=True,
            encoding="utf-8",
            errors="replace",
        )
        readers = [_Reader(stream) for stream in (guard.stdout, guard.stderr) if stream]
        ended = threading.Event()
        threading.Thread(target=_tell_the_end, args=(guard, ended), daemon=True).start()
        try:
            in_time = _wait(ended, deadline_s, readers, tail)
        finally:
            held.close()  # the guard stops whatever still runs
            guard.wait()
            for reader in readers:
                reader.finish()
    return Ended(guard.returncode if in_time else None, *(reader.text for reader in readers))


def _environment() -> dict[str, str]:
    paths = [str(_PACKAGE_ROOT), os.environ.get("PYTHONPATH", "")]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "PYTHONHASHSEED": "0",
    }


def _tell_the_end(guard: subprocess.Popen[str], ended: threading.Event) -> None:
    guard.wait()  # with a time-out it would look again and again
    ended.set()


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
