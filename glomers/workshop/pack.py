"""`glomers workshop DIR`: what students are handed out, without answers and without outputs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from glomers.errors import WorkshopError
from glomers.files import reason, shipped_notebooks
from glomers.workshop.exercise import exercises
from glomers.workshop.hunt_sheet import hunt_notebook, manifest
from glomers.workshop.sheet import FOLDER, HUNT_FILE, file_name, notebook

_FOLDED = re.compile(r"<details>.*?</details>\s*", re.DOTALL)
_LINK = re.compile(r"(?<!!)\[([^]]+)\]\(([^():#\s]+)(#[^()\s]*)?\)")
_GUIDE = Path("docs") / "when-things-go-wrong.md"
_README_FILE = Path("README.md")


def write_pack(folder: Path) -> int:
    """Write the pack to a folder that is empty or not there yet; returns how many notebooks it has.

    Raises:
        WorkshopError: when the folder cannot be used, or the lessons are not installed.
    """
    source = _source()
    lessons = sorted((source / "notebooks").glob("*.ipynb"))
    sheets = {
        FOLDER / file_name(exercise): notebook(exercise, has_solution=False)
        for exercise in exercises().values()
    }
    sheets[FOLDER / HUNT_FILE] = hunt_notebook(has_solution=False)
    names = {path.name for path in (*lessons, *sheets, _GUIDE)}
    given = {Path("notebooks") / path.name: _without_answers(path, names) for path in lessons}
    given |= sheets
    guide = (source / _GUIDE).read_text(encoding="utf-8")
    texts = {_README_FILE: _readme(), _GUIDE: _within(guide, names)}
    try:
        if folder.exists() and any(folder.iterdir()):
            raise WorkshopError(f"{folder} is not empty: name a new folder for the pack.")
        for path, text in (given | texts).items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise WorkshopError(f"{folder} cannot be written: {reason(error)}.") from None
    return len(given)


def _source() -> Path:
    """The folder below which the lessons and documents are.

    Raises:
        WorkshopError: when there is none.
    """
    found = shipped_notebooks()
    if found is None:
        raise WorkshopError("The lessons are not installed with this package: install it anew.")
    return found.parent


def _without_answers(path: Path, names: set[str]) -> str:
    """A lesson without outputs, and without what it folds away."""
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return _text({**content, "cells": list(_cells(content["cells"], names))})


def unexecuted(path: Path) -> str:
    """The text of a notebook without outputs."""
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return _text({**content, "cells": list(map(_cleared, content["cells"]))})


def _text(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _cleared(cell: dict[str, Any]) -> dict[str, Any]:
    if cell["cell_type"] != "code":
        return cell
    return {**cell, "execution_count": None, "outputs": []}


def _cells(cells: list[dict[str, Any]], names: set[str]) -> Iterator[dict[str, Any]]:
    for cell in cells:
        source = cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])
        if cell["cell_type"] == "code":
            yield _cleared(cell)
        elif kept := _FOLDED.sub("", source).strip():
            yield {**cell, "source": _within(kept, names)}


def _within(text: str, names: set[str]) -> str:
    """The text with its links to files of the pack; of others their own text is left."""
    return _LINK.sub(lambda link: link[0] if Path(link[2]).name in names else link[1], text)


def _readme() -> str:
    rows = "\n".join(
        f"| [{exercise.id} · {exercise.title}]({FOLDER.as_posix()}/{file_name(exercise)}) "
        f"| {exercise.minutes} | {', '.join(exercise.needs) or '–'} |"
        for exercise in exercises().values()
    )
    hunt = manifest()
    link = f"[{hunt['title']}]({FOLDER.as_posix()}/{HUNT_FILE})"
    return _README.format(rows=f"{rows}\n| {link} | {hunt['minutes']} | 2, 3c, 4, 6b |")


_README = """# Gossip Glomers: the workshop

You write the nodes of a distributed system, and know at once whether they are right.

1. **Install**, in the folder of this file, with Python 3.11 or newer: put the file
   `glomers-*.whl` that you were given here as well, then `python3 -m venv .venv` and
   `.venv/bin/pip install glomers-*.whl`.
2. **Open** the notebooks: `.venv/bin/jupyter lab notebooks/exercises/01-exercise.ipynb`.
3. **Write** your node, run the cells from top to bottom, and read what the check says. Mend the
   node, and run its cell and the check again.

Your nodes are in `runs/nodes/`. From a terminal the same check is
`.venv/bin/glomers assess 3c --bin runs/nodes/my_3c.py`; with `--watch` it is done again whenever
the file changes. What that command has looked into is left in `assess/`, which may be deleted.

| exercise | minutes | needs |
|---|---:|---|
{rows}

Each exercise has three hints, which are folded: a question, an idea, a line. The lessons in
`notebooks/` build the same nodes step by step, and go further; read a lesson after its exercise.
[docs/when-things-go-wrong.md](docs/when-things-go-wrong.md#what-a-check-says) says what each
finding means: look for its words there.
"""
