"""Ends what the nodes of a bench have left behind, also when the bench was killed.

    python keeper.py MARK

Its stdin is a pipe from the bench, which writes `+GROUP` when it starts a process group and
`-GROUP` when that has ended. When the pipe closes, the bench is gone, however it went, and what is
left of the groups is killed: a program that ignores the end of its stdin would run for ever. A
process that has left its group is known by MARK, a variable in its environment (on Linux).

Its pipe is a lifeline on which something is said, so that `glomers.lifeline` is not for it; and it
imports nothing of the package, because it has to start whatever the environment of the bench says.
"""

from __future__ import annotations

import glob
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress

MOST_SWEEPS = 5


def main(mark: str) -> None:
    """Read until the pipe closes, then kill."""
    groups = set()
    for line in sys.stdin:
        group = int(line[1:])
        if line[0] == "+":
            groups.add(group)
        else:
            groups.discard(group)
    for group in groups:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)
    for _ in range(MOST_SWEEPS):  # one may have forked another meanwhile
        marked = list(_marked(os.fsencode(mark)))
        if not marked:
            break
        for pid in marked:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)


def _marked(mark: bytes) -> Iterator[int]:
    """The processes that have the variable `mark` in their environment."""
    for path in glob.glob("/proc/[0-9]*/environ"):
        with suppress(OSError), open(path, "rb") as file:
            if mark in file.read().split(b"\0"):
                yield int(path.split("/")[2])


if __name__ == "__main__":
    main(sys.argv[1])
