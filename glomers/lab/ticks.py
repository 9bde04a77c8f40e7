"""A node's way through the stages of a challenge, as ticks in a notebook."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from glomers.engine.guarded import run_module
from glomers.errors import LabError
from glomers.lab import html
from glomers.lab.figure import Figure
from glomers.lab.front import is_watched
from glomers.lab.played import counterexample
from glomers.lab.run import Run
from glomers.lab.seeds import whole_count
from glomers.lab.tail import shown_tail
from glomers.reading.finding import HEADING

DEADLINE_S = 300.0
"""How long a check may take, in seconds."""
_NAME = "verdict.json"
_MARKS = {True: ("✓", "#1a7f37"), False: ("✗", "#b42318"), None: ("·", "#6e7781")}
"""The mark of a stage that passed, is broken, or was not reached, and its colour."""
_LIST_STYLE = "list-style:none;padding-left:4px;margin:6px 0"


class Ticks:
    """What a check came to; a notebook shows it as a list of ticks.

    Attributes:
        challenge: the id of the challenge.
        passed: whether all stages passed.
        stages: one dict each, with `name`, `passed` (None: not reached) and `why`.
        counterexample: the picture of the smallest failure, if one was found.
    """

    def __init__(self, told: dict[str, Any], picture: Figure | None) -> None:
        self.challenge: str = told["challenge"]
        self.passed: bool = told["passed"]
        self.stages: list[dict[str, Any]] = told["stages"]
        self.counterexample = picture
        self._told = told

    def __repr__(self) -> str:
        text: str = self._told["text"]
        return text

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": "".join(self._html()), "text/plain": repr(self)}

    def _html(self) -> Iterator[str]:
        yield f'<ul style="{_LIST_STYLE}">'
        for stage in self.stages:
            mark, colour = _MARKS[stage["passed"]]
            yield f'<li><b style="color:{colour}">{mark} {html.text(stage["name"])}</b>'
            is_told_below = stage["passed"] is False and self._told["findings"]
            yield "" if is_told_below else f" <small>{html.prose(stage['why'])}</small>"
            yield "</li>"
        yield "</ul>"
        yield _listed(HEADING, self._told["findings"])
        yield _listed(self._told["yet"], self._told["remarks"])
        for line in filter(None, [self._told["relies_on"], self._told["advice"]]):
            yield f"<p>{html.prose(line)}</p>"
        if self.counterexample:
            yield self.counterexample._repr_mimebundle_()["text/html"]
        for line in self._told["proof"]:
            yield f"<p><small>{html.prose(line)}</small></p>"
        if outdated := self._told["outdated"]:
            yield f"<p>{html.prose(outdated)}</p>"


def _listed(title: str, sentences: Sequence[str]) -> str:
    items = "".join(f"<li>{html.prose(sentence)}</li>" for sentence in sentences)
    return f"<b>{html.text(title)}</b><ol>{items}</ol>" if items else ""


def check(challenge: str, node: str | Path, *, seeds: int | None = None) -> Ticks:
    """Take a node through the stages of a challenge, up to the first promise that it breaks.

    In a notebook a line says meanwhile which stages have passed.

    Args:
        challenge: its id, such as "3c", or that of a bug hunt, such as "hunt-1".
        node: the node's program.
        seeds: how many runs the last stage before the limits has; by default 50 or 100.

    Raises:
        LabError: when there is no such challenge or node, or the node cannot run in virtual time.
    """
    count = whole_count("The number of seeds", seeds) if seeds is not None else 0
    try:
        with TemporaryDirectory(prefix="glomers-", ignore_cleanup_errors=True) as folder:
            words = [folder, challenge, str(count), str(node)]
            with shown_tail(None if is_watched() else _not_shown) as tail:
                ended = run_module("glomers.workshop.handover", words, DEADLINE_S, tail)
            told = Path(folder) / _NAME
            if not told.exists():
                why = ended.err.strip().rpartition("\n")[2]
                raise LabError(why or f"The check ended with status {ended.status}.")
            return _loaded(told)
    except OSError as error:
        raise LabError(f"There is no place for the check: {error.strerror}.") from None


def _not_shown(line: str) -> None:
    """Nobody looks on, and what is kept of a check is what came of it."""


def _loaded(path: Path) -> Ticks:
    told = json.loads(path.read_text(encoding="utf-8"))
    picture = counterexample(Run.load(told["store"])) if told["store"] else None
    return Ticks(told, picture)
