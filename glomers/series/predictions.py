"""What follows a prediction, folded: a page does not tell before its reader has had a chance."""

from __future__ import annotations

import re
from itertools import takewhile

from bs4 import BeautifulSoup, Tag

SUMMARY = "Show what happened"
_PREDICT = re.compile(r"^Predict\b")
_NEXT_PART = re.compile(r"^h[1-6r]$")
"""A heading, or a line across the page."""


def fold(body: BeautifulSoup) -> None:
    """Fold what answers each **Predict** of a page into a `<details>`, which needs no script.

    That begins with the outputs of the next code cell that shows something and does not just write
    a file. It goes on with the code cells that follow at once and with the prose after them, up to
    a heading or a line, another prediction, or a last paragraph that leads on to the next cell with
    a colon. Prose that is nothing but such a paragraph belongs to the answer, and so does what it
    leads to.
    A cell that failed stays in sight.
    """
    awaited, answer = False, None
    for cell in body.find_all(class_="cell"):
        if "code_cell" in cell["class"]:
            if _failed(cell):
                awaited, answer = False, None
            elif answer is not None:
                answer.append(cell.extract())
            elif awaited and (shown := _shown(cell)):
                awaited, answer = False, _details(body)
                shown.wrap(answer)
            continue
        prose = cell.find(class_="rendered_html") or cell
        if answer is not None and not _moved(body, prose, answer):
            answer = None
        awaited = awaited or _predicts(prose)


def _shown(cell: Tag) -> Tag | None:
    """The outputs of a code cell, unless it has none or just writes a file."""
    source = cell.find(class_="highlight")
    writes = source is not None and source.get_text().lstrip().startswith("%%writefile")
    return None if writes else cell.find(class_="output_wrapper")


def _failed(cell: Tag) -> bool:
    return cell.find(class_="output_error") is not None


def _predicts(prose: Tag) -> bool:
    return prose.find("strong", string=_PREDICT) is not None


def _details(body: BeautifulSoup) -> Tag:
    details = body.new_tag("details", attrs={"class": "answer"})
    summary = body.new_tag("summary")
    summary.string = SUMMARY
    details.append(summary)
    return details


def _moved(body: BeautifulSoup, prose: Tag, answer: Tag) -> bool:
    """Move what explains an answer to it; whether the answer goes on after this cell."""
    blocks = prose.find_all(True, recursive=False)
    explains = list(takewhile(lambda block: not _ends_answer(block), blocks))
    leads_on = bool(blocks) and blocks[-1].get_text().rstrip().endswith(":")
    if leads_on and explains == blocks and len(blocks) > 1:
        explains.pop()
    if explains:
        box = body.new_tag("div", attrs={"class": "rendered_html"})
        answer.append(box)
        for block in explains:
            box.append(block.extract())
    return leads_on and len(blocks) == len(explains) == 1


def _ends_answer(block: Tag) -> bool:
    return _predicts(block) or _NEXT_PART.match(block.name) is not None
