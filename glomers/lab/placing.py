"""Labels of points in a chart: beside their point, and on nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import hypot
from typing import TYPE_CHECKING, Any

from glomers.drawing.lines import Canvas, Line, Rect
from glomers.lab.figure import settled
from glomers.lab.style import QUIET_COLOUR

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

_DISTANCES_PX = (9.0, 15.0, 24.0, 36.0, 52.0, 72.0, 96.0, 125.0, 160.0, 200.0)
_LEADER_FROM_PX = 20.0
"""A label farther away than this has a line to its point."""
_DIRECTIONS = (
    *((1, 1), (1, -1), (-1, 1), (-1, -1), (1, 0), (-1, 0), (0, 1), (0, -1)),
    *((0.3, 1), (-0.3, 1), (0.3, -1), (-0.3, -1), (1, 0.3), (-1, 0.3), (1, -0.3), (-1, -0.3)),
)
_HALF_MARK_PX = 7.0
_MARGIN_PX = 2.0
_OF_NOBODY = -1
"""The number of a line that belongs to no label."""

Pixel = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Tag:
    """What stands beside the point (x, y), in data coordinates, and how."""

    text: str
    x: float
    y: float
    colour: str
    font_pt: float


def place_tags(axes: Axes, tags: Sequence[Tag]) -> None:
    """Write labels beside points where they cover no line, no mark and no other label.

    The limits and scales of the axes must be final, and lines and marks drawn.  A label for which
    there is no such place is left out: the alternative text has every figure.
    """
    chart: Any = axes.figure
    renderer = settled(chart)
    inside = axes.get_window_extent()
    frame = Rect(inside.x0, inside.y0, inside.x1, inside.y1)
    board = Board(_taken(axes), frame)
    for tag in tags:
        x, y = map(float, axes.transData.transform((tag.x, tag.y)))
        note = axes.annotate(
            tag.text,
            (tag.x, tag.y),
            xytext=(0, 0),
            textcoords="offset pixels",
            va="bottom",
            fontsize=tag.font_pt,
            color=tag.colour,
        )
        note.set_in_layout(False)
        size = note.get_window_extent(renderer)
        place = board.place((x, y), size.width, size.height)
        if place is None:
            note.remove()
            continue
        note.set_position((place.rect.left - x, place.rect.top - y))
        if place.leader:
            end = place.leader[1]
            _draw_leader(axes, (tag.x, tag.y), (end[0] - x, end[1] - y))


@dataclass(frozen=True, slots=True)
class LabelPlace:
    """Where a label stands, and the line from its point to it if it is far away; y upwards."""

    rect: Rect
    leader: tuple[Pixel, Pixel] | None


class Board:
    """What a chart has in it already, in pixels with y upwards, and room for labels."""

    def __init__(self, canvas: Canvas, frame: Rect) -> None:
        self._canvas = canvas
        self._frame = frame
        self._labels: list[Rect] = []

    def place(self, at: Pixel, width: float, height: float) -> LabelPlace | None:
        """Take a free place for the label of a point; None: there is none.

        It is the nearest of those whose line to the point crosses the fewest others.
        """
        places = [LabelPlace(rect, _leader(at, rect)) for rect in _around(at, width, height)]
        free = [place for place in places if self._is_free(place.rect, place.leader)]
        if not free:
            return None
        best = min(free, key=lambda place: self._crossings(place.leader))
        self._labels.append(best.rect)
        self._canvas.add_rect(best.rect)
        if best.leader:
            _add_segment(self._canvas, *best.leader)
        return best

    def _crossings(self, leader: tuple[Pixel, Pixel] | None) -> int:
        """How many lines and marks the line from a point to its label crosses."""
        if leader is None:
            return 0
        dots = [Rect(*dot, *dot).grown(1) for dot in _along(*leader)]
        is_free = [self._canvas.is_free(dot) for dot in dots]
        return sum(before and not after for before, after in pairwise(is_free))

    def _is_free(self, rect: Rect, leader: tuple[Pixel, Pixel] | None) -> bool:
        frame = self._frame
        if rect.left < frame.left or rect.right > frame.right:
            return False
        if rect.top < frame.top or rect.bottom > frame.bottom:
            return False
        if leader and any(_crosses(*leader, label) for label in self._labels):
            return False
        return self._canvas.is_free(rect.grown(_MARGIN_PX))


def _taken(axes: Axes) -> Canvas:
    """All lines and marks of a chart, in pixels."""
    canvas = Canvas()
    for line in axes.lines:
        points = [(float(x), float(y)) for x, y in _in_pixels(line)]
        for one, other in pairwise(points):
            _add_segment(canvas, one, other)
        if line.get_marker() not in (None, "", "None"):
            for point in points:
                canvas.add_rect(_mark(point))
    for collection in axes.collections:
        offsets: Any = collection.get_offsets()
        for x, y in axes.transData.transform(offsets):
            canvas.add_rect(_mark((float(x), float(y))))
    return canvas


def _in_pixels(line: Line2D) -> Any:
    return line.get_transform().transform(line.get_xydata())


def _mark(at: Pixel) -> Rect:
    return Rect(*at, *at).grown(_HALF_MARK_PX)


def _add_segment(canvas: Canvas, one: Pixel, other: Pixel) -> None:
    if _is_upright(one, other):
        canvas.add_rect(_upright(one, other))
    else:
        canvas.add_line(_OF_NOBODY, Line(*one, *other, arrives=False))


def _crosses(one: Pixel, other: Pixel, rect: Rect) -> bool:
    if _is_upright(one, other):
        return _upright(one, other).touches(rect)
    return Line(*one, *other, arrives=False).crosses(rect)


def _is_upright(one: Pixel, other: Pixel) -> bool:
    return abs(one[0] - other[0]) < 1


def _upright(one: Pixel, other: Pixel) -> Rect:
    """An upright line as a narrow rectangle."""
    low, high = sorted((one[1], other[1]))
    return Rect(one[0] - 1, low, one[0] + 1, high)


def _around(at: Pixel, width: float, height: float) -> Iterator[Rect]:
    """Rectangles around a point, the nearest first."""
    for distance in _DISTANCES_PX:
        for right, up in _DIRECTIONS:
            left = at[0] + right * distance - width * _share_before(right)
            low = at[1] + up * distance - height * _share_before(up)
            yield Rect(left, low, left + width, low + height)


def _share_before(direction: float) -> float:
    """Which share of a label lies before the point where it begins to be away from its own."""
    return 0.5 if direction == 0 else 0.0 if direction > 0 else 1.0


def _along(one: Pixel, other: Pixel) -> Iterator[Pixel]:
    """Points of a line, close to each other, from outside of the mark that it begins at."""
    length = hypot(other[0] - one[0], other[1] - one[1])
    away = 2 * _HALF_MARK_PX
    while away < length:
        share = away / length
        yield one[0] + (other[0] - one[0]) * share, one[1] + (other[1] - one[1]) * share
        away += 2


def _leader(at: Pixel, rect: Rect) -> tuple[Pixel, Pixel] | None:
    """The line from a point to the nearest one of its label, if that is far away."""
    x = min(max(at[0], rect.left), rect.right)
    y = min(max(at[1], rect.top), rect.bottom)
    is_near = max(abs(x - at[0]), abs(y - at[1])) < _LEADER_FROM_PX
    return None if is_near else (at, (x, y))


def _draw_leader(axes: Axes, point: tuple[float, float], offset_px: Pixel) -> None:
    line = {"arrowstyle": "-", "color": QUIET_COLOUR, "lw": 0.7, "shrinkB": 4}
    leader = axes.annotate("", point, xytext=offset_px, textcoords="offset pixels", arrowprops=line)
    leader.set_in_layout(False)
