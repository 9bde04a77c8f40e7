"""Text in an SVG: escaped, and measured before anybody draws it."""

from __future__ import annotations

import re
from html import escape
from math import fsum
from unicodedata import east_asian_width

from glomers.formats.text import clean

FONT = "Helvetica, Arial, Liberation Sans, DejaVu Sans, sans-serif"
FONT_PX = 11
LINE_PX = 15

_NARROW = frozenset(" !'(),-./:;I[]fijlrt|")
_BROAD = frozenset("ABCDEFGHJKLNOPQRSTUVXYZ&#+<=>~")
_WIDE = frozenset("%@MWmw→…")
_EM_OF_NARROW, _EM_OF_OTHERS, _EM_OF_BROAD, _EM_OF_WIDE = 0.35, 0.6, 0.75, 1.0
"""Rather more than in Helvetica, Arial and Liberation Sans, which are alike in this."""
_WIDER_IN_BOLD = 1.08


def escaped(text: str) -> str:
    """Text as the content of an element."""
    return escape(clean(text), quote=False)


def attribute(text: str) -> str:
    """Text as the value of an attribute, in its quotes."""
    line = clean(text).replace("\n", " ").replace("\t", " ")
    return f'"{escape(line)}"'


def width_px(text: str, font_px: float = FONT_PX, *, bold: bool = False) -> float:
    """How wide text is, rather too much than too little."""
    # From Python 3.12 on `sum` rounds otherwise, and pictures are to be the same everywhere.
    return fsum(map(_em, text)) * font_px * (_WIDER_IN_BOLD if bold else 1.0)


def _em(character: str) -> float:
    if character in _NARROW:
        return _EM_OF_NARROW
    if character in _BROAD:
        return _EM_OF_BROAD
    if character in _WIDE or east_asian_width(character) in "WF":
        return _EM_OF_WIDE
    return _EM_OF_OTHERS


def fitting(text: str, room: float) -> str:
    """As much of a text as fits into a width in pixels."""
    while width_px(text) > room and len(text) > 1:
        text = f"{text.removesuffix('…')[:-1]}…"
    return text


def wrapped(text: str, width: float, font_px: float = FONT_PX, *, bold: bool = False) -> list[str]:
    """The lines of a text that is to fit into a width in pixels; long words stand out."""
    lines = [""]
    for word in re.split(r"\s+", text.strip()):
        longer = f"{lines[-1]} {word}".lstrip()
        if lines[-1] and width_px(longer, font_px, bold=bold) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def px(value: float) -> str:
    """A length with a tenth of a pixel."""
    return f"{value:.1f}".removesuffix(".0")
