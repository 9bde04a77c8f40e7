"""How a page's desk is set up inside a browser, where Python runs in WebAssembly."""

from __future__ import annotations

import gc
import signal
from collections.abc import Callable
from pathlib import Path

from glomers.workshop.desk import Desk, Tell

FOLDER = Path("/home/learner/desk")


def open_desk(tell: Tell, set_alarm: Callable[[float], object]) -> Desk:
    """A desk for the page.

    Args:
        tell: hears how an exploration goes.
        set_alarm: is given an interval in seconds, after which the page signals SIGALRM again and
            again, as a timer of the system would; 0 ends that.
    """
    if not hasattr(signal, "setitimer"):

        def setitimer(which: int, seconds: float, interval: float = 0.0) -> tuple[float, float]:
            if which == signal.ITIMER_REAL:  # the others are for what only a system can end
                set_alarm(seconds)
            return 0.0, 0.0

        signal.setitimer = setitimer
    gc.set_threshold(100_000, 50, 100)  # as `glomers bench` does, for the same reason
    FOLDER.mkdir(parents=True, exist_ok=True)
    return Desk(FOLDER, tell)
