"""Live cells: every node of a lesson has one, and it gives the figures that stand in the lesson."""

import pytest

from glomers.challenges import CHALLENGES
from glomers.series.live_cells import live_nodes
from glomers.series.notebook import Cell, Notebook, read_notebook
from glomers.series.told_commands import commands_of, node_file
from tests.helpers.places import ROOT
from tests.helpers.webassembly import answers_in_webassembly

LESSONS = sorted((ROOT / "notebooks").glob("*.ipynb"))
EXERCISES = sorted((ROOT / "notebooks" / "exercises").glob("*.ipynb"))
NOT_LIVE = {
    "nodes/echo_by_hand.py": "it does without the runtime, so that it has no virtual time",
    "nodes/broadcast_timers.py": "its argument is worked out when the cell is run",
    "nodes/increase.py": "its command is made by a function",
}
"""Nodes that have no live cell, and why. Cells on tables and charts have none either: they have no
node of their own, and the page has no pandas and no matplotlib."""


def _cells():
    for path in (*LESSONS, *EXERCISES):
        notebook = read_notebook(path)
        live = live_nodes(notebook)
        for cell in notebook.code_cells:
            if file := node_file(cell):
                yield notebook, cell, live.get(file)


CELLS = list(_cells())
SHOWN = [
    (notebook, cell, live)
    for notebook, cell, live in CELLS
    if live and (told := commands_of(notebook).get(live.file)) and told.is_shown
]


def test_every_node_is_live_but_for_those_with_a_reason():
    dead = {node_file(cell) for _, cell, live in CELLS if live is None}
    assert dead == set(NOT_LIVE)


def test_the_node_of_an_exercise_runs_the_official_command_and_has_a_check():
    found = {live.check for notebook, _, live in CELLS if notebook.path in EXERCISES}
    assert found == {*CHALLENGES, *(f"hunt-{number}" for number in range(1, 6))}


def _outputs(notebook):
    for cell in notebook.code_cells:
        for output in cell.outputs:
            yield "".join(output.get("data", {}).get("text/plain", ""))


def _figures(text):
    """What a result says of verdict and figures: all before what went wrong, which tells places."""
    return [line for line in text.partition("What went wrong")[0].splitlines() if line.strip()]


SOME, OTHERS = SHOWN[::6], [each for number, each in enumerate(SHOWN) if number % 6]


def test_many_cells_have_figures_in_the_lesson():
    assert len(SHOWN) > 25


@pytest.mark.slow
@pytest.mark.parametrize(
    "cells", [SOME, pytest.param(OTHERS, marks=pytest.mark.whole_corpus)], ids=["some", "others"]
)
def test_in_a_page_a_cell_gives_the_figures_of_the_lesson(cells, tmp_path):
    requests = [
        {
            "kind": "run",
            "files": {live.file: cell.source.partition("\n")[2]},
            "command": live.command,
            "seed": live.seed,
            "challenge": live.challenge,
        }
        for _, cell, live in cells
    ]
    replies = answers_in_webassembly(requests, tmp_path)
    for (notebook, _, live), reply in zip(cells, replies, strict=True):
        ours = _figures(reply["summary"])
        shown = [_figures(text) for text in _outputs(notebook) if live.command in text]
        assert reply["note"] == "", live.command
        assert ours in shown, (notebook.path.stem, live.file, ours, shown)


def _notebook(tmp_path, *sources):
    cells = [Cell("code", source, {"outputs": []}) for source in sources]
    return Notebook(tmp_path / "any.ipynb", cells, {})


NODE = "%%writefile nodes/a.py\nfrom glomers.node import Node\n"
READ = [
    ('lab.maelstrom("test -w echo --bin nodes/a.py", seed=3)', "test -w echo --bin nodes/a.py", 3),
    (
        'RATE = 5\nFLAGS = f"--rate {RATE}"\nFLAGS += " --latency 2"\n'
        'lab.maelstrom(f"test -w echo --bin nodes/a.py {FLAGS}")',
        "test -w echo --bin nodes/a.py --rate 5 --latency 2",
        0,
    ),
    (
        'for n in ("a", "b"):\n    lab.maelstrom(f"test -w echo --bin nodes/{n}.py")',
        "test -w echo --bin nodes/a.py",
        0,
    ),
    ('ECHO = "test -w echo"\nSEED = 7\nexplore("a", ECHO)', "test -w echo --bin nodes/a.py", 7),
    (
        'MORE = "--rate 9"\n'
        'lab.maelstrom("test -w echo --bin nodes/a.py " + MORE.replace("9", "1"))',
        "test -w echo --bin nodes/a.py --rate 1",
        0,
    ),
]


@pytest.mark.parametrize(("source", "command", "seed"), READ)
def test_commands_are_read_off_cells_without_running_them(tmp_path, source, command, seed):
    told = commands_of(_notebook(tmp_path, NODE, source))["nodes/a.py"]
    assert (" ".join(told.words), told.seed) == (command, seed)


@pytest.mark.parametrize(
    "source",
    [
        'lab.maelstrom(f"test -w echo --bin nodes/a.py {unknown}")',
        'lab.maelstrom("test -w echo --bin nodes/a.py " + open("x").read())',
        'lab.maelstrom(f"test {().__class__} --bin nodes/a.py")',
        "1 +",
    ],
)
def test_what_is_not_known_is_no_command(tmp_path, source):
    assert "nodes/a.py" not in commands_of(_notebook(tmp_path, NODE, source))
