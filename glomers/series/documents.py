"""The project's documents that notebooks link to: they become pages too, so that links work."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup

from glomers.series.notebook import Notebook

_LINK = re.compile(r"\]\(([^()\s]+\.md)(?:#[^()\s]*)?\)")
_HEADINGS = ["h1", "h2", "h3", "h4", "h5", "h6"]


def linked_documents(notebooks: Iterable[Notebook]) -> list[Path]:
    """The Markdown files that cells with prose link to, each once, as far as they are there."""
    found = {
        (notebook.home / unquote(address)).resolve()
        for notebook in notebooks
        for cell in notebook.cells
        if cell.kind == "markdown"
        for address in _LINK.findall(cell.source)
        if not urlsplit(address).scheme
    }
    return sorted(path for path in found if path.is_file())


def document_body(path: Path) -> BeautifulSoup:
    """A Markdown file as HTML, its headings under the names by which links know them."""
    from nbconvert.filters import markdown2html

    body = BeautifulSoup(markdown2html(path.read_text(encoding="utf-8")), features="html.parser")
    for heading in body.find_all(_HEADINGS):
        anchor = heading.find("a", class_="anchor-link")
        sign = anchor.extract() if anchor else None
        heading["id"] = _slug(heading.get_text())
        if sign:
            sign["href"] = f"#{heading['id']}"
            heading.append(sign)
    return body


def _slug(heading: str) -> str:
    """The name of a heading in links, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
