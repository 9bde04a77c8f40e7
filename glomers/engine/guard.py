"""Runs what must not outlive the process that asked for it.

    python -m glomers.engine.guard COMMAND…                 a command
    python -m glomers.engine.guard --forks FD MODULE…       programs of these modules, forked

The guard's stdin is its lifeline (`glomers.lifeline`): when its owner closes it or is gone, the
command and everything in its process group is stopped.  A notebook's kernel can be killed at any
time, and nothing that it started would otherwise notice.

Half of a short test is Python's start and its imports.  The second form does both once, and then
makes for each request on the socket FD a guard that forks where it would execute a command.
"""

from __future__ import annotations

import gc
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from functools import partial
from importlib import import_module

from glomers.lifeline import when_let_go

GRACE_S = 3.0
READY = BEGUN = b"!"
MODULE = "glomers.engine.guard"


def main(command: list[str]) -> int:
    """Run `command`; returns its exit status, or 128 and the number of the signal that ended it."""
    try:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    except OSError as error:
        print(f"{command[0]} cannot be started: {error.strerror}.", file=sys.stderr)
        return 127
    return _watch(child.pid) if hasattr(os, "killpg") else _watch_alone(child)


def _watch_alone(child: subprocess.Popen[bytes]) -> int:
    """Wait for the end of a child where it cannot lead a group: its own children look to it."""
    when_let_go(child.kill)
    return child.wait()


def _watch(pid: int) -> int:
    """Wait for the end of a child that leads a process group, and bring it about if need be."""
    ended = threading.Event()
    stop = partial(_stop, pid, ended)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: threading.Thread(target=stop, daemon=True).start())
    when_let_go(stop)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    ended.set()
    _signal(pid, signal.SIGKILL)  # what the command itself left behind in its group
    return status if status >= 0 else 128 - status


def _stop(pid: int, ended: threading.Event) -> None:
    """End the command as one would ask for it, and a little later in any case."""
    _signal(pid, signal.SIGTERM)
    ended.wait(GRACE_S)
    _signal(pid, signal.SIGKILL)


def _signal(pid: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


# Forks


def serve(requests: socket.socket, modules: list[str]) -> None:
    """Make a guard for each request until whoever makes them is gone; guards go on without us.

    With a request come four descriptors: the guard's stdin, stdout and stderr, and where it is to
    write that it has begun and, in the end, the exit status.  On its stdin stands what to run, as a
    line of JSON.
    """
    for module in modules:
        import_module(module)
    gc.freeze()  # what is shared with all forks is to stay shared
    requests.sendall(READY)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the guards
    while True:
        message, descriptors, _, _ = socket.recv_fds(requests, 1, 4)
        if not message:
            return
        if os.fork() == 0:
            requests.close()
            _guard_a_fork(descriptors)
            return
        for descriptor in descriptors:
            os.close(descriptor)


def _guard_a_fork(descriptors: list[int]) -> None:
    """Fork the program and watch it; in the fork, be the program."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    *standard, status_fd = descriptors
    os.write(status_fd, BEGUN)
    for number, descriptor in enumerate(standard):
        os.dup2(descriptor, number)
        os.close(descriptor)
    request = json.loads(_read_line())
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    pid = os.fork()
    if pid == 0:
        os.close(status_fd)
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        # Made anew, because text streams remember what kind of file they began with.
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
        module, *words = request["program"]
        sys.argv = [module, *words]
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    else:
        os.write(status_fd, str(_watch(pid)).encode())


def _read_line() -> bytes:
    """The line that stands on stdin; without one there is nobody left to work for."""
    line = b""
    while not line.endswith(b"\n"):
        part = os.read(0, 1 << 16)
        if not part:
            sys.exit()
        line += part
    return line


if __name__ == "__main__":
    if sys.argv[1] == "--forks":
        with socket.socket(fileno=int(sys.argv[2])) as requests:
            serve(requests, sys.argv[3:])
    else:
        sys.exit(main(sys.argv[1:]))
