"""How a process ends with the one that it works for, however that one went.

It holds one end of a pipe, the other process the other end, and nothing is said on it: when it
closes, there is nobody left to work for.  The operating system closes it for whoever was killed.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable


def when_let_go(act: Callable[[], object]) -> None:
    """Call `act` in a thread when the other end of stdin has been closed."""

    def wait() -> None:
        while os.read(0, 1024):
            pass
        act()

    threading.Thread(target=wait, daemon=True).start()
