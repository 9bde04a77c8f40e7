"""Lines about how an exploration goes, at most one a second."""

from __future__ import annotations

import time
from collections.abc import Callable

INTERVAL_S = 1.0


class Progress:
    """Tells how many of `total` seeds are done, through `tell`.

    The time left is reckoned from the rate since the start; seeds known before do not count.
    """

    def __init__(
        self, total: int, tell: Callable[[str], None], now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._total = total
        self._tell = tell
        self._now_s = now_s
        self._began_s = self._told_s = now_s()
        self._done = 0

    def add(self, seeds: int, failures: int) -> None:
        """Count seeds as done; `failures` is how many have failed in all."""
        self._done += seeds
        now_s = self._now_s()
        if now_s - self._told_s < INTERVAL_S:
            return
        self._told_s = now_s
        per_s = self._done / (now_s - self._began_s)
        left_s = (self._total - self._done) / per_s if per_s else 0
        self._tell(
            f"{self._done:,} of {self._total:,} seeds, {60 * per_s:,.0f} a minute, "
            f"{failures:,} failed, {left_s:,.0f} s left"
        )
