"""Where the labels of arrows stand: beside their own line, and on nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from glomers.drawing.lettering import width_px
from glomers.drawing.lines import LOOP_PX, Canvas, Line, Rect
from glomers.drawing.messages import Arrow
from glomers.drawing.values import value_of
from glomers.formats.text import shortened

HEIGHT_PX = 12.0
BASELINE_PX = 3.0
"""How far the letters' feet are above the lower edge of a label."""

_TYPE_CHARACTERS = 24
_SHORT_CHARACTERS = 8
_BESIDE_LINE_PX = (2.5, 6.0)
_BESIDE_COLUMN_PX = 4.0
_MOST_GAPS = 4
_MARGIN_PX = 1.5
"""Around a label, where lines are up to twice as thick."""


@dataclass(frozen=True, slots=True)
class Label:
    """A text and its place; `number` is that of its arrow."""

    number: int
    text: str
    rect: Rect
    is_bold: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an arrow would like to have beside it: the most first."""

    number: int
    texts: tuple[str, ...]
    is_bold: bool
    has_value: bool

    @property
    def width(self) -> float:
        """The width of the first choice."""
        return width_px(self.texts[0], bold=self.is_bold) if self.texts else 0.0


def wanted(number: int, arrow: Arrow, key: Any) -> Wanted:
    """The texts for an arrow: its type and value (of `key`), or at least the value."""
    kind, value = shortened(arrow.type, _TYPE_CHARACTERS), value_of(arrow.body, key=key)
    short = value_of(arrow.body, _SHORT_CHARACTERS, key)
    texts = (f"{kind} {value}".strip(), value, short) if value else (kind,)
    return Wanted(number, tuple(filter(None, texts)), arrow.decisive, bool(value))


def place(
    wishes: Sequence[Wanted], lines: Sequence[Line], columns: Sequence[float], canvas: Canvas
) -> list[Label]:
    """Find a place for the label of each line, where there is one.

    Those of decisive messages choose first, then those with a value; short arrows, which have less
    choice, before long ones.

    Args:
        wishes: what the labels are to say.
        lines: all lines, by the numbers of their arrows.
        columns: the x of all columns, ascending.
        canvas: what is drawn already; the labels are added to it.
    """

    def rank(wish: Wanted) -> tuple[bool, bool, float, int]:
        line = lines[wish.number]
        return not wish.is_bold, not wish.has_value, abs(line.x2 - line.x1), wish.number

    labels = []
    for wish in sorted(wishes, key=rank):
        label = _placed(wish, lines[wish.number], columns, canvas)
        if label:
            canvas.add_rect(label.rect)
            labels.append(label)
    return sorted(labels, key=lambda label: label.number)


def _placed(wish: Wanted, line: Line, columns: Sequence[float], canvas: Canvas) -> Label | None:
    for text in wish.texts:
        width = width_px(text, bold=wish.is_bold)
        for rect in _places(line, columns, width):
            if canvas.is_free(rect.grown(_MARGIN_PX), wish.number):
                return Label(wish.number, text, rect, wish.is_bold)
    return None


def _places(line: Line, columns: Sequence[float], width: float) -> Iterator[Rect]:
    """Rectangles beside a line between two neighbouring columns, the best first."""
    if line.is_loop:
        left, middle = line.x1 + LOOP_PX * 0.8 + 4, (line.y1 + line.y2) / 2
        if all(not line.x1 < x < left + width + _BESIDE_COLUMN_PX for x in columns):
            yield Rect(left, middle - HEIGHT_PX / 2, left + width, middle + HEIGHT_PX / 2)
        return
    for left, right in _gaps(line, columns):
        first, last = left + width / 2 + _BESIDE_COLUMN_PX, right - width / 2 - _BESIDE_COLUMN_PX
        if first > last:
            continue
        for share in (0.5, 0.0, 1.0):
            middle = first + (last - first) * share
            yield from _above_and_below(line, middle - width / 2, middle + width / 2)


def _gaps(line: Line, columns: Sequence[float]) -> list[tuple[float, float]]:
    """The gaps between columns that a line goes through, those in its middle first."""
    left, right = sorted((line.x1, line.x2))
    gaps = [gap for gap in pairwise(columns) if gap[0] < right and left < gap[1]]
    middle = (left + right) / 2
    gaps.sort(key=lambda gap: (abs(sum(gap) / 2 - middle), abs(sum(gap) / 2 - line.x2)))
    return gaps[:_MOST_GAPS]


def _above_and_below(line: Line, left: float, right: float) -> Iterator[Rect]:
    """The places nearest to a line from one x to another: above it, and below."""
    high, low = sorted((line.y_at(left), line.y_at(right)))
    for beside in _BESIDE_LINE_PX:
        bottom, top = high - beside, low + beside
        yield Rect(left, bottom - HEIGHT_PX, right, bottom)
        yield Rect(left, top, right, top + HEIGHT_PX)
