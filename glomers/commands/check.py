"""`glomers check`: notebooks and package agree, and the notebooks are fit to be read on the web."""

from __future__ import annotations

import re
import tempfile
from argparse import Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from glomers.bench.faults import fault_table
from glomers.commands.arguments import Parser
from glomers.errors import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_OK, BadInput
from glomers.files import shown
from glomers.lab import LabError
from glomers.series.batch import prepare
from glomers.series.execution import run_tasks
from glomers.series.in_step import bring_into_step, first_difference, out_of_step, read
from glomers.series.notebook import Cell, Notebook, read_notebook
from glomers.series.project import all_notebooks, project_root
from glomers.series.rules import Problem, cell_name, check_notebook, text_of
from glomers.series.standings import LEAGUE_PAGE, league_table, written_table
from glomers.series.task import Task
from glomers.workshop import write as exercises
from glomers.workshop.sheet import FOLDER

_LINK = re.compile(r"""\]\(\s*<?([^)\s>]+)|\b(?:href|src)\s*=\s*["']([^"']+)["']""")
_CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
_DIRECTION = re.compile(
    r"^\W*(next|previous)\b.*?\]\(([^)#\s]+\.ipynb)", re.IGNORECASE | re.MULTILINE
)


def add_arguments(parser: Parser) -> None:
    """Add what the command takes."""
    parser.add_argument(
        "--execute",
        action="store_true",
        help="also execute the notebooks, measure the league, and compare their texts",
    )
    parser.add_argument(
        "--write",
        action="store_true",
        help="before that, write the lessons' nodes into the solutions, and the faults' table",
    )


def act(arguments: Namespace) -> int:
    """Check the project at hand, print a line for each problem; returns the exit status.

    Raises:
        BadInput: when there is no project here.
    """
    root = project_root()
    if arguments.write:
        for path in bring_into_step(root, fault_table()):
            print(f"Wrote {shown(path)}.")
    problems = list(find_problems(root))
    interrupted = False
    if arguments.execute:
        found = list(_not_reproduced(root))
        interrupted = any(problem.what == "stopped" for problem in found)
        problems += found if interrupted else [*found, *_league(root / LEAGUE_PAGE)]
    for problem in problems:
        print(problem)
    if interrupted:
        return EXIT_INTERRUPTED
    print(f"{len(problems)} problems." if len(problems) != 1 else "1 problem.")
    return EXIT_FAILED if problems else EXIT_OK


def find_problems(root: Path) -> Iterator[Problem]:
    """Everything that is wrong with the project in `root`, without executing anything."""
    notebooks = []
    for path in all_notebooks(root):
        try:
            notebooks.append(read_notebook(path))
        except BadInput as error:
            yield Problem(path, str(error), "it was left out of all other checks")
    for notebook in notebooks:
        yield from check_notebook(notebook)
    yield from out_of_step(root, notebooks, fault_table())
    for notebook in notebooks:
        yield from _links(notebook)
    yield from _order(notebooks)
    yield from _exercises(root)
    for page in sorted([*root.glob("*.md"), *root.glob("docs/*.md")]):
        yield from _dead_links(page, page.parent, read(page))


def _exercises(root: Path) -> Iterator[Problem]:
    """The notebooks of the exercises are what their manifests and solutions give."""
    if not (root / "glomers" / "workshop").is_dir():
        return
    for path, what in exercises.out_of_step(root):
        yield Problem(path, what, "run `python -m glomers.workshop.write`")
    for path in sorted((root / FOLDER).glob("*.ipynb")):
        yield from _links(read_notebook(path))


def _links(notebook: Notebook) -> Iterator[Problem]:
    for cell in notebook.cells:
        if cell.kind == "markdown":
            name = cell_name(notebook, cell)
            yield from _dead_links(notebook.path, notebook.path.parent, cell.source, name)


def _dead_links(path: Path, folder: Path, source: str, cell: str = "") -> Iterator[Problem]:
    for found in _LINK.finditer(_CODE.sub("", source)):
        address = found[1] or found[2]
        parts = urlsplit(address)
        if parts.scheme or parts.netloc or not parts.path:
            continue
        if not (folder / unquote(parts.path)).exists():
            yield Problem(path, f"the link {address} leads nowhere", "correct or remove it", cell)


def _order(notebooks: Sequence[Notebook]) -> Iterator[Problem]:
    """Each notebook leads to the one after it, and what it calls next or previous is that."""
    for position, notebook in enumerate(notebooks):
        after = notebooks[position + 1].path.name if position + 1 < len(notebooks) else None
        before = notebooks[position - 1].path.name if position else None
        prose = [cell for cell in notebook.cells if cell.kind == "markdown"]
        if after and not any(f"]({after}" in cell.source for cell in prose):
            yield Problem(notebook.path, f"it does not lead on to {after}", "link to it at the end")
        for cell in prose:
            for word, target in _DIRECTION.findall(cell.source):
                right = after if word.lower() == "next" else before
                if right and target != right:
                    yield Problem(
                        notebook.path,
                        f"it calls {target} its {word.lower()} notebook",
                        f"that is {right}",
                        cell_name(notebook, cell),
                    )


def _not_reproduced(root: Path) -> Iterator[Problem]:
    """Execute the series and compare the texts of its outputs."""
    with tempfile.TemporaryDirectory(prefix="glomers-check-") as folder:
        out = Path(folder).resolve()
        tasks = [Task(path, out, engine="bench") for path in all_notebooks(root)]
        if not tasks:
            return
        prepare(tasks)
        for task, outcome in zip(tasks, run_tasks(tasks), strict=True):
            if outcome.state == "failed":
                yield Problem(task.notebook, f"it fails: {outcome.error}", "run it in Jupyter")
            elif outcome.state != "ok":
                yield Problem(task.notebook, "stopped", "check it again")
            else:
                yield from differences(read_notebook(task.notebook), read_notebook(task.executed))


def _league(page: Path) -> Iterator[Problem]:
    """Measure the league again, where the page has a table of it."""
    written = written_table(page)
    if written is None:
        return
    try:
        measured = league_table(engine="bench")
    except LabError as error:
        yield Problem(page, f"its league cannot be measured: {error}", "`glomers league`")
        return
    if written != measured:
        yield Problem(page, "its league table is not what is measured", "`glomers league --write`")


def differences(committed: Notebook, executed: Notebook) -> Iterator[Problem]:
    """Where the outputs of two copies of a notebook differ in their texts."""
    for ours, theirs in zip(committed.cells, executed.cells, strict=True):
        before, now = _texts(ours), _texts(theirs)
        if before != now:
            was, line = _first_change(before, now)
            yield Problem(
                committed.path,
                f"executed again, its output has {line!r} in the place of {was!r}",
                "find out why; if that is as it should be, run `make outputs`",
                cell_name(committed, ours),
            )


def _texts(cell: Cell) -> list[str]:
    """The lines of a cell's outputs; what is printed in pieces counts as a whole."""
    texts: list[tuple[str, str]] = []
    for output in cell.outputs:
        for name, written in text_of(output).items():
            if texts and texts[-1][0] == name in ("stdout", "stderr"):
                written = texts.pop()[1] + written
            texts.append((name, written))
    lines = [line for _, written in texts for line in written.splitlines()]
    return [re.sub(r"^Overwriting ", "Writing ", line) for line in lines]


def _first_change(before: Sequence[str], now: Sequence[str]) -> tuple[str, str]:
    position = first_difference(before, now) - 1
    was = before[position] if position < len(before) else ""
    line = now[position] if position < len(now) else ""
    return was[:100], line[:100]
