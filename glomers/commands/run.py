"""`glomers run`: the batch as a person sees it, from the choice of notebooks to the pages."""

from __future__ import annotations

import shutil
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from glomers.commands.arguments import Parser, at_least_one
from glomers.environment import ENGINE, ENGINES, engine_or_default
from glomers.errors import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_OK, BadInput
from glomers.files import point_link, reason, shown
from glomers.series.batch import new_batch_folder, prepare
from glomers.series.execution import retry_note, run_tasks
from glomers.series.parameters import resolve_parameters
from glomers.series.project import project_root, select_notebooks
from glomers.series.task import NotebookOutcome, Task


def add_arguments(parser: Parser) -> None:
    """Add what the command takes."""
    parser.add_argument(
        "notebooks",
        nargs="*",
        metavar="NOTEBOOK",
        help="a path, a name, or a number such as 03d (default: every notebook)",
    )
    parser.add_engine()
    parser.add_argument(
        "--jobs", type=at_least_one, metavar="N", help="notebooks at a time (default: processors)"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="where to (default: runs/<time>)")
    parser.add_argument(
        "-p",
        dest="parameters",
        nargs=2,
        action="append",
        default=[],
        metavar=("NAME", "VALUE"),
        help="a parameter for the notebooks that have it",
    )


def act(arguments: Namespace) -> int:
    """Execute notebooks and export their pages; returns the exit status.

    Raises:
        BadInput: before anything runs, when one of the arguments is no good.
    """
    engine = _engine(arguments.engine)
    notebooks = select_notebooks(arguments.notebooks)
    values = resolve_parameters(notebooks, arguments.parameters)
    folder = _folder(arguments.out)
    tasks = [Task(notebook, folder, engine, values[notebook]) for notebook in notebooks]
    for task in tasks:
        if task.executed.resolve() == task.notebook.resolve():
            raise BadInput(
                f"{shown(folder)} is where {task.notebook.name} itself lies, which would be "
                "overwritten: name another folder with --out."
            )
    prepare(tasks)
    print(f"Executing {_count(len(tasks), 'notebook')} into {shown(folder)}", flush=True)
    outcomes = run_tasks(tasks, jobs=arguments.jobs)
    _summarise(tasks, outcomes)
    if any(outcome.state in ("stopped", "not run") for outcome in outcomes):
        print(
            f"Interrupted. What is finished is in {shown(folder)}; "
            f"`glomers export {shown(folder)}` makes pages of it."
        )
        return EXIT_INTERRUPTED
    _publish(folder, link=arguments.out is None)
    failed = any(outcome.state == "failed" for outcome in outcomes)
    return EXIT_FAILED if failed else EXIT_OK


def _engine(asked_for: str | None) -> str:
    engine = engine_or_default(asked_for)
    if engine not in ENGINES:
        raise BadInput(f"{ENGINE} is {engine}: it can be {' or '.join(ENGINES)}.")
    return engine


def _folder(out: Path | None) -> Path:
    if out is None:
        return new_batch_folder(project_root() / "runs")
    out = out.expanduser().resolve()
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"Cannot write to {shown(out)}: {reason(error)}.") from error
    return out


def _publish(folder: Path, *, link: bool) -> None:
    from glomers.series.publish import export_batch

    latest = folder
    if link:
        try:
            point_link(folder.parent / "latest", folder)
            latest = folder.parent / "latest"
        except OSError as error:
            print(f"The link {shown(folder.parent / 'latest')} cannot be made: {error.strerror}.")
    index = export_batch(folder)
    print(f"Pages: {shown(latest / index.relative_to(folder))}")


def _summarise(tasks: Sequence[Task], outcomes: Sequence[NotebookOutcome]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("notebook", "state", title="Notebooks of this batch", title_justify="left")
    table.add_column("seconds", justify="right")
    table.add_column("first error")
    for outcome in outcomes:
        style = {"ok": "green", "failed": "bold red"}.get(outcome.state, "yellow")
        seconds = f"{outcome.seconds:.1f}" if outcome.seconds else ""
        error = outcome.error if outcome.state == "failed" else retry_note(outcome)
        table.add_row(outcome.name, Text(outcome.state, style), seconds, Text(error or ""))
    Console(width=max(80, shutil.get_terminal_size((120, 24)).columns)).print(table)
    for task, outcome in zip(tasks, outcomes, strict=True):
        if outcome.state in ("failed", "stopped"):
            print(f"{outcome.name}: {_left_behind(task)}")


def _left_behind(task: Task) -> str:
    partial = f"what it did is in {shown(task.executed)}, " if task.executed.exists() else ""
    return f"{partial}its log in {shown(task.log)}"


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
