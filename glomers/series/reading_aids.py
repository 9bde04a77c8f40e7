"""What helps to read a long page: its contents, long code cut short, boxes that keys can scroll."""

from __future__ import annotations

import re
from base64 import b64encode
from pathlib import PurePosixPath

from bs4 import BeautifulSoup, Tag
from markupsafe import Markup, escape

LONG_LINES = 40
"""Code of more lines than this is shown in part until somebody asks for the rest."""
_LEAST_PARTS = 3
"""A page of fewer parts needs no list of them."""
_WRITES = re.compile(r"^%%writefile (?:-a )?(\S+)\n")
_TABLE_BOX = ["output", "wide"]
_SCROLLS = re.compile(r"overflow-x:\s*auto")
_DRAWN = re.compile("[\u2500-\u257f]")
"""Signs for lines, of which a picture in text is made."""


def contents(body: BeautifulSoup, notebook: str) -> str:
    """Links to the parts of a page, and to its notebook at that address; HTML."""
    heads = [(head.get("id"), _words(head)) for head in body.find_all("h2")]
    items = [Markup('<li><a href="#{}">{}</a></li>').format(*head) for head in heads if head[0]]
    link = f'<p class="files"><a download href="{escape(notebook)}">Download the notebook</a></p>'
    if len(items) < _LEAST_PARTS:
        return link
    listed = "\n".join(items)
    return f"<details><summary>On this page</summary>\n<ul>\n{listed}\n</ul>\n{link}</details>"


def _words(head: Tag) -> str:
    """A heading without the sign that links to it."""
    return "".join(
        text for text in head.strings if text.parent and "anchor-link" not in _classes(text.parent)
    ).strip()


def _classes(tag: Tag) -> list[str]:
    return list(tag.get_attribute_list("class"))


def mend(body: BeautifulSoup) -> None:
    """Make the cells of a page easier to read and to use, in place."""
    for code in body.select(".input_area > .highlight"):
        _link_file(body, code)
        _fold_if_long(body, code)
    _let_boxes_scroll(body)
    _drop_empty_heads(body)


def _link_file(body: BeautifulSoup, code: Tag) -> None:
    """Below a cell that writes a file, a link to that file."""
    source = code.get_text()
    found = _WRITES.match(source)
    if not found:
        return
    name, text = PurePosixPath(found[1]).name, source[found.end() :]
    address = f"data:text/x-python;base64,{b64encode(text.encode()).decode('ascii')}"
    link = (
        f'<p class="files"><a download="{escape(name)}" href="{address}">'
        f"Download {escape(name)}</a></p>"
    )
    code.insert_after(BeautifulSoup(link, "html.parser"))


def _fold_if_long(body: BeautifulSoup, code: Tag) -> None:
    lines = code.get_text().rstrip().count("\n") + 1
    if lines <= LONG_LINES:
        return
    code.wrap(body.new_tag("div", attrs={"class": "long"}))
    fold = (
        f'<details><summary><span class="more">Show all {lines} lines</span>'
        '<span class="less">Show fewer lines</span></summary></details>'
    )
    code.insert_after(BeautifulSoup(fold, "html.parser"))


def _let_boxes_scroll(body: BeautifulSoup) -> None:
    """What may be wider than a page gets a box with a name that scrolls, by keys as well."""
    for table in body.find_all("table"):
        if not table.find_parent(class_=_TABLE_BOX):
            table.wrap(body.new_tag("div", attrs={"class": "wide"}))
    drawings = [text for text in body.find_all("pre") if _is_drawn(text)]
    for drawing in drawings:
        drawing.wrap(body.new_tag("div", attrs={"class": "wide drawing"}))
    tables = (table.find_parent(class_=_TABLE_BOX) for table in body.find_all("table"))
    boxes = [(box, "Table") for box in tables]
    boxes += [(box, "Picture") for box in body.find_all("div", style=_SCROLLS)]
    boxes += [(drawing.parent, "Picture") for drawing in drawings]
    for box, name in boxes:
        if box is not None:
            box.attrs |= {"tabindex": "0", "role": "group", "aria-label": f"{name}, may scroll"}


def _is_drawn(text: Tag) -> bool:
    """Whether a text of a document is a picture, of which no line may be broken."""
    return bool(_DRAWN.search(text.get_text())) and not text.find_parent(class_="output")


def _drop_empty_heads(body: BeautifulSoup) -> None:
    """A heading of a table without a word in it is none."""
    for head in body.find_all("th"):
        if not head.get_text(strip=True):
            head.name = "td"
            head.attrs.pop("scope", None)
