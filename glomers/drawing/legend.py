"""What the colours and strokes of a diagram mean."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from glomers.drawing.lettering import LINE_PX, escaped, px, width_px
from glomers.drawing.messages import Arrow
from glomers.drawing.palette import (
    COLOURS,
    ERROR_COLOUR,
    FAINT_INK,
    INK,
    QUIET_COLOUR,
    REFUSED_COLOUR,
)
from glomers.formats.text import shortened

DASHED = ' stroke-dasharray="6 3"'
DOTTED = ' stroke-dasharray="2 3"'
THICK = ' stroke-width="3.2"'
USUAL = ' stroke-width="1.7"'
THIN = ' stroke-width="0.9"'

_NAME_CHARACTERS = 24
_MOST_NAMES = 4
_SAMPLE_PX = 20
_LEFT_PX = 10.0


class Colours:
    """A colour for each message: by its type, which requests share with their replies.

    Acknowledgements, which say nothing new, stand back in grey, so that what is news can be seen.
    """

    def __init__(self, arrows: Iterable[Arrow]) -> None:
        bases = {_base(arrow) for arrow in arrows if not arrow.is_acknowledgement} - {"error"}
        self._by_base = dict(zip(sorted(bases), COLOURS, strict=False))

    def of(self, arrow: Arrow) -> str:
        """The colour of a message."""
        if arrow.wrong:
            return ERROR_COLOUR
        if arrow.is_acknowledgement:
            return QUIET_COLOUR
        if arrow.type == "error":
            return REFUSED_COLOUR
        return self._by_base.get(_base(arrow), QUIET_COLOUR)


def _base(arrow: Arrow) -> str:
    return arrow.type.removesuffix("_ok") or arrow.type


def stroke(arrow: Arrow) -> str:
    """How the line of a message is drawn."""
    line = DASHED if arrow.lost else DOTTED if arrow.recv_s is None else ""
    return line + (THICK if arrow.decisive else THIN if arrow.is_reply else USUAL)


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the legend: what it means and how it is drawn."""

    text: str
    colour: str
    stroke: str = ' stroke-width="2"'


def entries(arrows: Sequence[Arrow], colours: Colours) -> list[Entry]:
    """All that has to be said about the arrows of a picture."""
    found = [*_types(arrows, colours)]
    acknowledgements = {arrow.type for arrow in arrows if arrow.is_acknowledgement}
    if acknowledgements:
        names = _names(sorted(acknowledgements))
        found.append(Entry(f"{names} (only acknowledges)", QUIET_COLOUR, THIN))
    signs = [
        (any(map(_is_thin_news, arrows)), "replies are thin", THIN),
        (any(a.lost for a in arrows), "lost (ends in a cross)", DASHED + USUAL),
        (any(a.decisive for a in arrows), "decisive messages are thick", THICK),
        (
            any(a.recv_s is None and not a.lost for a in arrows),
            "still under way at the end",
            DOTTED + USUAL,
        ),
    ]
    found += [Entry(text, FAINT_INK, line) for is_there, text, line in signs if is_there]
    if any(arrow.wrong for arrow in arrows):
        found.append(Entry("the answer that breaks the promise", ERROR_COLOUR, THICK))
    return found


def _is_thin_news(arrow: Arrow) -> bool:
    return arrow.is_reply and not arrow.decisive and not arrow.is_acknowledgement


def _types(arrows: Sequence[Arrow], colours: Colours) -> Iterator[Entry]:
    """The types of message by their colours, in the order of their names."""
    groups: dict[str, set[str]] = {}
    telling = [arrow for arrow in arrows if not arrow.is_acknowledgement and not arrow.wrong]
    for arrow in sorted(telling, key=lambda arrow: arrow.type):
        groups.setdefault(colours.of(arrow), set()).add(arrow.type)
    for colour, kinds in groups.items():
        yield Entry(_names(sorted(kinds)), colour)


def _names(kinds: Sequence[str]) -> str:
    named = ", ".join(shortened(kind, _NAME_CHARACTERS) for kind in kinds[:_MOST_NAMES])
    more = len(kinds) - _MOST_NAMES
    return f"{named} and {more} more" if more > 0 else named


class Legend:
    """The entries in rows that fit into a width in pixels."""

    def __init__(self, found: Iterable[Entry], width: float) -> None:
        self._placed: list[tuple[int, float, Entry]] = []
        row, x = 0, _LEFT_PX
        for entry in found:
            needed = _SAMPLE_PX + 5 + width_px(entry.text)
            if x > _LEFT_PX and x + needed > width:
                row, x = row + 1, _LEFT_PX
            self._placed.append((row, x, entry))
            x += needed + 14
        self.rows = row + 1 if self._placed else 0

    def svg(self, top: float) -> Iterator[str]:
        """The legend with its upper edge at `top`."""
        for row, x, entry in self._placed:
            y = top + row * LINE_PX + LINE_PX - 4
            yield (
                f'<path d="M{px(x)} {px(y - 4)}h{_SAMPLE_PX}" stroke="{entry.colour}"'
                f"{entry.stroke}/>"
            )
            text = escaped(entry.text)
            yield f'<text x="{px(x + _SAMPLE_PX + 5)}" y="{px(y)}" fill="{INK}">{text}</text>'
