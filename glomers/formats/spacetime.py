"""Space-time diagrams: who sent what to whom and when, as SVG text.

Every party has a column and time runs downwards; an arrow is a message.  The picture is linear in
time where that is readable: where many events crowd they are moved apart, in their order, and a
long silence is cut short and marked.  Equal input gives equal text, byte for byte.

What a node controls (types, names, bodies) is escaped, and characters that XML forbids are left
out, so that no message can break the picture or the page that it stands in.
"""

from __future__ import annotations

import json
import math
import re
import textwrap
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any
from unicodedata import east_asian_width

from glomers.formats.journal import Event
from glomers.formats.names import SERVICES, is_client
from glomers.formats.text import clean

DEFAULT_LIMIT = 1_000

# Okabe and Ito's palette, which people with any colour vision can tell apart, without its yellow
# (too pale for a line) and with vermilion kept for errors.
COLOURS = ("#0072b2", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
ERROR_COLOUR = "#d55e00"
OTHER_COLOUR = "#888888"

_BODY_CHARACTERS = 600
_LABEL_CHARACTERS = 24
_NAME_CHARACTERS = 14


@dataclass(slots=True)
class Arrow:
    """A message from `src` to `dest`, with times in seconds since the start of the run.

    `recv_s` is when it arrived or, if it was `lost`, when it was dropped; None: it was still under
    way at the end, or nobody knows.  `body` is anything that JSON can hold.  Where some messages
    are `decisive`, those are drawn thick, and the others pale.
    """

    send_s: float
    recv_s: float | None
    src: str
    dest: str
    type: str
    body: Any
    lost: bool = False
    decisive: bool = False


@dataclass(frozen=True, slots=True)
class Band:
    """A stretch of time to shade, such as a partition, with its name."""

    start_s: float
    end_s: float
    label: str


def arrows_of(events: Iterable[Event], highlight: Collection[int] = ()) -> list[Arrow]:
    """The messages of a journal (see `glomers.formats.journal`) in the order they were sent.

    Those with an id in `highlight` are decisive.
    """
    arrows: dict[int, Arrow] = {}
    for event in events:
        if event.kind == "send":
            message = event.message if isinstance(event.message, dict) else {}
            arrows[event.id] = _sent(event.time_ns / 1e9, message)
            arrows[event.id].decisive = event.id in highlight
        elif event.id in arrows:
            arrow = arrows[event.id]
            arrow.recv_s, arrow.lost = event.time_ns / 1e9, event.kind == "drop"
    return list(arrows.values())


def _sent(time_s: float, message: dict[str, Any]) -> Arrow:
    body = message.get("body")
    kind = body.get("type", "") if isinstance(body, dict) else ""
    return Arrow(time_s, None, str(message.get("src")), str(message.get("dest")), str(kind), body)


def column_order(arrows: Iterable[Arrow]) -> list[str]:
    """Columns for everybody in `arrows`: nodes by number, each after its clients, then services."""
    partner: dict[str, str] = {}
    for arrow in arrows:
        partner.setdefault(arrow.src, arrow.dest)
        partner.setdefault(arrow.dest, arrow.src)
    return sorted(partner, key=lambda name: _column_key(name, partner[name]))


def _column_key(name: str, partner: str) -> tuple[int, int, str, int, int]:
    beside = partner if is_client(name) and not is_client(partner) else name
    return beside in SERVICES, _number(beside), beside, not is_client(name), _number(name)


def _number(name: str) -> int:
    digits = re.search(r"\d{1,9}$", name)
    return int(digits[0]) if digits else -1


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
    chosen, notes = _choose(columns, arrows, start_s, end_s, limit)
    last_s = max(
        (_end_s(arrow) for arrow in chosen), default=end_s if end_s < math.inf else start_s
    )
    window_end_s = last_s if end_s == math.inf or notes.cut_short else end_s
    window = _Window(start_s, min(window_end_s, end_s))
    shown_bands = [b for b in bands if b.end_s >= window.start_s and b.start_s <= window.end_s]
    return _Picture(columns, chosen, shown_bands, window, title, notes.lines(window)).svg()


@dataclass(frozen=True, slots=True)
class _Window:
    start_s: float
    end_s: float

    def clip(self, time_s: float) -> float:
        return min(max(time_s, self.start_s), self.end_s)


@dataclass(frozen=True, slots=True)
class _Notes:
    """What the picture has to say about what it leaves out."""

    drawn: int
    beyond_limit: int
    without_column: int

    @property
    def cut_short(self) -> bool:
        return self.beyond_limit > 0

    def lines(self, window: _Window) -> list[str]:
        span = f"from {_seconds(window.start_s)} s to {_seconds(window.end_s)} s"
        if self.cut_short:
            total = self.drawn + self.beyond_limit
            text = f"The first {self.drawn:,} of {total:,} messages ({span}); "
            lines = [f"{text}{self.beyond_limit:,} more are left out."]
        else:
            lines = [f"{_messages(self.drawn)} {span}."]
        if self.without_column:
            count = _messages(self.without_column)
            lines.append(f"Left out: {count} to or from others than these.")
        return lines


def _wrapped(title: str, width_px: float) -> list[str]:
    """The lines of a title that is to fit into a width."""
    return textwrap.wrap(title, max(1, int(width_px / _TITLE_CHARACTER_PX))) or [title]


def _messages(count: int) -> str:
    return "1 message" if count == 1 else f"{count:,} messages"


def _choose(
    columns: Sequence[str], arrows: Iterable[Arrow], start_s: float, end_s: float, limit: int
) -> tuple[list[Arrow], _Notes]:
    """The arrows to draw in order of sending, and notes on the others."""
    known = set(columns)
    inside = []
    without_column = 0
    for arrow in arrows:
        if arrow.send_s > end_s or _end_s(arrow) < start_s:
            continue
        if arrow.src in known and arrow.dest in known:
            inside.append(arrow)
        else:
            without_column += 1
    inside.sort(key=lambda arrow: arrow.send_s)
    chosen = inside[:limit]
    return chosen, _Notes(len(chosen), len(inside) - len(chosen), without_column)


def _end_s(arrow: Arrow) -> float:
    return arrow.send_s if arrow.recv_s is None else arrow.recv_s


# From time to height

_PX_IN_COLUMN = 15.0
_PX_BETWEEN_COLUMNS = 3.0
_PX_OF_ARROW = 9.0
_PX_OF_BAND_LABEL = 18.0
_PX_OF_SILENCE = 230.0
_PX_OF_CUT_SILENCE = 70.0
_PX_OF_WINDOW = 620.0


class _Heights:
    """Heights of all events: proportional to time, but apart where they crowd.

    Events of one column keep `_PX_IN_COLUMN` apart, and an arrow falls by `_PX_OF_ARROW` at least.
    A gap that would take more than `_PX_OF_SILENCE` is cut, and is then one of the `silences`.
    """

    def __init__(
        self, arrows: Sequence[Arrow], bands: Sequence[Band], window: _Window, top: float
    ) -> None:
        self._window = window
        self._y: dict[float, float] = {}
        self.silences: list[tuple[float, float]] = []
        events: dict[float, list[tuple[str, float | None]]] = {window.start_s: [], window.end_s: []}
        for arrow in arrows:
            # What crosses the edge of the window gets no end of its own: it is clipped there.
            sent, ended = window.clip(arrow.send_s), window.clip(_end_s(arrow))
            events.setdefault(sent, []).append((arrow.src, None))
            events.setdefault(ended, []).append((arrow.dest, sent if ended > sent else None))
        band_starts = {window.clip(band.start_s) for band in bands}
        for time_s in [*band_starts, *(window.clip(band.end_s) for band in bands)]:
            events.setdefault(time_s, [])
        self._place(events, band_starts, top)

    def _place(
        self,
        events: dict[float, list[tuple[str, float | None]]],
        band_starts: set[float],
        top: float,
    ) -> None:
        span_s = self._window.end_s - self._window.start_s
        last_in_column: dict[str, float] = {}
        previous_s, y = self._window.start_s, top
        for time_s in sorted(events):
            linear = (time_s - previous_s) / span_s * _PX_OF_WINDOW if span_s > 0 else 0.0
            if linear > _PX_OF_SILENCE:
                self.silences.append((previous_s, time_s))
                linear = _PX_OF_CUT_SILENCE
            lowest = [y + linear]
            if time_s > previous_s:
                lowest.append(y + _PX_BETWEEN_COLUMNS)
            for column, sent_s in events[time_s]:
                if column in last_in_column:
                    lowest.append(last_in_column[column] + _PX_IN_COLUMN)
                if sent_s is not None:
                    lowest.append(self._y[sent_s] + _PX_OF_ARROW)
            if previous_s in band_starts and time_s > previous_s:
                lowest.append(y + _PX_OF_BAND_LABEL)
            y = max(lowest)
            self._y[time_s] = y
            last_in_column.update((column, y) for column, _ in events[time_s])
            previous_s = time_s
        self.bottom = y

    def at(self, time_s: float) -> float:
        """The height of an event; events outside the window stand at its edge."""
        return self._y[self._window.clip(time_s)]

    def times(self) -> list[float]:
        """The times of all events, in order."""
        return list(self._y)


# Drawing

_FONT = "Helvetica, Arial, DejaVu Sans, sans-serif"
_FONT_PX = 11
_LINE_PX = 15
_TITLE_CHARACTER_PX = 7.8
_MARGIN_LEFT = 84.0
_MARGIN_RIGHT = 46.0
_MARGIN_TOP = 12.0
_HEADS_EVERY_PX = 900.0
_PLACES_ALONG_ARROW = (0.5, 0.66, 0.34, 0.8, 0.22, 0.9)


@dataclass(slots=True)
class _Boxes:
    """Rectangles that text occupies already, looked up by their height."""

    _by_row: dict[int, list[tuple[float, float, float, float]]] = field(default_factory=dict)

    def claim(self, left: float, top: float, right: float, bottom: float) -> bool:
        """Occupy the rectangle if it is free; says whether it was."""
        rows = range(int(top // 20), int(bottom // 20) + 1)
        for row in rows:
            for a, b, c, d in self._by_row.get(row, ()):
                if left < c and a < right and top < d and b < bottom:
                    return False
        for row in rows:
            self._by_row.setdefault(row, []).append((left, top, right, bottom))
        return True


class _Picture:
    """One diagram on its way to becoming text."""

    def __init__(
        self,
        columns: Sequence[str],
        arrows: Sequence[Arrow],
        bands: Sequence[Band],
        window: _Window,
        title: str,
        notes: Sequence[str],
    ) -> None:
        self._columns = columns
        self._arrows = arrows
        self._bands = bands
        self._window = window
        self._title = title
        self._notes = notes
        self._has_decisive = any(arrow.decisive for arrow in arrows)
        self._gap = min(150.0, max(40.0, 780.0 / max(1, len(columns))))
        self._x = {name: _MARGIN_LEFT + (i + 0.5) * self._gap for i, name in enumerate(columns)}
        self._right = _MARGIN_LEFT + self._gap * max(1, len(columns))
        self._width = max(self._right + _MARGIN_RIGHT, 420.0)
        self._colours = _colours(arrows)
        self._legend = self._legend_items()
        self._title_lines = _wrapped(title, self._width - 20)
        legend_rows = self._legend[-1][0] + 1 if self._legend else 0
        text_rows = len(self._title_lines) + len(notes) + legend_rows
        self._head_y = _MARGIN_TOP + text_rows * _LINE_PX + 26
        self._heights = _Heights(arrows, bands, window, self._head_y + 16)
        self._bottom = self._heights.bottom + 14
        self._boxes = _Boxes()
        self._head_ys = self._place_heads()

    def svg(self) -> str:
        width, height = _px(self._width), _px(self._bottom + 12)
        label = _attribute(f"{self._title}. {' '.join(self._notes)}")
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label={label} '
            f'width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
            f'font-family="{_FONT}" font-size="{_FONT_PX}">',
            f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
            *self._head_lines(),
            *self._draw_bands(),
            *self._draw_axis(),
            *self._draw_columns(),
            *self._draw_arrows(),
            *self._draw_heads(),
            "</svg>",
        ]
        return "\n".join(parts) + "\n"

    def _head_lines(self) -> Iterator[str]:
        """The title, what is drawn, and the legend."""
        y = _MARGIN_TOP - 4.0
        for line in self._title_lines:
            y += _LINE_PX
            style = 'font-size="13" font-weight="bold"'
            yield f'<text x="10" y="{_px(y)}" {style}>{_text(line)}</text>'
        for note in self._notes:
            y += _LINE_PX
            yield f'<text x="10" y="{_px(y)}" fill="#444444">{_text(note)}</text>'
        y += _LINE_PX
        for row, x, text, colour, style in self._legend:
            line_y = y + row * _LINE_PX - 4
            width = "" if style in (_THIN, _THICK) else ' stroke-width="2"'
            yield f'<path d="M{_px(x)} {_px(line_y)}h20" stroke="{colour}"{width}{style}/>'
            yield f'<text x="{_px(x + 25)}" y="{_px(line_y + 4)}">{_text(text)}</text>'

    def _legend_items(self) -> list[tuple[int, float, str, str, str]]:
        """Row, x, text, colour and line style of every entry, wrapped at the picture's width."""
        groups: dict[str, list[str]] = {}
        for kind in sorted({arrow.type for arrow in self._arrows}):
            groups.setdefault(self._colours[kind], []).append(_cut(kind, _LABEL_CHARACTERS))
        entries = [(_names(names), colour, "") for colour, names in groups.items()]
        if any(map(_is_reply, self._arrows)):
            entries.append(("replies are thin", "#444444", _THIN))
        if any(arrow.lost for arrow in self._arrows):
            entries.append(("lost (ends in a cross)", "#444444", _DASHED))
        if self._has_decisive:
            entries.append(("decisive messages are thick", "#444444", _THICK))
        if any(arrow.recv_s is None and not arrow.lost for arrow in self._arrows):
            entries.append(("still under way at the end", "#444444", _DOTTED))
        items = []
        row, x = 0, 10.0
        for text, colour, style in entries:
            width = 25 + _text_px(text) + 18
            if x > 10 and x + width > self._width:
                row, x = row + 1, 10.0
            items.append((row, x, text, colour, style))
            x += width
        return items

    def _draw_bands(self) -> Iterator[str]:
        for band in self._bands:
            top, bottom = self._heights.at(band.start_s), self._heights.at(band.end_s)
            left = _MARGIN_LEFT - 8
            span = f"{_seconds(band.start_s)} s to {_seconds(band.end_s)} s"
            yield (
                f"<g><title>{_text(f'{band.label}, {span}')}</title>"
                f'<rect x="{_px(left)}" y="{_px(top)}" width="{_px(self._right - left + 8)}" '
                f'height="{_px(max(2.0, bottom - top))}" fill="#f2e2b8" fill-opacity="0.6"/>'
            )
            text = _cut(band.label, max(10, int((self._right - left) / 6.2)))
            width = _text_px(text)
            if self._boxes.claim(left + 4, top, left + 4 + width, top + 14):
                yield (
                    f'<text x="{_px(left + 4)}" y="{_px(top + 12)}" fill="#6b4e00" '
                    f'font-style="italic">{_text(text)}</text>'
                )
            yield "</g>"

    def _draw_axis(self) -> Iterator[str]:
        """Times on the left, where there is room for them, and marks where silence is cut."""
        x = _MARGIN_LEFT - 14
        yield f'<g fill="#555555" text-anchor="end"><text x="{_px(x)}" y="{_px(self._head_y)}">'
        yield "time (s)</text>"
        last_y, last_text = -math.inf, ""
        for time_s in self._heights.times():
            y, text = self._heights.at(time_s), _seconds(time_s)
            if y - last_y < 17 or text == last_text:
                continue
            yield f'<text x="{_px(x)}" y="{_px(y + 4)}">{text}</text>'
            last_y, last_text = y, text
        for before_s, after_s in self._heights.silences:
            middle = (self._heights.at(before_s) + self._heights.at(after_s)) / 2
            # Two slanted strokes: the usual sign of an axis with a piece left out.
            for offset in (-3, 3):
                yield (
                    f'<path d="M{_px(x + 2)} {_px(middle + offset + 3)}l12 -6" '
                    'stroke="#555555" fill="none"/>'
                )
            yield (
                f'<text x="{_px(x - 2)}" y="{_px(middle + 4)}" font-style="italic">'
                f"{_seconds(after_s - before_s)} s</text>"
            )
        yield "</g>"

    def _draw_columns(self) -> Iterator[str]:
        top = self._heights.at(self._window.start_s) - 8
        for name in self._columns:
            x = _px(self._x[name])
            style = ' stroke-dasharray="1 3"' if is_client(name) else ""
            yield (
                f'<path d="M{x} {_px(top)}V{_px(self._bottom)}" stroke="#999999" fill="none"'
                f"{style}/>"
            )

    def _place_heads(self) -> list[float]:
        """Heights at which the names of the columns stand: above all, and again on the way."""
        ys = [self._head_y]
        while self._bottom - ys[-1] > 1.3 * _HEADS_EVERY_PX:
            ys.append(ys[-1] + _HEADS_EVERY_PX)
        for y in ys[1:]:
            for x in self._x.values():
                self._boxes.claim(x - 30, y - 11, x + 30, y + 3)
        return ys

    def _draw_heads(self) -> Iterator[str]:
        yield f'<g text-anchor="middle" font-weight="bold" font-size="12"{_HALO}>'
        fitting = min(_NAME_CHARACTERS, int(self._gap / 7.5))
        for y in self._head_ys:
            for name in self._columns:
                text = _text(_cut(name, fitting))
                yield f'<text x="{_px(self._x[name])}" y="{_px(y)}">{text}</text>'
        yield "</g>"

    def _draw_arrows(self) -> Iterator[str]:
        labels = []
        yield '<g fill="none" stroke-width="1.7">'
        for arrow in self._arrows:
            line = self._line(arrow)
            yield self._draw_arrow(arrow, line)
            label = self._label(arrow, line)
            if label:
                labels.append(label)
        yield f'</g>\n<g text-anchor="middle"{_HALO} pointer-events="none">'
        yield from labels
        yield "</g>"

    def _line(self, arrow: Arrow) -> _Line:
        """Where `arrow` is drawn: what leaves the window is cut off at its edge."""
        x1, x2 = self._x[arrow.src], self._x[arrow.dest]
        y1 = self._heights.at(arrow.send_s)
        if arrow.recv_s is None:
            # Nobody knows where it would have ended: a stub shows the direction.
            return _Line(x1, y1, x1 + (x2 - x1) * 0.4, y1 + 14, arrives=False)
        y2 = self._heights.at(arrow.recv_s)
        duration_s = arrow.recv_s - arrow.send_s
        begin = end = 0.0
        if duration_s > 0:
            begin = max(0.0, (self._window.start_s - arrow.send_s) / duration_s)
            end = max(0.0, (arrow.recv_s - self._window.end_s) / duration_s)
        x1, x2 = x1 + (x2 - x1) * begin, x2 - (x2 - x1) * end
        if arrow.lost:
            return _Line(x1, y1, x1 + (x2 - x1) * 0.82, y1 + (y2 - y1) * 0.82, arrives=False)
        return _Line(x1, y1, x2, y2, arrives=end == 0)

    def _draw_arrow(self, arrow: Arrow, line: _Line) -> str:
        path = line.path()
        style = _DASHED if arrow.lost else _DOTTED if arrow.recv_s is None else ""
        if arrow.decisive:
            style += _THICK
        elif _is_reply(arrow):
            style += _THIN
        shapes = [
            # A wide, invisible line is easier to point at than the thin one.
            f'<path d="{path}" stroke="#000000" stroke-opacity="0" stroke-width="9"/>',
            f'<path d="{path}"{style}/>',
        ]
        colour = self._colours[arrow.type]
        if arrow.lost:
            shapes.append(
                f'<path d="M{_px(line.x2 - 4)} {_px(line.y2 - 4)}l8 8m0 -8l-8 8" '
                'stroke-width="2.2"/>'
            )
        elif line.arrives:
            shapes.append(f'<path d="{line.head()}" fill="{colour}" stroke="none"/>')
        title = f"<title>{_text(_hover(arrow))}</title>"
        pale = ' opacity="0.35"' if self._has_decisive and not arrow.decisive else ""
        return f'<g stroke="{colour}"{pale}>{title}{"".join(shapes)}</g>'

    def _label(self, arrow: Arrow, line: _Line) -> str | None:
        """The type beside the arrow, at the first place where it covers no other text."""
        text = _cut(arrow.type, _LABEL_CHARACTERS)
        half = _text_px(text) / 2
        for x, y in line.places(half):
            if x - half < _MARGIN_LEFT - 8 or x + half > self._width:
                continue
            if self._boxes.claim(x - half, y - 10, x + half, y + 2):
                colour = self._colours[arrow.type]
                return f'<text x="{_px(x)}" y="{_px(y)}" fill="{colour}">{_text(text)}</text>'
        return None


@dataclass(frozen=True, slots=True)
class _Line:
    """A straight line downwards; a message to oneself is a loop to the right."""

    x1: float
    y1: float
    x2: float
    y2: float
    arrives: bool

    def path(self) -> str:
        start = f"M{_px(self.x1)} {_px(self.y1)}"
        if self.x1 == self.x2:
            out = _px(self.x1 + 24)
            return (
                f"{start}C{out} {_px(self.y1)} {out} {_px(self.y2)} {_px(self.x2)} {_px(self.y2)}"
            )
        return f"{start}L{_px(self.x2)} {_px(self.y2)}"

    def places(self, half: float) -> Iterator[tuple[float, float]]:
        """Where the middle of a label can stand that is `half` wide to each side."""
        if abs(self.x2 - self.x1) < 2 * half + 14 and abs(self.y2 - self.y1) < 24:
            # On the arrow it would hide it: it stands to its left, or right of the loop.
            loop = self.x1 == self.x2
            x = self.x1 + half + 26 if loop else min(self.x1, self.x2) - half - 4
            yield x, (self.y1 + self.y2) / 2 + 4
            return
        for share in _PLACES_ALONG_ARROW:
            x = self.x1 + (self.x2 - self.x1) * share
            yield x, self.y1 + (self.y2 - self.y1) * share - 3

    def head(self) -> str:
        """An arrowhead at the end."""
        dx, dy = self.x2 - self.x1, self.y2 - self.y1
        if self.x1 == self.x2:
            dx, dy = -1.0, 0.0
        length = math.hypot(dx, dy) or 1.0
        ux, uy = dx / length, dy / length
        points = [
            (self.x2, self.y2),
            (self.x2 - 8 * ux + 3.4 * uy, self.y2 - 8 * uy - 3.4 * ux),
            (self.x2 - 8 * ux - 3.4 * uy, self.y2 - 8 * uy + 3.4 * ux),
        ]
        return "M" + "L".join(f"{_px(x)} {_px(y)}" for x, y in points) + "Z"


_DASHED = ' stroke-dasharray="6 3"'
_DOTTED = ' stroke-dasharray="2 3"'
_THICK = ' stroke-width="3.2"'
_THIN = ' stroke-width="0.8"'
_HALO = ' stroke="#ffffff" stroke-width="3" stroke-linejoin="round" paint-order="stroke"'


def _colours(arrows: Iterable[Arrow]) -> dict[str, str]:
    """A colour for each type; requests share theirs with their replies (`read`, `read_ok`)."""
    kinds = sorted({arrow.type for arrow in arrows})
    bases = sorted({_base(kind) for kind in kinds} - {"error"})
    by_base = dict.fromkeys(bases, OTHER_COLOUR)
    by_base |= dict(zip(bases, COLOURS, strict=False))
    by_base["error"] = ERROR_COLOUR
    return {kind: by_base[_base(kind)] for kind in kinds}


def _base(kind: str) -> str:
    return kind.removesuffix("_ok") or kind


def _is_reply(arrow: Arrow) -> bool:
    return isinstance(arrow.body, dict) and arrow.body.get("in_reply_to") is not None


def _names(names: list[str], most: int = 4) -> str:
    if len(names) <= most:
        return ", ".join(names)
    return ", ".join(names[:most]) + f" and {len(names) - most} more"


def _hover(arrow: Arrow) -> str:
    if arrow.recv_s is None:
        end = "lost" if arrow.lost else "still under way at the end"
    else:
        took_ms = (arrow.recv_s - arrow.send_s) * 1e3
        verb = "dropped" if arrow.lost else "received"
        end = f"{verb} {arrow.recv_s:.6f} s ({took_ms:.3f} ms)"
    head = f"{_cut(arrow.src, 40)} → {_cut(arrow.dest, 40)}: {_cut(arrow.type, 80)}"
    return f"{head}\nsent {arrow.send_s:.6f} s, {end}\n{_json(arrow.body)}"


def _json(body: Any) -> str:
    try:
        text = json.dumps(body, ensure_ascii=False, default=str)
    except (ValueError, RecursionError):
        return "(a body that cannot be shown)"
    return _cut(text, _BODY_CHARACTERS)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _text(text: str) -> str:
    return escape(clean(text), quote=False)


def _attribute(text: str) -> str:
    line = clean(text).replace("\n", " ").replace("\t", " ")
    return f'"{escape(line)}"'


def _text_px(text: str) -> float:
    """About how wide `text` is."""
    wide = sum(east_asian_width(character) in "WF" for character in text)
    return (len(text) - wide) * _FONT_PX * 0.56 + wide * _FONT_PX


def _seconds(time_s: float) -> str:
    return f"{time_s:.3f}"


def _px(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
