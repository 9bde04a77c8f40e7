"""Space-time diagrams: who sent what to whom and when, as SVG text.

Every party has a column and time runs downwards; an arrow is a message, and beside it stands what
it says.  The picture is linear in time where that is readable: where many events crowd they are
moved apart, in their order, and a long silence is cut short and marked; where it is not linear, the
axis says so.  Equal input gives equal text, byte for byte.

What a node controls (types, names, bodies) is escaped, and characters that XML forbids are left
out, so that no message can break the picture or the page that it stands in.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from glomers.drawing.heights import STRIP_PX, Heights, Spacing
from glomers.drawing.labels import BASELINE_PX, Label, place, wanted
from glomers.drawing.legend import Colours, Legend, entries, stroke
from glomers.drawing.lines import Canvas, Line, Rect
from glomers.drawing.messages import Arrow, Band
from glomers.drawing.palette import (
    FAINT_INK,
    INK,
    PAPER,
    RULE_COLOUR,
    SHADE,
    SHADE_HEAD,
    ink,
)
from glomers.drawing.text import (
    FONT,
    FONT_PX,
    LINE_PX,
    attribute,
    cut,
    escaped,
    px,
    width_px,
    wrapped,
)
from glomers.drawing.window import Chosen, choose, seconds
from glomers.formats.names import is_client

DEFAULT_LIMIT = 1_000

_BODY_CHARACTERS = 600
_NAME_CHARACTERS = 14
_TITLE_PX = 13
_HEAD_FONT_PX = 12
_MARGIN_LEFT = 92.0
_MARGIN_RIGHT = 46.0
_MARGIN_TOP = 8.0
_LEAST_WIDTH = 420.0
_HEADS_EVERY_PX = 900.0
_HEADS_WITHIN_PX = 120.0
_AXIS_EVERY_PX = 17.0
_FALL_OF_LOST_PX = 12.0
_WIDER_BY_PX = (0.0, 4.0, 9.0, 16.0)
_MOST_WIDENED = 60
"""Up to so many arrows are moved apart so that there is room for their labels."""
_WORTH_PX = (150.0, 30.0)
"""By how much a picture may grow for a label, and for one that need not be shortened."""


def draw(
    columns: Sequence[str],
    arrows: Iterable[Arrow],
    bands: Iterable[Band] = (),
    *,
    start_s: float = 0.0,
    end_s: float = math.inf,
    limit: int = DEFAULT_LIMIT,
    title: str = "Messages",
) -> str:
    """Draw the messages between `columns` that are under way at some time of the window.

    Of more than `limit` messages the first are drawn; a line in the picture says how many are left
    out, for this reason or because a sender or receiver has no column.

    Args:
        columns: names from left to right.
        arrows: messages in any order, also from outside the window.
        bands: stretches of time to shade.
        start_s: where the window begins.
        end_s: where it ends; infinite: with the last message.
        limit: how many messages are drawn at most.
        title: stands above the picture and names it to screen readers.

    Returns:
        An `<svg>` element that can stand alone or inside HTML.
    """
    chosen = choose(columns, arrows, start_s, end_s, limit)
    notes = [chosen.drawn, *filter(None, [chosen.left_out])]
    return Diagram(columns, chosen, bands, title=title, heading=[title], notes=notes).svg()


class Diagram:
    """A space-time diagram whose every part has its place.

    Attributes:
        labels: the texts beside arrows.
        lines: the lines of the arrows, in the order of `chosen.arrows`.
        heights: from time to height.
    """

    def __init__(
        self,
        columns: Sequence[str],
        chosen: Chosen,
        bands: Iterable[Band] = (),
        *,
        title: str,
        heading: Sequence[str] = (),
        notes: Sequence[str] = (),
        key: Any = None,
    ) -> None:
        """Lay a picture out.

        Args:
            columns: names from left to right.
            chosen: the messages to draw.
            bands: stretches of time to shade, also from outside the window.
            title: names the picture to screen readers.
            heading: stands above the picture, a paragraph each.
            notes: stand below that.
            key: what the picture is about, where messages tell of several keys.
        """
        self._columns = columns
        self._arrows = chosen.arrows
        self._window = chosen.window
        self._bands = [band for band in bands if self._window.shows(band)]
        self._has_decisive = any(arrow.decisive for arrow in chosen.arrows)
        self._name = " ".join([f"{title.removesuffix('.')}.", *notes])
        self._colours = Colours(chosen.arrows)
        self._wishes = [wanted(i, arrow, key) for i, arrow in enumerate(chosen.arrows)]
        self._set_widths()
        self._heading = [line for text in heading for line in self._title_lines(text)]
        self._notes = notes
        self._legend = Legend(entries(chosen.arrows, self._colours), self._width)
        rows = len(self._heading) + len(notes) + self._legend.rows
        self._head_y = _MARGIN_TOP + rows * LINE_PX + 30
        self._lay_out()

    def _set_widths(self) -> None:
        count = max(1, len(self._columns))
        texts = ((wish.texts[0], wish.is_bold) for wish in self._wishes if wish.texts)
        widest = max((width_px(text, bold=is_bold) for text, is_bold in texts), default=0.0)
        self._gap = min(190.0, max(48.0, 800.0 / count), max(120.0, widest + 16))
        xs = [_MARGIN_LEFT + (i + 0.5) * self._gap for i in range(count)]
        self._x = dict(zip(self._columns, xs, strict=False))
        self._right = _MARGIN_LEFT + self._gap * count
        self._width = max(self._right + _MARGIN_RIGHT, _LEAST_WIDTH)

    def _title_lines(self, text: str) -> list[str]:
        return wrapped(text, self._width - 20, _TITLE_PX, bold=True)

    # Layout

    def _lay_out(self) -> None:
        """Of several distances between events take the one that is worth its height."""
        few = len(self._arrows) <= _MOST_WIDENED
        attempts = (self._attempt(by) for by in (_WIDER_BY_PX[1:] if few else _WIDER_BY_PX[:1]))
        best = min(attempts, key=self._cost_px)
        self.heights, self.lines, self.labels = best.heights, best.lines, best.labels
        self._head_ys, self._bottom = best.head_ys, best.bottom

    def _cost_px(self, layout: _Layout) -> float:
        """The height of a picture, and what it lacks."""
        missing = sum(bool(wish.texts) for wish in self._wishes) - len(layout.labels)
        whole = (label.text == self._wishes[label.number].texts[0] for label in layout.labels)
        shortened = len(layout.labels) - sum(whole)
        return layout.bottom + missing * _WORTH_PX[0] + shortened * _WORTH_PX[1]

    def _attempt(self, wider_by_px: float) -> _Layout:
        top, spacing = self._head_y + 14, Spacing().wider(wider_by_px)
        heights = Heights(self._arrows, self._bands, self._window, top, spacing)
        bottom = heights.bottom + 14
        lines = [self._line(arrow, heights) for arrow in self._arrows]
        canvas = Canvas()
        canvas.add_rect(Rect(0, 0, self._width, self._head_y + 4))
        for number, line in enumerate(lines):
            canvas.add_line(number, line)
            canvas.add_rect(line.tip())
        for y in heights.strips.values():
            canvas.add_rect(Rect(_MARGIN_LEFT, y, self._right, y + STRIP_PX))
        head_ys = self._place_heads(canvas, bottom)
        labels = place(self._wishes, lines, list(self._x.values()), canvas)
        return _Layout(heights, lines, labels, head_ys, bottom)

    def _line(self, arrow: Arrow, heights: Heights) -> Line:
        """Where `arrow` is drawn: what leaves the window is cut off at its edge."""
        x1, x2 = self._x[arrow.src], self._x[arrow.dest]
        y1 = heights.at(arrow.send_s)
        if arrow.recv_s is None:
            # Nobody knows where it would have ended: a stub shows the direction.
            return Line(x1, y1, x1 + (x2 - x1) * 0.4, y1 + 14, arrives=False)
        y2 = heights.at(arrow.recv_s)
        duration_s = arrow.recv_s - arrow.send_s
        begin = end = 0.0
        if duration_s > 0:
            begin = max(0.0, (self._window.start_s - arrow.send_s) / duration_s)
            end = max(0.0, (arrow.recv_s - self._window.end_s) / duration_s)
        x1, x2 = x1 + (x2 - x1) * begin, x2 - (x2 - x1) * end
        if arrow.lost:
            fall = 0.82 * max(y2 - y1, _FALL_OF_LOST_PX)  # cut off at once, it falls all the same
            return Line(x1, y1, x1 + (x2 - x1) * 0.82, y1 + fall, arrives=False)
        return Line(x1, y1, x2, y2, arrives=end == 0)

    def _place_heads(self, canvas: Canvas, bottom: float) -> list[float]:
        """Heights at which the names of the columns stand: above all, and again on the way."""
        ys = [self._head_y]
        while bottom - ys[-1] > 1.3 * _HEADS_EVERY_PX:
            nearest = ys[-1] + _HEADS_EVERY_PX
            offsets = sorted(range(-int(_HEADS_WITHIN_PX), int(_HEADS_WITHIN_PX), 6), key=abs)
            free = (y for offset in offsets if self._heads_fit(canvas, y := nearest + offset))
            ys.append(next(free, nearest))
            for rect in self._head_rects(ys[-1]):
                canvas.add_rect(rect)
        return ys

    def _heads_fit(self, canvas: Canvas, y: float) -> bool:
        return all(canvas.is_free(rect) for rect in self._head_rects(y))

    def _head_rects(self, y: float) -> list[Rect]:
        halves = (
            (x, width_px(self._head(name), _HEAD_FONT_PX, bold=True) / 2 + 2)
            for name, x in self._x.items()
        )
        return [Rect(x - half, y - 11, x + half, y + 4) for x, half in halves]

    def _head(self, name: str) -> str:
        return cut(name, min(_NAME_CHARACTERS, int(self._gap / 7.5)))

    # Drawing

    def svg(self) -> str:
        """The picture as an `<svg>` element, which is never drawn smaller than it is."""
        width, height = px(self._width), px(self._bottom + 12)
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" '
            f'aria-label={attribute(self._name)} width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" style="min-width:{width}px" '
            f'font-family="{FONT}" font-size="{FONT_PX}">',
            f'<rect width="{width}" height="{height}" fill="{PAPER}"/>',
            *self._draw_top(),
            *self._draw_bands(),
            *self._draw_columns(),
            *self._draw_strips(),
            *self._draw_axis(),
            *self._draw_arrows(),
            *self._draw_labels(),
            *self._draw_heads(),
            "</svg>",
        ]
        return "\n".join(parts) + "\n"

    def _draw_top(self) -> Iterator[str]:
        """The heading, notes, and the legend."""
        y = _MARGIN_TOP - 4.0
        for line in self._heading:
            y += LINE_PX
            style = f'font-size="{_TITLE_PX}" font-weight="bold" fill="{INK}"'
            yield f'<text x="10" y="{px(y)}" {style}>{escaped(line)}</text>'
        for note in self._notes:
            y += LINE_PX
            yield f'<text x="10" y="{px(y)}" fill="{FAINT_INK}">{escaped(note)}</text>'
        yield from self._legend.svg(y + 4)

    def _draw_bands(self) -> Iterator[str]:
        left, width = px(_MARGIN_LEFT), px(self._right - _MARGIN_LEFT)
        for band in self._bands:
            top, bottom = self.heights.band_top(band), self.heights.at(band.end_s)
            span = f"{seconds(band.start_s)} s to {seconds(band.end_s)} s"
            yield (
                f"<g><title>{escaped(f'{band.label}, {span}')}</title>"
                f'<rect x="{left}" y="{px(top)}" width="{width}" '
                f'height="{px(max(STRIP_PX, bottom - top))}" fill="{SHADE}"/></g>'
            )

    def _draw_strips(self) -> Iterator[str]:
        """Where bands begin their names, on ground of their own: columns go on below."""
        left, width = px(_MARGIN_LEFT), px(self._right - _MARGIN_LEFT)
        for start_s, top in self.heights.strips.items():
            names = [b.label for b in self._bands if self._window.clip(b.start_s) == start_s]
            room = self._right - _MARGIN_LEFT - 12
            text = _fitting("; ".join(names), room)
            yield (
                f'<rect x="{left}" y="{px(top)}" width="{width}" height="{px(STRIP_PX)}" '
                f'fill="{SHADE_HEAD}"/>'
                f'<text x="{px(_MARGIN_LEFT + 6)}" y="{px(top + 12)}" fill="{INK}" '
                f'font-style="italic">{escaped(text)}</text>'
            )

    def _draw_axis(self) -> Iterator[str]:
        """Times on the left, where there is room for them, and marks where silence is cut."""
        x = _MARGIN_LEFT - 10
        y = self._head_y if self.heights.is_to_scale else self._head_y - 12
        yield f'<g fill="{FAINT_INK}" text-anchor="end"><text x="{px(x)}" y="{px(y)}">'
        yield "time (s)</text>"
        if not self.heights.is_to_scale:
            yield f'<text x="{px(x)}" y="{px(self._head_y)}" font-style="italic">'
            yield "not to scale</text>"
        digits = self._digits()
        last_y, last_text = -math.inf, ""
        for time_s in self.heights.times():
            y, text = self.heights.at(time_s), f"{time_s:.{digits}f}"
            if y - last_y < _AXIS_EVERY_PX or text == last_text:
                continue
            yield f'<text x="{px(x)}" y="{px(y + 4)}">{text}</text>'
            last_y, last_text = y, text
        yield from self._draw_silences(x, digits)
        yield "</g>"

    def _digits(self) -> int:
        """So many decimals that the times in a short window differ."""
        span_s = self._window.end_s - self._window.start_s
        return 3 if span_s >= 0.05 else 4 if span_s >= 0.005 else 5

    def _draw_silences(self, x: float, digits: int) -> Iterator[str]:
        for before_s, after_s in self.heights.silences:
            middle = (self.heights.at(before_s) + self.heights.at(after_s)) / 2
            # Two slanted strokes: the usual sign of an axis with a piece left out.
            for offset in (-3, 3):
                yield (
                    f'<path d="M{px(x - 8)} {px(middle + offset + 3)}l12 -6" '
                    f'stroke="{FAINT_INK}" fill="none"/>'
                )
            yield (
                f'<text x="{px(x - 12)}" y="{px(middle + 4)}" font-style="italic">'
                f"{after_s - before_s:.{digits}f} s</text>"
            )

    def _draw_columns(self) -> Iterator[str]:
        top = self.heights.at(self._window.start_s) - 8
        top = min([top, *self.heights.strips.values()])
        breaks = [(y - 12, y + 5) for y in self._head_ys[1:]]
        edges = [top, *(edge for pair in breaks for edge in pair), self._bottom]
        for name, x in self._x.items():
            path = "".join(f"M{px(x)} {px(a)}V{px(b)}" for a, b in list(pairwise(edges))[::2])
            style = ' stroke-dasharray="1 3"' if is_client(name) else ""
            yield f'<path d="{path}" stroke="{RULE_COLOUR}" fill="none"{style}/>'

    def _draw_heads(self) -> Iterator[str]:
        style = f'font-weight="bold" font-size="{_HEAD_FONT_PX}" fill="{INK}"'
        yield f'<g text-anchor="middle" {style}>'
        for y in self._head_ys:
            for name, x in self._x.items():
                text = escaped(self._head(name))
                yield f'<text x="{px(x)}" y="{px(y)}">{text}</text>'
        yield "</g>"

    def _draw_arrows(self) -> Iterator[str]:
        yield '<g fill="none">'
        for arrow, line in zip(self._arrows, self.lines, strict=True):
            yield self._draw_arrow(arrow, line)
        yield "</g>"

    def _draw_arrow(self, arrow: Arrow, line: Line) -> str:
        path, colour = line.path(), self._colours.of(arrow)
        shapes = [
            # A wide, invisible line is easier to point at than the thin one.
            f'<path d="{path}" stroke-opacity="0" stroke-width="9"/>',
            f'<path d="{path}"{stroke(arrow)}/>',
        ]
        if arrow.lost:
            cross = f"M{px(line.x2 - 4)} {px(line.y2 - 4)}l8 8m0 -8l-8 8"
            shapes.append(f'<path d="{cross}" stroke-width="2.2"/>')
        elif line.arrives:
            shapes.append(f'<path d="{line.head()}" fill="{colour}" stroke="none"/>')
        title = f"<title>{escaped(_hover(arrow))}</title>"
        pale = ' opacity="0.45"' if self._has_decisive and not arrow.decisive else ""
        return f'<g stroke="{colour}"{pale}>{title}{"".join(shapes)}</g>'

    def _draw_labels(self) -> Iterator[str]:
        yield '<g text-anchor="middle" pointer-events="none">'
        for label in self.labels:
            colour = ink(self._colours.of(self._arrows[label.number]))
            x, y = (label.rect.left + label.rect.right) / 2, label.rect.bottom - BASELINE_PX
            bold = ' font-weight="bold"' if label.is_bold else ""
            yield (
                f'<text x="{px(x)}" y="{px(y)}" fill="{colour}"{bold}>{escaped(label.text)}</text>'
            )
        yield "</g>"


@dataclass(frozen=True, slots=True)
class _Layout:
    """One attempt to find a place for everything."""

    heights: Heights
    lines: list[Line]
    labels: list[Label]
    head_ys: list[float]
    bottom: float


def _fitting(text: str, room: float) -> str:
    """As much of a text as fits into a width in pixels."""
    while width_px(text) > room and len(text) > 1:
        text = f"{text[:-2]}…" if text.endswith("…") else f"{text[:-1]}…"
    return text


def _hover(arrow: Arrow) -> str:
    if arrow.recv_s is None:
        end = "lost" if arrow.lost else "still under way at the end"
    else:
        took_ms = (arrow.recv_s - arrow.send_s) * 1e3
        verb = "dropped" if arrow.lost else "received"
        end = f"{verb} {arrow.recv_s:.6f} s ({took_ms:.3f} ms)"
    head = f"{cut(arrow.src, 40)} → {cut(arrow.dest, 40)}: {cut(arrow.type, 80)}"
    return f"{head}\nsent {arrow.send_s:.6f} s, {end}\n{_json(arrow.body)}"


def _json(body: Any) -> str:
    try:
        text = json.dumps(body, ensure_ascii=False, default=str)
    except (ValueError, RecursionError):
        return "(a body that cannot be shown)"
    return cut(text, _BODY_CHARACTERS)
