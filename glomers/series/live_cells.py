"""Which cells of a page are live, and what its script has to know of them.

A live cell keeps what it is without a script. With one, its node can be edited and run in place.
"""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import asdict, dataclass

from bs4 import BeautifulSoup, Tag

from glomers.challenges import CHALLENGES, Challenge
from glomers.series.notebook import Cell, Notebook
from glomers.series.told_commands import Told, commands_of, node_file
from glomers.workshop.hunts import TASKS

_OF_EXERCISE = re.compile(r"nodes/(?:my_(\w+)|(hunt)_(\d+))\.py")
_RUNTIME = re.compile(r"^\s*(from|import) glomers\b", re.MULTILINE)


@dataclass(frozen=True)
class LiveNode:
    """What is done with a node.

    Attributes:
        file: the node's file, as the notebook calls it.
        command: what *Run* runs, from `test` on.
        seed: its seed.
        challenge: the id of the challenge whose limits its figures stand beside, if any.
        check: the id of the task that it can be checked for, if any.
        faults: those that *Explore* has; None: those of the command.
    """

    file: str
    command: str
    seed: int
    challenge: str | None
    check: str | None
    faults: str | None = None


def live_nodes(notebook: Notebook) -> dict[str, LiveNode]:
    """The nodes of a notebook that can be run in a page, by their files.

    Left out are programs that do not use the runtime, which have no virtual time, and nodes of
    which no command can be read off the cells.
    """
    told = commands_of(notebook)
    cells = ((node_file(cell), cell) for cell in notebook.code_cells)
    found = (_live(file, cell, told.get(file), notebook) for file, cell in cells if file)
    return {node.file: node for node in found if node}


def _live(file: str, cell: Cell, told: Told | None, notebook: Notebook) -> LiveNode | None:
    if not _RUNTIME.search(cell.source):
        return None
    if (task := _task_of(file)) is not None:
        command = f"test {task.flags} --bin {file}"
        return LiveNode(file, command, 0, task.id if task.id in CHALLENGES else None, task.id)
    if told is None:
        return None
    lesson = next(
        (each for each in CHALLENGES.values() if each.notebook == notebook.path.stem), None
    )
    check = lesson.id if lesson and lesson.workload in told.words else None
    is_official = lesson is not None and lesson.is_asked_by(told.words)
    challenge = lesson.id if lesson and is_official else None
    return LiveNode(file, shlex.join(told.words), told.seed, challenge, check, told.faults)


def _task_of(file: str) -> Challenge | None:
    """The task of an exercise's node."""
    found = _OF_EXERCISE.fullmatch(file)
    return TASKS.get(found[1] or f"{found[2]}-{found[3]}") if found else None


def enliven(body: BeautifulSoup, notebook: Notebook) -> int:
    """Mark the live cells of a page; returns how many there are."""
    nodes = live_nodes(notebook)
    count = 0
    for box in body.find_all("div", class_="highlight"):
        file = _file_of(box)
        if file in nodes:
            live = body.new_tag("div", attrs={"class": "live", "data-node": _data(nodes[file])})
            box.wrap(live)
            count += 1
    return count


def _file_of(box: Tag) -> str:
    words = box.get_text().lstrip().split(maxsplit=2)
    return words[1] if words[:1] == ["%%writefile"] and len(words) > 1 else ""


def _data(node: LiveNode) -> str:
    return json.dumps(asdict(node), ensure_ascii=False)
