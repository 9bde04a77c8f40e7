"""The straight lines and rectangles of a diagram, and whether they touch."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from glomers.drawing.lettering import px

HEAD_PX = 8.0
"""The length of an arrowhead."""
LOOP_PX = 24.0
"""How far the curve of a message to oneself is pulled to the right."""


class Rect(NamedTuple):
    """A rectangle in pixels."""

    left: float
    top: float
    right: float
    bottom: float

    def touches(self, other: Rect) -> bool:
        """Whether the two have any inner point in common."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )

    def grown(self, by: float) -> Rect:
        """The same with a margin on all sides."""
        return Rect(self.left - by, self.top - by, self.right + by, self.bottom + by)


@dataclass(frozen=True, slots=True)
class Line:
    """An arrow's line downwards; a message to oneself is a loop to the right."""

    x1: float
    y1: float
    x2: float
    y2: float
    arrives: bool

    @property
    def is_loop(self) -> bool:
        """Whether it ends in the column where it begins."""
        return self.x1 == self.x2

    def y_at(self, x: float) -> float:
        """Its height at an x, also beyond its ends; it is no loop."""
        return self.y1 + (self.y2 - self.y1) * (x - self.x1) / (self.x2 - self.x1)

    def crosses(self, rect: Rect) -> bool:
        """Whether it goes through a rectangle."""
        if self.is_loop:
            return rect.touches(self._loop())
        x1, x2 = (self.x1, self.x2) if self.x1 < self.x2 else (self.x2, self.x1)
        left, right = max(x1, rect.left), min(x2, rect.right)
        if left >= right:
            return False
        slope = (self.y2 - self.y1) / (self.x2 - self.x1)
        one, other = self.y1 + slope * (left - self.x1), self.y1 + slope * (right - self.x1)
        return min(one, other) < rect.bottom and rect.top < max(one, other)

    def _loop(self) -> Rect:
        return Rect(self.x1, self.y1 - 1, self.x1 + LOOP_PX * 0.8, self.y2 + 1)

    def path(self) -> str:
        """The line as the data of an SVG path."""
        start = f"M{px(self.x1)} {px(self.y1)}"
        if self.is_loop:
            out = px(self.x1 + LOOP_PX)
            return f"{start}C{out} {px(self.y1)} {out} {px(self.y2)} {px(self.x2)} {px(self.y2)}"
        return f"{start}L{px(self.x2)} {px(self.y2)}"

    def head(self) -> str:
        """An arrowhead at the end, as the data of an SVG path."""
        dx, dy = (-1.0, 0.0) if self.is_loop else (self.x2 - self.x1, self.y2 - self.y1)
        length = math.hypot(dx, dy) or 1.0
        ux, uy = HEAD_PX * dx / length, HEAD_PX * dy / length
        points = [
            (self.x2, self.y2),
            (self.x2 - ux + 0.42 * uy, self.y2 - uy - 0.42 * ux),
            (self.x2 - ux - 0.42 * uy, self.y2 - uy + 0.42 * ux),
        ]
        return "M" + "L".join(f"{px(x)} {px(y)}" for x, y in points) + "Z"

    def tip(self) -> Rect:
        """The room that its arrowhead or cross takes, with a little around it."""
        half = HEAD_PX * 0.55
        if not self.arrives:
            return Rect(self.x2 - half, self.y2 - half, self.x2 + half, self.y2 + half)
        back = self.x2 - math.copysign(HEAD_PX, self.x2 - self.x1 or -1.0)
        left, right = sorted((self.x2, back))
        return Rect(left, self.y2 - half, right, self.y2 + half)


_CELL_PX = (96.0, 24.0)


class Canvas:
    """What is drawn already: lines and rectangles that text must not cover."""

    def __init__(self) -> None:
        self._lines: dict[tuple[int, int], list[tuple[int, Line]]] = defaultdict(list)
        self._rects: dict[tuple[int, int], list[Rect]] = defaultdict(list)

    def add_line(self, number: int, line: Line) -> None:
        """Take up the line of the arrow with a number."""
        for cell in _cells_of_line(line):
            self._lines[cell].append((number, line))

    def add_rect(self, rect: Rect) -> None:
        """Take up a rectangle."""
        for cell in _cells(rect):
            self._rects[cell].append(rect)

    def is_free(self, rect: Rect, own: int | None = None) -> bool:
        """Whether a rectangle touches nothing, the line of the arrow `own` apart."""
        left, top, right, bottom = rect
        cells = _cells(rect)
        for cell in cells:
            for a, b, c, d in self._rects.get(cell, ()):
                if left < c and a < right and top < d and b < bottom:
                    return False
        for cell in cells:
            for number, line in self._lines.get(cell, ()):
                if number != own and line.crosses(rect):
                    return False
        return True


def _cells(rect: Rect) -> list[tuple[int, int]]:
    left, top, right, bottom = rect
    columns = range(int(left // _CELL_PX[0]), int(right // _CELL_PX[0]) + 1)
    rows = range(int(top // _CELL_PX[1]), int(bottom // _CELL_PX[1]) + 1)
    return [(column, row) for column in columns for row in rows]


def _cells_of_line(line: Line) -> Iterator[tuple[int, int]]:
    if line.is_loop:
        yield from _cells(Rect(line.x1, line.y1 - 1, line.x1 + LOOP_PX, line.y2 + 1))
        return
    left, right = sorted((line.x1, line.x2))
    for column in range(int(left // _CELL_PX[0]), int(right // _CELL_PX[0]) + 1):
        begin, end = max(left, column * _CELL_PX[0]), min(right, (column + 1) * _CELL_PX[0])
        top, bottom = sorted((line.y_at(begin), line.y_at(end)))
        yield from ((column, row) for _, row in _cells(Rect(begin, top, begin, bottom)))
