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
from itertools import pairwise
from typing import Any

from glomers.drawing.axis import draw_axis
from glomers.drawing.columns import HEAD_FONT_PX, LEFT_PX, Columns
from glomers.drawing.heights import STRIP_PX
from glomers.drawing.labels import BASELINE_PX, wanted
from glomers.drawing.layout import Content, lay_out
from glomers.drawing.legend import Colours, Legend, entries, stroke
from glomers.drawing.lettering import FONT, FONT_PX, LINE_PX, attribute, escaped, px, wrapped
from glomers.drawing.lines import Line
from glomers.drawing.messages import Arrow, Band
from glomers.drawing.palette import FAINT_INK, INK, PAPER, RULE_COLOUR, SHADE, SHADE_HEAD, ink
from glomers.drawing.window import Chosen, choose, seconds
from glomers.formats.names import is_client
from glomers.formats.text import shortened

DEFAULT_LIMIT = 1_000

_BODY_CHARACTERS = 600
_TITLE_PX = 13
_MARGIN_PX = 10.0
_MARGIN_RIGHT_PX = 46.0
_ABOVE_HEADS_PX = 38.0
_BELOW_COLUMNS_PX = 12.0
_LEAST_WIDTH_PX = 420.0
_BEHIND_HEAD_PX = (12.0, 5.0)
"""From where to where a column stops around its name, upwards and downwards."""


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
        arrows: the messages in it, in the order they were sent.
        layout: where the parts stand.
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
        is_stepped: bool = False,
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
            is_stepped: whether arrows and their labels bear the class `step-1`, `step-2`, …
        """
        self._is_stepped = is_stepped
        self.arrows = chosen.arrows
        self._window = chosen.window
        self._bands = [band for band in bands if self._window.shows(band)]
        self._has_decisive = any(arrow.decisive for arrow in chosen.arrows)
        self._name = " ".join([f"{title.removesuffix('.')}.", *notes])
        wishes = [wanted(i, arrow, key) for i, arrow in enumerate(chosen.arrows)]
        self._columns = Columns(columns, max((wish.width for wish in wishes), default=0.0))
        self._width = max(self._columns.right + _MARGIN_RIGHT_PX, _LEAST_WIDTH_PX)
        room = self._width - 2 * _MARGIN_PX
        self._heading = [
            line for text in heading for line in wrapped(text, room, _TITLE_PX, bold=True)
        ]
        self._notes = notes
        self._colours = Colours(chosen.arrows)
        self._legend = Legend(entries(chosen.arrows, self._colours), self._width)
        rows = len(self._heading) + len(notes) + self._legend.rows
        content = Content(self.arrows, self._bands, self._window, self._columns, wishes)
        self.layout = lay_out(content, rows * LINE_PX + _ABOVE_HEADS_PX)

    def svg(self) -> str:
        """The picture as an `<svg>` element, which is never drawn smaller than it is."""
        width, height = px(self._width), px(self.layout.bottom + _BELOW_COLUMNS_PX)
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
            *draw_axis(self.layout.heights, self._window, self.layout.head_ys[0]),
            *self._draw_arrows(),
            *self._draw_labels(),
            *self._draw_heads(),
            "</svg>",
        ]
        return "\n".join(parts) + "\n"

    def _draw_top(self) -> Iterator[str]:
        """The heading, notes, and the legend."""
        style = f'font-size="{_TITLE_PX}" font-weight="bold" fill="{INK}"'
        lines = [(line, style) for line in self._heading]
        lines += [(note, f'fill="{FAINT_INK}"') for note in self._notes]
        y = 4.0
        for line, style in lines:
            y += LINE_PX
            yield f'<text x="{px(_MARGIN_PX)}" y="{px(y)}" {style}>{escaped(line)}</text>'
        yield from self._legend.svg(y + 4)

    def _draw_bands(self) -> Iterator[str]:
        heights = self.layout.heights
        for band in self._bands:
            top, bottom = heights.band_top(band), heights.at(band.end_s)
            span = f"{seconds(band.start_s)} s to {seconds(band.end_s)} s"
            title = f"<title>{escaped(f'{band.label}, {span}')}</title>"
            yield f"<g>{title}{self._across(top, max(STRIP_PX, bottom - top), SHADE)}</g>"

    def _draw_strips(self) -> Iterator[str]:
        """Where bands begin their names, on ground of their own: columns go on below."""
        style = f'fill="{INK}" font-style="italic"'
        for strip in self.layout.strips:
            yield self._across(strip.top, STRIP_PX, SHADE_HEAD)
            place = f'x="{px(strip.x)}" y="{px(strip.top + 12)}"'
            yield f"<text {place} {style}>{escaped(strip.text)}</text>"

    def _across(self, top: float, height: float, colour: str) -> str:
        """A rectangle behind all columns."""
        width = self._columns.right - LEFT_PX
        return (
            f'<rect x="{px(LEFT_PX)}" y="{px(top)}" width="{px(width)}" '
            f'height="{px(height)}" fill="{colour}"/>'
        )

    def _draw_columns(self) -> Iterator[str]:
        heights = self.layout.heights
        top = min([heights.at(self._window.start_s) - 8, *heights.strips.values()])
        above, below = _BEHIND_HEAD_PX
        breaks = [(y - above, y + below) for y in self.layout.head_ys[1:]]
        edges = [top, *(edge for pair in breaks for edge in pair), self.layout.bottom]
        for name, x in self._columns.x.items():
            path = "".join(f"M{px(x)} {px(a)}V{px(b)}" for a, b in list(pairwise(edges))[::2])
            style = ' stroke-dasharray="1 3"' if is_client(name) else ""
            yield f'<path d="{path}" stroke="{RULE_COLOUR}" fill="none"{style}/>'

    def _draw_heads(self) -> Iterator[str]:
        style = f'font-weight="bold" font-size="{HEAD_FONT_PX}" fill="{INK}"'
        yield f'<g text-anchor="middle" {style}>'
        for y in self.layout.head_ys:
            for name, x in self._columns.x.items():
                text = escaped(self._columns.head(name))
                yield f'<text x="{px(x)}" y="{px(y)}">{text}</text>'
        yield "</g>"

    def _draw_arrows(self) -> Iterator[str]:
        yield '<g fill="none">'
        for i, (arrow, line) in enumerate(zip(self.arrows, self.layout.lines, strict=True)):
            pale = ' opacity="0.45"' if self._has_decisive and not arrow.decisive else ""
            yield _draw_arrow(arrow, line, self._colours.of(arrow), self._step(i) + pale)
        yield "</g>"

    def _step(self, number: int) -> str:
        return f' class="step-{number + 1}"' if self._is_stepped else ""

    def _draw_labels(self) -> Iterator[str]:
        yield '<g text-anchor="middle" pointer-events="none">'
        for label in self.layout.labels:
            colour = ink(self._colours.of(self.arrows[label.number]))
            x, y = (label.rect.left + label.rect.right) / 2, label.rect.bottom - BASELINE_PX
            bold = ' font-weight="bold"' if label.is_bold else ""
            more = bold + self._step(label.number)
            text = escaped(label.text)
            yield f'<text x="{px(x)}" y="{px(y)}" fill="{colour}"{more}>{text}</text>'
        yield "</g>"


def _draw_arrow(arrow: Arrow, line: Line, colour: str, more: str) -> str:
    path = line.path()
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
    return f'<g stroke="{colour}"{more}>{title}{"".join(shapes)}</g>'


def _hover(arrow: Arrow) -> str:
    if arrow.recv_s is None:
        end = "lost" if arrow.lost else "still under way at the end"
    else:
        took_ms = (arrow.recv_s - arrow.send_s) * 1e3
        verb = "dropped" if arrow.lost else "received"
        end = f"{verb} {arrow.recv_s:.6f} s ({took_ms:.3f} ms)"
    head = f"{shortened(arrow.src, 40)} → {shortened(arrow.dest, 40)}: {shortened(arrow.type, 80)}"
    return f"{head}\nsent {arrow.send_s:.6f} s, {end}\n{_json(arrow.body)}"


def _json(body: Any) -> str:
    try:
        text = json.dumps(body, ensure_ascii=False, default=str)
    except (ValueError, RecursionError):
        return "(a body that cannot be shown)"
    return shortened(text, _BODY_CHARACTERS)
