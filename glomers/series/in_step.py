"""What stands in two places: nodes in lessons and in the package, faults in code and on a page."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from glomers.files import write_whole
from glomers.series.notebook import Cell, Notebook, read_notebook
from glomers.series.project import all_notebooks
from glomers.series.rules import Problem, cell_name

_WRITEFILE = re.compile(r"%%writefile\s+(?P<append>-a\s+)?(?P<path>\S+)[ \t]*(?:\n|$)")
_PAGE = Path("docs", "exploration.md")

Writers = Sequence[tuple[Notebook, Cell]]
"""The cells that write one file."""


def read(path: Path) -> str:
    """The text of a file; empty where there is none."""
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def first_difference(ours: Sequence[str], theirs: Sequence[str]) -> int:
    """The number, from 1, of the first line in which two texts differ."""
    same = zip(ours, theirs, strict=False)
    return next((i for i, (a, b) in enumerate(same, 1) if a != b), min(len(ours), len(theirs)) + 1)


def out_of_step(root: Path, notebooks: Sequence[Notebook], faults: str) -> Iterator[Problem]:
    """Each solution is the text of exactly one cell; other cells that write files are free.

    `faults` is the table that the page about exploration has to have.
    """
    for notebook in notebooks:
        for cell in notebook.code_cells:
            if (written := _WRITEFILE.match(cell.source)) and written["append"]:
                yield Problem(
                    notebook.path,
                    "`%%writefile -a` doubles the text when the cell runs again",
                    "write the whole file",
                    cell_name(notebook, cell),
                )
    for solution, writers in _solutions(root, notebooks):
        yield from _solution(solution, writers)
    page = root / _PAGE
    if read(page) != _with_table(read(page), faults):
        yield Problem(page, "its table of faults is not the code's", "`glomers check --write`")


def bring_into_step(root: Path, faults: str) -> Iterator[Path]:
    """Write what the lessons have into the solutions, and the faults' table; yields what changed.

    A solution that no cell writes, or several, stays as it is.

    Raises:
        BadInput: when a notebook cannot be read.
    """
    texts = {root / _PAGE: _with_table(read(root / _PAGE), faults)}
    for solution, writers in _solutions(root, list(map(read_notebook, all_notebooks(root)))):
        if len(writers) == 1:
            texts[solution] = _node_text(writers[0][1]) + "\n"
    for path, text in texts.items():
        if text != read(path):
            write_whole(path, text)
            yield path


def _solutions(root: Path, notebooks: Sequence[Notebook]) -> Iterator[tuple[Path, Writers]]:
    """The files of the solutions in order, and the cells that write them."""
    cells: dict[str, list[tuple[Notebook, Cell]]] = defaultdict(list)
    for notebook in notebooks:
        for cell in notebook.code_cells:
            if written := _WRITEFILE.match(cell.source):
                cells[written["path"]].append((notebook, cell))
    for solution in sorted((root / "glomers" / "solutions").glob("*.py")):
        if not solution.name.startswith("_"):
            yield solution, cells[f"nodes/{solution.name}"]


def _node_text(cell: Cell) -> str:
    """What a cell writes, without line breaks at the end."""
    return cell.source.partition("\n")[2].rstrip("\n")


def _solution(solution: Path, writers: Writers) -> Iterator[Problem]:
    if len(writers) != 1:
        places = " and ".join(
            f"{notebook.path.name}, {cell_name(notebook, cell)}" for notebook, cell in writers
        )
        what = f"it is written twice ({places})" if writers else "no notebook writes it"
        remedy = f"have exactly one cell `%%writefile nodes/{solution.name}`"
        yield Problem(solution, what, remedy)
        return
    notebook, cell = writers[0]
    ours = read(solution).rstrip("\n").split("\n")
    theirs = _node_text(cell).split("\n")
    if ours != theirs:
        line = first_difference(ours, theirs)
        yield Problem(
            notebook.path,
            f"its text is not that of glomers/solutions/{solution.name}, from line {line} on",
            "`glomers check --write` brings the solution into step with it",
            cell_name(notebook, cell),
        )


def _with_table(text: str, table: str) -> str:
    """A page whose table with the same head, if it has one, is `table`."""
    head, _, _ = table.partition("\n")
    return re.sub(rf"{re.escape(head)}\n(?:\|.*\n)*", lambda _: table, text)
