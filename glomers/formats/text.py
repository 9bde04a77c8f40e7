"""Text that comes from a node, made fit for a terminal, a page or a picture."""

from __future__ import annotations

import re

# What XML 1.0 allows (production 2, "Char"), which leaves out lone surrogates too. Legal, but left
# out as well: the controls from 7F to 9F, which terminals obey, and the direction marks, which
# would let a node turn the text around it.
_FORBIDDEN = re.compile(
    "[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\u202a-\u202e\u2066-\u2069]"
)


def clean(text: str) -> str:
    """`text` without control characters, whatever else XML forbids, and marks of direction."""
    return _FORBIDDEN.sub("", text)


def shortened(text: str, most: int) -> str:
    """`text`, cut to `most` characters, of which the last then is an ellipsis."""
    return text if len(text) <= most else beginning(text, most - 1)


def beginning(text: str, count: int) -> str:
    """The first characters of `text`, and an ellipsis where there are more."""
    return text if len(text) <= count else text[:count] + "…"
