"""Small pieces of HTML; whatever comes from a run is escaped."""

from __future__ import annotations

from html import escape

from glomers.formats.text import clean


def text(value: object) -> str:
    """`value` as text that HTML takes for nothing else, in elements and quoted attributes."""
    return escape(clean(str(value)), quote=True)


def preformatted(lines: str) -> str:
    """Several lines as they are."""
    return f'<pre style="margin:4px 0;white-space:pre-wrap">{text(lines)}</pre>'
