"""The notebook of the bug hunt, made from `hunts.toml` and the mended nodes."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from glomers.workshop.bug import mended, with_bug
from glomers.workshop.hunts import HUNTS
from glomers.workshop.sheet import (
    PARAMETERS,
    WORK_FOLDER,
    Cell,
    code,
    file_text,
    folded,
    folded_hints,
    prose,
)

_FOLDER = Path(__file__).parent
_CHECK = """for number in range(1, 6):
    print(f"hunt-{number}")
    display(lab.check(f"hunt-{number}", f"nodes/hunt_{number}.py", seeds=SEEDS))"""


def answer(id: str) -> str:
    """A mended node, with its bug beside it."""
    path = _FOLDER / "answers" / f"{id.replace('-', '_')}.py"
    return path.read_text(encoding="utf-8")


def manifest() -> dict[str, Any]:
    """What stands in `hunts.toml`."""
    return tomllib.loads((_FOLDER / "hunts.toml").read_text(encoding="utf-8"))


def hunt_notebook(*, has_solution: bool = True) -> str:
    """The text of the bug hunt's notebook file, without outputs."""
    cells = _cells(manifest())
    return file_text(cell for cell in cells if has_solution or not cell["id"].endswith("-solution"))


def _cells(told: dict[str, Any]) -> Iterator[Cell]:
    yield prose("head", _head(told))
    yield code("parameters", PARAMETERS, True)
    yield code("begin", "from glomers import lab\n\nlab.workspace()")
    for hunt in told["hunts"]:
        yield from _nodes(hunt)
    yield prose("check-prose", _CHECK_PROSE)
    yield code("check", _CHECK)
    for hunt in told["hunts"]:
        yield prose(f"{hunt['id']}-solution", _solution(hunt))


_CHECK_PROSE = """## Check

Each node is taken through the stages until one breaks. Change the cells above, and run this one again, until all five pass."""  # noqa: E501


def _head(told: dict[str, Any]) -> str:
    lesson = HUNTS["hunt-1"].notebook
    return (
        f"# Exercise · {told['title']}\n\n"
        f"**Time:** {told['minutes']} minutes. **Needs:** exercises 2, 3c, 4 and 6b. "
        f"**Lesson:** [{lesson}](../{lesson}.ipynb), to read afterwards: it hunts the same "
        "bugs.\n\n"
        f"{told['intro'].strip()}\n\nThe cells write their files in {WORK_FOLDER}."
    )


def _nodes(hunt: dict[str, Any]) -> Iterator[Cell]:
    id, name = hunt["id"], HUNTS[hunt["id"]].name
    asked = f"**Predict:** {hunt['predict']}\n\nWrite your guess here: …"
    yield prose(f"{id}-task", f"## {name}\n\n{hunt['task']}\n\n{asked}")
    yield code(f"{id}-node", f"%%writefile nodes/{id.replace('-', '_')}.py\n{with_bug(answer(id))}")
    yield prose(f"{id}-hints", folded_hints(hunt["hints"]))


def _solution(hunt: dict[str, Any]) -> str:
    node = f"```python\n{mended(answer(hunt['id']))}```"
    return folded(f"{HUNTS[hunt['id']].name}: mended, and why", f"{node}\n\n{hunt['why']}")
