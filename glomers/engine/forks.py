"""A process that has imported the bench, and forks where others would begin anew."""

from __future__ import annotations

import atexit
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress

from glomers.engine.guard import MODULE, READY

_MODULES = [
    *("glomers.cli", "glomers.bench.in_store"),
    *(f"glomers.commands.{name}" for name in ("bench", "explore", "replay")),
]
"""What tests, explorations and replays import, whatever their workload."""


class Forks:
    """Makes guarded forks; the process that they come from begins with the first.

    Args:
        environment: makes the environment variables which that process begins with.
    """

    def __init__(self, environment: Callable[[], dict[str, str]]) -> None:
        self._environment = environment
        self._requests: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._owner_pid = 0
        self._lock = threading.Lock()
        atexit.register(self.close)

    def take(self, descriptors: list[int]) -> bool:
        """Ask for a fork with these stdin, stdout and stderr, and a place for its status.

        What it is to do stands on its stdin, and on the last it says that it has begun
        (`glomers.engine.guard`).  Returns False when there is nobody to ask.
        """
        with self._lock:
            if self._requests is None or self._owner_pid != os.getpid():
                self._begin()
            if self._requests is None:
                return False
            with suppress(OSError):  # somebody may have killed it; then no fork says anything
                socket.send_fds(self._requests, [b"?"], descriptors)
            return True

    def _begin(self) -> None:
        ours, theirs = socket.socketpair()
        self._owner_pid = os.getpid()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", MODULE, "--forks", str(theirs.fileno()), *_MODULES],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=self._environment(),
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        if ours.recv(1) == READY:
            self._requests = ours
        else:
            ours.close()

    def close(self) -> None:
        """Let the process end; forks at work go on."""
        if self._requests is not None:
            self._requests.close()
            self._requests = None
        if self._process is not None and self._owner_pid == os.getpid():
            self._process.kill()  # it holds nothing that would be lost
            self._process.wait()
            self._process = None
