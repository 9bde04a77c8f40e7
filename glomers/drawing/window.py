"""Which messages are drawn, and what a picture says about those that it leaves out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from glomers.drawing.messages import Arrow, Band


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time, in seconds since the start of the run."""

    start_s: float
    end_s: float

    def clip(self, time_s: float) -> float:
        """The moment of the window that is nearest to `time_s`."""
        return min(max(time_s, self.start_s), self.end_s)

    def shows(self, band: Band) -> bool:
        """Whether a band touches the window."""
        return band.end_s >= self.start_s and band.start_s <= self.end_s


@dataclass(frozen=True, slots=True)
class Chosen:
    """The messages to draw in order of sending, and how many others there are."""

    arrows: list[Arrow]
    beyond_limit: int
    without_column: int
    window: Window

    @property
    def count(self) -> int:
        """How many messages there would be without a limit."""
        return len(self.arrows) + self.beyond_limit

    @property
    def drawn(self) -> str:
        """What is drawn, in a sentence."""
        span = f"from {seconds(self.window.start_s)} s to {seconds(self.window.end_s)} s"
        if not self.beyond_limit:
            return f"{_messages(len(self.arrows))} {span}."
        return f"The first {len(self.arrows):,} of {self.count:,} messages {span}."

    @property
    def left_out(self) -> str:
        """A sentence about messages to or from those without a column; empty: there are none."""
        if not self.without_column:
            return ""
        return f"Left out: {_messages(self.without_column)} to or from others than these."


def choose(
    columns: Sequence[str], arrows: Iterable[Arrow], start_s: float, end_s: float, limit: int
) -> Chosen:
    """The first `limit` messages between `columns` that are under way within the window.

    A window without an end ends with the last of them.
    """
    known = frozenset(columns)
    inside = []
    without_column = 0
    for arrow in arrows:
        if arrow.send_s > end_s or arrow.end_s < start_s:
            continue
        if arrow.src in known and arrow.dest in known:
            inside.append(arrow)
        else:
            without_column += 1
    inside.sort(key=lambda arrow: arrow.send_s)
    chosen, beyond = inside[:limit], max(0, len(inside) - limit)
    nothing_s = end_s if end_s < math.inf else start_s
    last_s = max((arrow.end_s for arrow in chosen), default=nothing_s)
    window_end_s = last_s if end_s == math.inf or beyond else end_s
    return Chosen(chosen, beyond, without_column, Window(start_s, min(window_end_s, end_s)))


def seconds(time_s: float) -> str:
    """A moment with milliseconds."""
    return f"{time_s:.3f}"


def _messages(count: int) -> str:
    return "1 message" if count == 1 else f"{count:,} messages"
