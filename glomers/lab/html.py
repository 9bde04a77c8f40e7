"""Small pieces of HTML; whatever comes from a run is escaped."""

from __future__ import annotations

import re
from html import escape

from glomers.formats.text import clean

_CODE = re.compile(r"`([^`]+)`")


def text(value: object) -> str:
    """`value` as text that HTML takes for nothing else, in elements and quoted attributes."""
    return escape(clean(str(value)), quote=True)


def prose(value: object) -> str:
    """`value` as text, in which what stands between backticks is code."""
    return _CODE.sub(r"<code>\1</code>", text(value))


def preformatted(lines: str) -> str:
    """Several lines as they are."""
    return f'<pre style="margin:4px 0;white-space:pre-wrap">{text(lines)}</pre>'
