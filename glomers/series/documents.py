"""The project's documents that readers are led to: they become pages too, so that links work."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup

from glomers.series.notebook import Notebook, plain

_LINK = re.compile(r"\]\(([^()\s]+\.md)(?:#[^()\s]*)?\)")
_README = "README.md"
_HEADINGS = ["h1", "h2", "h3", "h4", "h5", "h6"]


def linked_documents(notebooks: Iterable[Notebook]) -> list[Path]:
    """The Markdown files that cells with prose link to, and those that these lead to in turn.

    Each is there once, as far as it is there at all; of several of one name, the one met first.
    """
    found: dict[str, Path] = {}
    waiting = [
        path
        for notebook in notebooks
        for cell in notebook.cells
        if cell.kind == "markdown"
        for path in _linked(cell.source, notebook.home)
    ]
    for path in waiting:  # which grows
        if path.name not in found and path.is_file():
            found[path.name] = path
            waiting += _linked(_text(path), path.parent)
    return list(found.values())


def reading_list(documents: Sequence[Path]) -> list[Path]:
    """What a front page offers of these: what the README leads to, or all where there is none."""
    readme = next((path for path in documents if path.name == _README), None)
    if readme is None:
        return list(documents)
    offered = dict.fromkeys(_linked(_text(readme), readme.parent))
    return [readme, *(path for path in offered if path in documents and path != readme)]


def document_title(path: Path) -> str:
    """The first heading of a document, or its name where there is none."""
    heads = (line[2:] for line in _text(path).splitlines() if line.startswith("# "))
    return plain(next(heads, path.stem))


def _linked(source: str, folder: Path) -> Iterator[Path]:
    """The Markdown files that a text links to."""
    for address in _LINK.findall(source):
        if not urlsplit(address).scheme:
            yield (folder / unquote(address)).resolve()


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def document_body(path: Path) -> BeautifulSoup:
    """A Markdown file as HTML, its headings under the names by which links know them."""
    from nbconvert.filters import markdown2html

    body = BeautifulSoup(markdown2html(_text(path)), features="html.parser")
    for heading in body.find_all(_HEADINGS):
        anchor = heading.find("a", class_="anchor-link")
        sign = anchor.extract() if anchor else None
        heading["id"] = _slug(heading.get_text())
        if sign:
            sign["href"] = f"#{heading['id']}"
            heading.append(sign)
    for text in body.select("td code"):  # the sign of columns has to be escaped even there
        text.string = text.get_text().replace("\\|", "|")
    return body


def _slug(heading: str) -> str:
    """The name of a heading in links, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
