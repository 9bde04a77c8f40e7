"""The playground: any node, any command; what there is to begin with is a menu."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from html import escape
from importlib import import_module
from pathlib import Path

from glomers.challenges import CHALLENGES, Challenge
from glomers.workshop.bug import with_bug
from glomers.workshop.hunt_sheet import answer
from glomers.workshop.hunts import HUNTS, TASKS

TITLE = "Playground"
NAME = "playground.html"
_FILE = "node.py"

_BODY = """<h1>Playground</h1>
<p>Any node with any command. It runs here, in your browser, in virtual time: 20 seconds of a test
take about a second, and nothing is sent anywhere. The same file runs on the real Maelstrom.</p>
<noscript><p class="note">The playground needs JavaScript.</p></noscript>
<div id="playground"></div>
<script type="application/json" id="menu">{menu}</script>"""


@dataclass(frozen=True)
class Example:
    """An entry of the menu; `files` are by their names, and `node.py` is the node."""

    group: str
    name: str
    command: str
    challenge: str | None
    check: str | None
    files: dict[str, str] = field(default_factory=dict)


def playground_body(root: Path) -> str:
    """The body of the page, with the menu in it; `root` is the project's folder."""
    examples = [*_solutions(), *_hunts(), *_known_wrong(root)]
    menu = json.dumps([asdict(example) for example in examples], ensure_ascii=False)
    return _BODY.format(menu=menu.replace("<", "\\u003c"))


def _example(
    group: str, name: str, challenge: Challenge, files: dict[str, str], args: tuple[str, ...] = ()
) -> Example:
    words = ["test", *challenge.flags.split(), "--bin", _FILE, *(["--", *args] if args else [])]
    known = challenge.id if challenge.id in CHALLENGES else None
    return Example(group, name, shlex.join(words), known, challenge.id, files)


def _solutions() -> Iterator[Example]:
    for challenge in CHALLENGES.values():
        for version in challenge.versions:
            files = {_FILE: version.path.read_text(encoding="utf-8")}
            name = f"{challenge.id} · {version.name}: {version.design}"
            yield _example("Nodes of the series", name, challenge, files, version.args)


def _hunts() -> Iterator[Example]:
    for hunt in HUNTS.values():
        files = {_FILE: with_bug(answer(hunt.id))}
        yield _example("Find the bug", hunt.name, hunt, files)


def _known_wrong(root: Path) -> Iterator[Example]:
    """The nodes with which the checks are tested, where the page is made in a clone."""
    if not (root / "tests" / "helpers").is_dir():
        return
    sys.path.insert(0, str(root))
    try:
        known = import_module("tests.helpers.wrong_nodes").WRONG
    finally:
        sys.path.remove(str(root))
    for wrong in known:
        if wrong.challenge:
            files = {_FILE: wrong.source} | ({"helper.py": wrong.helper} if wrong.helper else {})
            name = f"{wrong.challenge} · {wrong.name.replace('_', ' ')}"
            yield _example("Known to be wrong", name, TASKS[wrong.challenge], files)


Links = Sequence[tuple[str, str]]
"""Addresses and titles of pages."""


def index_body(title: str, lessons: Links, exercises: Links, documents: Links) -> str:
    """The body of the first page."""
    return (
        f"<h1>{escape(title)}</h1>"
        "<p>You build nodes of a distributed system, run them, and see what went wrong. Nothing is "
        "to be installed: each node in these pages can be edited and run where it stands.</p>"
        f'<p><a href="{NAME}">Open the playground</a> for a node and a command of your own.</p>'
        f"<h2>Lessons</h2>{_list(lessons)}<h2>Exercises</h2>{_list(exercises)}"
        f"<h2>Look it up</h2>{_list(documents, 'documents')}"
        '<p><a href="NOTICE.txt">What these pages are made of</a></p>'
    )


def _list(pages: Links, kind: str = "pages") -> str:
    items = "".join(f'<li><a href="{href}">{escape(title)}</a></li>' for href, title in pages)
    return f'<ul class="{kind}">{items}</ul>'
