"""The notebook of an exercise, made from its manifest and its solution."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from glomers.environment import LANGUAGE
from glomers.workshop.exercise import HINTS, Exercise, Variation, exercises

FOLDER = Path("notebooks") / "exercises"
"""Where the notebooks are, below the project's folder."""
HUNT_FILE = "08-exercise.ipynb"
"""The notebook with the bug hunt."""
PARAMETERS = "SEEDS = None  # runs of the longest stage; None: 50 or 100"
_OUTCOME = "What comes of it"
_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": LANGUAGE,
}

Cell = dict[str, Any]


def file_name(exercise: Exercise) -> str:
    """The name of an exercise's notebook."""
    return f"{exercise.challenge.notebook.partition('-')[0]}-exercise.ipynb"


def notebook(exercise: Exercise, *, has_solution: bool = True) -> str:
    """The text of an exercise's notebook file, without outputs."""
    return file_text(cell for cell in _cells(exercise) if has_solution or cell["id"] != "solution")


def file_text(cells: Iterable[Cell]) -> str:
    """The text of a notebook file with these cells."""
    content = {"cells": [*cells], "metadata": _METADATA, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _cells(exercise: Exercise) -> Iterator[Cell]:
    yield prose("head", _head(exercise))
    yield code("parameters", PARAMETERS, True)
    yield code("begin", "from glomers import lab\n\nlab.workspace()")
    yield prose("promise", f"## What is promised\n\n{exercise.promise}")
    yield prose("skeleton-prose", _SKELETON.format(node=exercise.node))
    yield code("node", f"%%writefile {exercise.node}\n{exercise.skeleton}")
    yield prose("predict", f"## Predict\n\n{exercise.predict.strip()}\n\nWrite your guess here: …")
    yield prose("hints", _hints(exercise))
    yield prose("check-prose", _stages(exercise))
    yield code("check", f'lab.check("{exercise.id}", "{exercise.node}", seeds=SEEDS)')
    yield prose("outcome", _outcome(exercise))
    yield prose("solution", _solution(exercise))
    yield prose("variations", _variations(exercise))


def prose(id: str, text: str) -> Cell:
    """A cell with prose."""
    return {"cell_type": "markdown", "id": id, "metadata": {}, "source": text.strip()}


def code(id: str, text: str, is_parameters: bool = False) -> Cell:
    """A code cell without outputs; the first one may hold the notebook's parameters."""
    metadata = {"tags": ["parameters"]} if is_parameters else {}
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": id,
        "metadata": metadata,
        "outputs": [],
        "source": text.strip(),
    }


WORK_FOLDER = (
    "the work folder, to which `lab.workspace()` has gone: `runs/` beside the README, unless "
    "`GLOMERS_WORK` names another"
)
_SKELETON = f"""
## Your node

Put your own lines in the place of each comment `YOUR CODE`, and of the `raise` below it where there is one: a whole function that is missing has none. Run the cell, which writes the file `{{node}}` in {WORK_FOLDER}.

The file runs as it stands. A gap that is reached raises an error that says what is to be done there, and of a missing function the check says who waits for it. You may run the check after each gap.
"""  # noqa: E501


def _head(exercise: Exercise) -> str:
    lesson = exercise.challenge.notebook
    objectives = "\n".join(f"- {objective}" for objective in exercise.objectives)
    needs = ", ".join(f"exercise {id}" for id in exercise.needs) or "nothing"
    return (
        f"# Exercise {exercise.id} · {exercise.title}\n\n"
        f"**Time:** {exercise.minutes} minutes. **Needs:** {needs}. "
        f"**Lesson:** [{lesson}](../{lesson}.ipynb), to read afterwards.\n\n"
        f"Afterwards you can\n\n{objectives}\n\n{exercise.task.strip()}"
    )


def _hints(exercise: Exercise) -> str:
    return (
        f"## Hints\n\nOne at a time, and only when you are stuck.\n\n{folded_hints(exercise.hints)}"
    )


def folded_hints(hints: Sequence[str]) -> str:
    """The hints, folded away one by one."""
    numbered = enumerate(zip(HINTS, hints, strict=True), start=1)
    return "\n\n".join(folded(f"Hint {n}: {kind.lower()}", hint) for n, (kind, hint) in numbered)


def folded(summary: str, text: str) -> str:
    """Text that is folded away under a summary."""
    return f"<details><summary>{summary}</summary>\n\n{text.strip()}\n\n</details>"


def _stages(exercise: Exercise) -> str:
    stages = "\n".join(
        f"{number}. **{name}:** {text}"
        for number, (name, text) in enumerate(exercise.stages.items(), start=1)
    )
    return (
        "## Check\n\nThe check goes through these stages and stops at the first promise that is "
        "broken. It says what went wrong and in which line, and shows the smallest failure that "
        f"it finds.\n\n{stages}"
    )


def _outcome(exercise: Exercise) -> str:
    outcome = exercise.outcome
    text = outcome[:1].upper() + outcome[1:]
    return f"## Your prediction\n\n{folded(_OUTCOME, text)}"


def _solution(exercise: Exercise) -> str:
    lines = exercise.own_lines
    length = f"In the gaps ours has {lines} lines" if lines > 1 else "In the gap ours has 1 line"
    code = f"```python\n{exercise.answer}```"
    text = f"{length}.\n\n{code}\n\n{exercise.reason}"
    return f"## Solution\n\n{folded('Ours, and why', text)}"


def _variations(exercise: Exercise) -> str:
    numbered = enumerate(exercise.variations, start=1)
    items = "\n\n".join(f"**{number}.** {_variation(each)}" for number, each in numbered)
    return f"## For those who are quick\n\n{items}{_way_on(exercise)}"


def _variation(variation: Variation) -> str:
    """A variation and, folded, what comes of it."""
    return f"{variation.task.strip()}\n\n{folded(_OUTCOME, variation.outcome)}"


def _way_on(exercise: Exercise) -> str:
    """The link to the next exercise; after the last one, to the bug hunt."""
    all_exercises = list(exercises().values())
    following = all_exercises[all_exercises.index(exercise) + 1 :]
    if not following:
        return f"\n\n**Next:** [Find the bug]({HUNT_FILE})"
    return f"\n\n**Next:** [{following[0].id} · {following[0].title}]({file_name(following[0])})"
