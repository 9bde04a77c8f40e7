"""A place for every part of a diagram: arrows, their labels, strips of bands, names of columns."""

from __future__ import annotations

from bisect import bisect
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations

from glomers.drawing.columns import LEFT_PX, Columns
from glomers.drawing.heights import STRIP_PX, Heights, Spacing
from glomers.drawing.labels import Label, Wanted, place
from glomers.drawing.lettering import fitting, width_px
from glomers.drawing.lines import Canvas, Line, Rect
from glomers.drawing.messages import Arrow, Band
from glomers.drawing.window import Window

_BELOW_HEAD_PX = 22.0
_BELOW_WINDOW_PX = 14.0
_HEADS_EVERY_PX = 900.0
_HEADS_WITHIN_PX = 120
_LOST_AFTER = 0.82
"""At which part of its way a message that is lost ends."""
_FALLS_OF_LOST_PX = (12.0, 20.0, 5.0, 28.0)
"""The first with which its end lies on no other arrow counts."""
_IN_STRIP_PX, _STRIP_STEP_PX = 6.0, 12.0
_STUB, _FALL_OF_STUB_PX = 0.4, 14.0

_WIDER_BY_PX = (4.0, 9.0, 16.0)
_MOST_WIDENED = 60
"""Up to so many arrows are moved apart so that there is room for their labels."""
_LABEL_WORTH_PX, _WHOLE_LABEL_WORTH_PX = 150.0, 30.0
"""By how much a picture may grow for a label, and for one that need not be shortened."""
_APART_WORTH_PX, _APART_PX = 60.0, 4.0
"""By how much it may grow for an arrow that lies on another, and how far away that one then is."""


@dataclass(frozen=True, slots=True)
class Content:
    """What is to be laid out: `wishes` are what the labels of the arrows are to say."""

    arrows: Sequence[Arrow]
    bands: Sequence[Band]
    window: Window
    columns: Columns
    wishes: Sequence[Wanted]


@dataclass(frozen=True, slots=True)
class Strip:
    """The name of bands that begin at a time, and where it stands."""

    text: str
    x: float
    top: float


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything stands; `lines` are those of the arrows, in their order."""

    spacing: Spacing
    heights: Heights
    lines: list[Line]
    labels: list[Label]
    strips: list[Strip]
    head_ys: list[float]
    bottom: float


def lay_out(content: Content, head_y: float) -> Layout:
    """Of several distances between events take the one that is worth its height.

    Single arrows then get more room where that is worth it, too.

    Args:
        content: what is to be laid out.
        head_y: the height at which the names of the columns stand.
    """
    if len(content.arrows) > _MOST_WIDENED:
        return _attempt(content, head_y, Spacing())
    attempts = (_attempt(content, head_y, Spacing().wider(by)) for by in _WIDER_BY_PX)
    best = min(attempts, key=lambda layout: _cost_px(content, layout))
    for number, arrow in enumerate(content.arrows):
        for time_s in _lacking(number, arrow, content, best):
            other = _attempt(content, head_y, best.spacing.roomier(time_s))
            best = min(best, other, key=lambda layout: _cost_px(content, layout))
    return best


def _lacking(number: int, arrow: Arrow, content: Content, layout: Layout) -> Iterator[float]:
    """The moments above which more room may help an arrow to what it lacks."""
    clip, times = content.window.clip, layout.heights.times()
    texts = [label.text for label in layout.labels if label.number == number]
    if texts != list(content.wishes[number].texts[:1]):
        yield clip(arrow.send_s)
        yield from times[bisect(times, clip(arrow.end_s)) :][:1]
    if number in _hidden(layout.lines):
        yield from (clip(arrow.send_s), clip(arrow.end_s))


def _cost_px(content: Content, layout: Layout) -> float:
    """The height of a picture, and what it lacks."""
    missing = sum(bool(wish.texts) for wish in content.wishes) - len(layout.labels)
    shortened = sum(label.text != content.wishes[label.number].texts[0] for label in layout.labels)
    lacking = missing * _LABEL_WORTH_PX + shortened * _WHOLE_LABEL_WORTH_PX
    return layout.bottom + lacking + len(_hidden(layout.lines)) * _APART_WORTH_PX


def _hidden(lines: Sequence[Line]) -> set[int]:
    """The numbers of lines that begin or end as others do and cannot be told from them."""
    together: dict[tuple[float, float, bool], list[int]] = defaultdict(list)
    for number, line in enumerate(lines):
        if not line.is_loop:
            together[line.x1, line.y1, line.x2 > line.x1].append(number)
            together[line.x2, line.y2, line.x1 > line.x2].append(number)
    return {
        number
        for numbers in together.values()
        for number, other in permutations(numbers, 2)
        if _goes_along(lines[number], lines[other])
    }


def _goes_along(line: Line, other: Line) -> bool:
    """Whether both ends of a line lie on another."""
    is_shorter = abs(line.x2 - line.x1) <= abs(other.x2 - other.x1)
    away = max(abs(other.y_at(x) - y) for x, y in ((line.x1, line.y1), (line.x2, line.y2)))
    return is_shorter and away < _APART_PX


def _attempt(content: Content, head_y: float, spacing: Spacing) -> Layout:
    columns = content.columns
    top = head_y + _BELOW_HEAD_PX
    heights = Heights(content.arrows, content.bands, content.window, top, spacing)
    bottom = heights.bottom + _BELOW_WINDOW_PX
    canvas = Canvas()
    canvas.add_rect(Rect(0, 0, columns.right, head_y + 4))
    lines = _lines(content, heights, canvas)
    for band in content.bands:
        y = heights.at(band.end_s)
        canvas.add_rect(Rect(LEFT_PX, y - 0.5, columns.right, y + 0.5))
    strips = [_strip(content, start_s, top, canvas) for start_s, top in heights.strips.items()]
    for strip in strips:
        canvas.add_rect(Rect(LEFT_PX, strip.top, columns.right, strip.top + STRIP_PX))
    head_ys = _place_heads(columns, canvas, head_y, bottom)
    labels = place(content.wishes, lines, list(columns.x.values()), canvas)
    return Layout(spacing, heights, lines, labels, strips, head_ys, bottom)


def _lines(content: Content, heights: Heights, canvas: Canvas) -> list[Line]:
    """The lines of all arrows, which the canvas takes up; what is lost gives way to the others."""
    lines: dict[int, Line] = {}
    for number, arrow in sorted(enumerate(content.arrows), key=lambda item: item[1].lost):
        falls = _FALLS_OF_LOST_PX if arrow.lost else _FALLS_OF_LOST_PX[:1]
        options = [_line(arrow, content, heights, fall) for fall in falls]
        clear = (line for line in options if canvas.is_free(line.tip().grown(1)))
        lines[number] = next(clear, options[0])
        canvas.add_line(number, lines[number])
        canvas.add_rect(lines[number].tip())
    return [lines[number] for number in range(len(lines))]


def _line(arrow: Arrow, content: Content, heights: Heights, fall_of_lost: float) -> Line:
    """Where `arrow` is drawn: what leaves the window is cut off at its edge."""
    x1, x2 = content.columns.x[arrow.src], content.columns.x[arrow.dest]
    y1 = heights.at(arrow.send_s)
    if arrow.recv_s is None:
        # Nobody knows where it would have ended: a stub shows the direction.
        return Line(x1, y1, x1 + (x2 - x1) * _STUB, y1 + _FALL_OF_STUB_PX, arrives=False)
    y2 = heights.at(arrow.recv_s)
    duration_s = arrow.recv_s - arrow.send_s
    begin = end = 0.0
    if duration_s > 0:
        begin = max(0.0, (content.window.start_s - arrow.send_s) / duration_s)
        end = max(0.0, (arrow.recv_s - content.window.end_s) / duration_s)
    x1, x2 = x1 + (x2 - x1) * begin, x2 - (x2 - x1) * end
    if arrow.lost:
        fall = max(y2 - y1, fall_of_lost)  # cut off at once, it falls all the same
        ends = x1 + (x2 - x1) * _LOST_AFTER, y1 + fall * _LOST_AFTER
        return Line(x1, y1, *ends, arrives=False)
    return Line(x1, y1, x2, y2, arrives=end == 0)


def _strip(content: Content, start_s: float, top: float, canvas: Canvas) -> Strip:
    """The name of the bands that begin at a time, as far left as no arrow goes through it."""
    names = [b.label for b in content.bands if content.window.clip(b.start_s) == start_s]
    left, right = LEFT_PX + _IN_STRIP_PX, content.columns.right - _IN_STRIP_PX
    text = fitting("; ".join(names), right - left)
    width = width_px(text)
    steps = range(int((right - left - width) // _STRIP_STEP_PX) + 1)
    places = (left + step * _STRIP_STEP_PX for step in steps)
    free = (x for x in places if canvas.is_free(Rect(x, top, x + width, top + STRIP_PX)))
    return Strip(text, next(free, left), top)


def _place_heads(columns: Columns, canvas: Canvas, first: float, bottom: float) -> list[float]:
    """Heights at which the names of the columns stand: above all, and again on the way."""
    ys = [first]
    while bottom - ys[-1] > 1.3 * _HEADS_EVERY_PX:
        nearest = ys[-1] + _HEADS_EVERY_PX
        offsets = sorted(range(-_HEADS_WITHIN_PX, _HEADS_WITHIN_PX, 6), key=abs)
        places = (nearest + offset for offset in offsets)
        free = (y for y in places if all(map(canvas.is_free, columns.head_rects(y))))
        ys.append(next(free, nearest))
        for rect in columns.head_rects(ys[-1]):
            canvas.add_rect(rect)
    return ys
