"""Work that a second process does while this one goes on."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn


@contextmanager
def aside(work: Callable[[], None]) -> Iterator[None]:
    """Let a fork do `work`, which is to write files, while the block runs; wait for it at the end.

    What the fork cannot do is tried again here, so that whatever is in the way is raised here.
    """
    pid = os.fork()
    if pid == 0:
        _do(work)
    try:
        yield
    except BaseException:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        raise
    _, status = os.waitpid(pid, 0)
    if status:
        work()


def _do(work: Callable[[], None]) -> NoReturn:
    for number in (signal.SIGINT, signal.SIGTERM):  # handlers are for the one that waits
        signal.signal(number, signal.SIG_DFL)
    try:
        work()
    except BaseException:
        os._exit(1)
    os._exit(0)
