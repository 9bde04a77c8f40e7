"""Runs a command that must not outlive the process that asked for it.

    python guard.py COMMAND…

Whoever starts this holds the other end of its stdin.  When that end closes, because its owner
closed it or is gone, the command and everything in its process group is stopped.  A notebook's
kernel can be killed at any time, and nothing that it started would otherwise notice.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress

GRACE_S = 3.0


def main(command: list[str]) -> int:
    """Run `command`; returns its exit status, or 128 and the number of the signal that ended it."""
    try:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    except OSError as error:
        print(f"{command[0]} cannot be started: {error.strerror}.", file=sys.stderr)
        return 127
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: _stop_in_background(child))
    threading.Thread(target=_stop_when_alone, args=(child,), daemon=True).start()
    status = child.wait()
    _signal(child, signal.SIGKILL)  # what the command itself left behind in its group
    return status if status >= 0 else 128 - status


def _stop_when_alone(child: subprocess.Popen[bytes]) -> None:
    while os.read(0, 1024):
        pass
    _stop(child)


def _stop_in_background(child: subprocess.Popen[bytes]) -> None:
    threading.Thread(target=_stop, args=(child,), daemon=True).start()


def _stop(child: subprocess.Popen[bytes]) -> None:
    """End the command as one would ask for it, and a little later in any case."""
    _signal(child, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        child.wait(GRACE_S)
    _signal(child, signal.SIGKILL)


def _signal(child: subprocess.Popen[bytes], number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
