"""The colours of all pictures and charts, and which of them text can be read in.

The hues are Okabe and Ito's, which people with any colour vision can tell apart; green and purple
are darker than theirs, so that a thin line shows on white and on a shaded stretch as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from math import ceil

COLOURS = ("#0072b2", "#008a64", "#b85c94", "#3a8fc7", "#000000")
"""For what is as it should be: lines, points and areas, in the order of use."""

ERROR_COLOUR = "#d55e00"
"""For what is wrong, and for limits."""

REFUSED_COLOUR = "#946c00"
"""For replies of the type `error`: often no fault, since a node may have expected them."""

QUIET_COLOUR = "#767676"
"""For what stands back: acknowledgements, the results of others, and what no colour is left for."""

PALE_COLOUR = "#b8b8b8"
"""For areas that stand back."""

PAPER = "#ffffff"
DARK_PAPER = "#1b1e22"
SHADE = "#f7eed4"
"""A stretch of time with a fault."""

SHADE_HEAD = "#f2e2b8"
"""The strip with its name, the darkest ground that text stands on."""

INK = "#222222"
FAINT_INK = "#555555"
RULE_COLOUR = "#999999"
"""The columns of a diagram."""

LEGIBLE = 4.5
"""The least contrast of text (Web Content Accessibility Guidelines 2.1, 1.4.3)."""


@cache
def ink(colour: str) -> str:
    """`colour`, as much darker as text in it has to be to be legible on every ground."""
    channels = _channels(colour)
    while contrast(_hex(channels), SHADE_HEAD) < LEGIBLE:
        channels = tuple(int(channel * 0.95) for channel in channels)
    return _hex(channels)


def legible(colour: str, grounds: Sequence[str]) -> str:
    """`colour`, as much darker or, on dark grounds, lighter as it has to be to be legible."""
    to = 0 if _luminance(grounds[0]) > 0.2 else 255
    channels = _channels(colour)
    while min(contrast(_hex(channels), ground) for ground in grounds) < LEGIBLE:
        channels = tuple(channel + _part(to - channel) for channel in channels)
    return _hex(channels)


def _part(difference: int) -> int:
    """A small part of a difference, and not nothing."""
    part = ceil(abs(difference) / 16)
    return part if difference > 0 else -part


def contrast(one: str, other: str) -> float:
    """The contrast of two colours such as `#0072b2`, from 1 to 21, as WCAG 2.1 defines it."""
    darker, lighter = sorted(map(_luminance, (one, other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(channel / 255) for channel in _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


def _channels(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[place : place + 2], 16) for place in (1, 3, 5))


def _hex(channels: tuple[int, ...]) -> str:
    return "#" + "".join(f"{channel:02x}" for channel in channels)
