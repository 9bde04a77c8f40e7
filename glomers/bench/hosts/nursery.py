"""A process that has imported what nodes need, and forks them, each into a process of its own.

    python -m glomers.bench.hosts.nursery

Its stdin is a socket of the bench, whose requests are lines of JSON, each sent when the one before
has been answered: `run`, a node file, comes with the three standard streams of the new process and
the processors that it may use, and is answered with its number; `signal` sends it a signal; `end`
ends it, if it has not ended, and is answered with its status.  When the bench has gone, all
processes are ended.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import sys
import traceback
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from glomers.bench.clock import VirtualClock
from glomers.bench.hosts import cage, driven, processor
from glomers.bench.hosts.process import signal_group

_NODES_IMPORT = ("glomers.kv", "glomers.link", "glomers.ring", "uuid", "secrets", "bisect")
REQUEST_BYTES = 1 << 16
STREAMS = 3


# As they are before the surroundings of nodes take their place.
_fork, _leave = os.fork, os._exit


class _Nursery:
    """Serves one bench."""

    def __init__(self, bench: socket.socket, clock: VirtualClock) -> None:
        self._bench = bench
        self._clock = clock
        self._living: set[int] = set()

    def serve(self) -> None:
        """Do as the bench asks until it is gone."""
        while True:
            request, streams = self._next()
            if not request:
                break
            self._bench.send(json.dumps(self._answer(json.loads(request), streams)).encode())
        for pid in list(self._living):
            self._end(pid)

    def _next(self) -> tuple[bytes, list[int]]:
        """A request and the streams that came with it; an empty one when the bench has gone."""
        request, streams, _, _ = socket.recv_fds(self._bench, REQUEST_BYTES, STREAMS)
        while request and not request.endswith(b"\n"):
            more = self._bench.recv(REQUEST_BYTES)
            request = request + more if more else b""
        return request, streams

    def _answer(self, request: dict[str, Any], streams: list[int]) -> int:
        if "run" in request:
            return self._fork(request, streams)
        if "signal" in request:
            with suppress(ProcessLookupError):
                os.kill(request["pid"], request["signal"])
            return 0
        return self._end(request["end"])

    def _fork(self, request: dict[str, Any], streams: list[int]) -> int:
        pid = _fork()
        if pid == 0:
            self._become(request, streams)
        self._living.add(pid)
        for stream in streams:
            os.close(stream)
        return pid

    def _become(self, request: dict[str, Any], streams: list[int]) -> None:
        """Be the node until it ends."""
        status = 1
        try:
            os.setsid()
            self._bench.close()
            for number, stream in enumerate(streams):
                os.dup2(stream, number)
                os.close(stream)
            with suppress(OSError):
                os.chdir(request["folder"])
            processor.move_to(request["processors"])
            cage.lock()
            driven.run(self._clock, Path(request["run"]), tuple(request["args"]))
            status = 0
        except Exception:
            traceback.print_exc()
            sys.stderr.flush()
        finally:
            _leave(status)

    def _end(self, pid: int) -> int:
        """End a process and what it has started; returns its status, as Python has it."""
        if pid not in self._living:
            return 0
        self._living.discard(pid)
        signal_group(pid, signal.SIGKILL)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def main() -> None:
    """Serve the bench at the other end of stdin."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the bench decides when nodes end
    for name in _NODES_IMPORT:
        import_module(name)
    with driven.prepared() as clock, socket.socket(fileno=os.dup(0)) as bench:
        gc.freeze()  # what is there by now stays
        gc.set_threshold(100_000, 50, 100)
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, 0)
        os.close(nothing)
        bench.send(b"0")
        _Nursery(bench, clock).serve()


if __name__ == "__main__":
    main()
