"""The axis of time, left of a diagram."""

from __future__ import annotations

import math
from collections.abc import Iterator

from glomers.drawing.columns import LEFT_PX
from glomers.drawing.heights import Heights
from glomers.drawing.lettering import px
from glomers.drawing.palette import FAINT_INK
from glomers.drawing.window import Window

_X_PX = LEFT_PX - 10
_EVERY_PX = 17.0


def draw_axis(heights: Heights, window: Window, head_y: float) -> Iterator[str]:
    """Times where there is room for them, and marks where silence is cut, as SVG.

    Above stands what it is and, unless distances are proportional to time, that they are not.
    """
    digits = _digits(window)
    yield f'<g fill="{FAINT_INK}" text-anchor="end">'
    if heights.is_to_scale:
        yield _text(_X_PX, head_y, "time (s)")
    else:
        yield _text(_X_PX, head_y - 12, "time (s)")
        yield _text(_X_PX, head_y, "not to scale", is_slanted=True)
    last_y, last_text = -math.inf, ""
    for time_s in heights.times():
        y, text = heights.at(time_s), f"{time_s:.{digits}f}"
        if y - last_y < _EVERY_PX or text == last_text:
            continue
        yield _text(_X_PX, y + 4, text)
        last_y, last_text = y, text
    for before_s, after_s in heights.silences:
        middle = (heights.at(before_s) + heights.at(after_s)) / 2
        yield from _cut_mark(middle)
        length = f"{after_s - before_s:.{digits}f} s"
        yield _text(_X_PX - 12, middle + 4, length, is_slanted=True)
    yield "</g>"


def _digits(window: Window) -> int:
    """So many decimals that the times in a short window differ."""
    span_s = window.end_s - window.start_s
    return 3 if span_s >= 0.05 else 4 if span_s >= 0.005 else 5


def _cut_mark(y: float) -> Iterator[str]:
    """Two slanted strokes: the usual sign of an axis with a piece left out."""
    for offset in (-3, 3):
        stroke = f'stroke="{FAINT_INK}" fill="none"'
        yield f'<path d="M{px(_X_PX - 8)} {px(y + offset + 3)}l12 -6" {stroke}/>'


def _text(x: float, y: float, text: str, *, is_slanted: bool = False) -> str:
    style = ' font-style="italic"' if is_slanted else ""
    return f'<text x="{px(x)}" y="{px(y)}"{style}>{text}</text>'
