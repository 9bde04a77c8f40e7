"""What a lesson says about itself in its first cell: promise, minutes and idea."""

from __future__ import annotations

import re
from dataclasses import dataclass

from glomers.series.notebook import Notebook, plain

_PROMISE = re.compile(r"\*\*(You will)\*\* (.*?)(?=\s\*\*|\n\s*\n|$)", re.DOTALL)
_MINUTES = re.compile(r"\*\*Time:\*\*\D{0,9}(\d+) minutes(?:, and (\d+) to go further)?")
_IDEA = re.compile(r"\*\*Ideas?:\*\* (.*?)\.(?=\n\s*\n|$)", re.DOTALL)
_MOST_CHARACTERS = 200
"""Of a description; search engines and messengers show no more."""


@dataclass(frozen=True)
class Abstract:
    """A lesson in few words, as plain text; what it does not say is empty.

    `minutes` is one number, or two with a plus: the second is for going further.
    """

    promise: str
    minutes: str
    idea: str


def abstract(notebook: Notebook) -> Abstract:
    """What a notebook says about itself; in another form, its first paragraph is the promise."""
    head = next((cell.source for cell in notebook.cells if cell.kind == "markdown"), "")
    promise, minutes, idea = (form.search(head) for form in (_PROMISE, _MINUTES, _IDEA))
    first = f"{promise[1]} {promise[2]}" if promise else _first_paragraph(head)
    return Abstract(
        _cut(plain(first)),
        " + ".join(filter(None, minutes.groups())) if minutes else "",
        plain(idea[1]) if idea else "",
    )


def _first_paragraph(text: str) -> str:
    blocks = (block.strip() for block in re.split(r"\n\s*\n", text))
    return next((block for block in blocks if block[:1] not in ("", "#", "!", "<", "|")), "")


def _cut(text: str) -> str:
    """As much of a text as is shown, ending with a whole word."""
    text = " ".join(text.split())
    if len(text) <= _MOST_CHARACTERS:
        return text
    return text[:_MOST_CHARACTERS].rpartition(" ")[0].rstrip(",;:") + " …"
