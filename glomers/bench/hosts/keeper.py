"""Ends the nodes of a bench that was killed.

    python keeper.py

Its stdin is a pipe from the bench, which writes `+GROUP` when it starts a process group and
`-GROUP` when that has ended. When the pipe closes, the bench is gone, however it went, and what is
left of the groups is killed. A program that ignores the end of its stdin would run for ever.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress


def main() -> None:
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


if __name__ == "__main__":
    main()
