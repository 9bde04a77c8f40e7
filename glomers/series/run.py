"""`glomers run`: the batch as a person sees it, from the choice of notebooks to the pages."""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from glomers.errors import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_OK, BadInput
from glomers.series.batch import execute, new_batch_folder, prepare
from glomers.series.parameters import resolve_parameters
from glomers.series.project import project_root, select_notebooks, shown
from glomers.series.record import Record, load_record, point_latest
from glomers.series.task import ENGINES, Outcome, Task


@dataclass
class Progress:
    """Says how each notebook ended, one line each, and keeps the batch's record up to date."""

    out: Path
    engine: str
    outcomes: dict[str, Outcome]
    done: int = field(default=0)
    problem: str = field(default="")

    def __call__(self, outcome: Outcome) -> None:
        self.done += 1
        self.outcomes[outcome.name] = outcome
        self.save()
        width = max(len(name) for name in self.outcomes)
        line = f"{outcome.name:<{width}}  {outcome.state:<7} {outcome.seconds:6.1f} s"
        said = [part for part in (_retry_note(outcome), outcome.error) if part]
        print(f"[{self.done}/{len(self.outcomes)}] {'  '.join([line, *said])}", flush=True)

    def save(self) -> None:
        """Write the record; a full disk is told once, and stops nothing."""
        try:
            Record(self.engine, list(self.outcomes.values())).save(self.out)
        except OSError as error:
            problem = f"Cannot write to {shown(self.out)}: {error.strerror}. What is there is kept."
            if not self.problem:
                print(problem, flush=True)
            self.problem = problem


def run_series(
    names: Sequence[str],
    *,
    engine: str | None = None,
    jobs: int | None = None,
    out: Path | None = None,
    parameters: Sequence[Sequence[str]] = (),
    executor: Executor | None = None,
) -> int:
    """Execute notebooks and export their pages; returns the exit status.

    Without `engine`, `$GLOMERS_ENGINE` decides, or else it is the bench. At most
    `jobs` notebooks run at a time (default: one a processor), unless an executor is given, which
    stays open. `parameters` are pairs of a name and a text.

    Raises:
        BadInput: before anything runs, when one of these is no good.
    """
    engine = _engine(engine)
    notebooks = select_notebooks(names)
    values = resolve_parameters(notebooks, parameters)
    folder = _folder(out)
    tasks = [Task(notebook, folder, engine, values[notebook]) for notebook in notebooks]
    for task in tasks:
        if task.executed.resolve() == task.notebook.resolve():
            raise BadInput(
                f"{shown(folder)} is where {task.notebook.name} itself lies, which would be "
                "overwritten: name another folder with --out."
            )
    prepare(tasks)
    print(f"Executing {_count(len(tasks), 'notebook')} into {shown(folder)}", flush=True)
    outcomes = run_tasks(tasks, jobs=jobs, executor=executor)
    _summarise(tasks, outcomes)
    if any(outcome.state in ("stopped", "not run") for outcome in outcomes):
        print(
            f"Interrupted. What is finished is in {shown(folder)}; "
            f"`glomers export {shown(folder)}` makes pages of it."
        )
        return EXIT_INTERRUPTED
    _publish(folder, link=out is None)
    failed = any(outcome.state == "failed" for outcome in outcomes)
    return EXIT_FAILED if failed else EXIT_OK


def run_tasks(
    tasks: Sequence[Task], *, jobs: int | None = None, executor: Executor | None = None
) -> list[Outcome]:
    """Execute prepared tasks with a line of progress each; outcomes in the order of the tasks."""
    waiting = {task.name: Outcome(task.name, "not run", error="not run") for task in tasks}
    progress = Progress(tasks[0].out, tasks[0].engine, waiting)
    progress.save()
    queue = _longest_first(tasks)
    if executor:
        outcomes = execute(queue, executor, progress)
    else:
        # Each thread waits for the process of one notebook.
        with ThreadPoolExecutor(jobs or _processors()) as threads:
            outcomes = execute(queue, threads, progress)
    by_name = {outcome.name: outcome for outcome in outcomes}
    progress.outcomes = {task.name: by_name[task.name] for task in tasks}
    progress.save()
    return list(progress.outcomes.values())


def _longest_first(tasks: Sequence[Task]) -> list[Task]:
    """The tasks in the order that keeps all processors busy to the end, going by the last batch.

    Those that it did not finish come first, from the end of the series: later lessons are longer.
    """
    last = load_record(tasks[0].out.parent / "latest")
    took = {each.name: each.seconds for each in last.outcomes if each.state == "ok"} if last else {}
    return sorted(tasks, key=lambda task: (took.get(task.name, math.inf), task.name), reverse=True)


def _processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _engine(asked_for: str | None) -> str:
    engine = asked_for or os.environ.get("GLOMERS_ENGINE") or "bench"
    if engine not in ENGINES:
        raise BadInput(f"GLOMERS_ENGINE is {engine}: it can be {' or '.join(ENGINES)}.")
    return engine


def _folder(out: Path | None) -> Path:
    if out is None:
        return new_batch_folder(project_root() / "runs")
    out = out.expanduser().resolve()
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = "it is not a folder" if isinstance(error, FileExistsError) else error.strerror
        raise BadInput(f"Cannot write to {shown(out)}: {reason}.") from error
    return out


def _publish(folder: Path, *, link: bool) -> None:
    from glomers.series.export import export_batch

    latest = folder
    if link:
        try:
            point_latest(folder)
            latest = folder.parent / "latest"
        except OSError as error:
            print(f"The link {shown(folder.parent / 'latest')} cannot be made: {error.strerror}.")
    index = export_batch(folder)
    print(f"Pages: {shown(latest / index.relative_to(folder))}")


def _summarise(tasks: Sequence[Task], outcomes: Sequence[Outcome]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("notebook", "state", title="Notebooks of this batch", title_justify="left")
    table.add_column("seconds", justify="right")
    table.add_column("first error")
    for outcome in outcomes:
        style = {"ok": "green", "failed": "bold red"}.get(outcome.state, "yellow")
        seconds = f"{outcome.seconds:.1f}" if outcome.seconds else ""
        error = outcome.error if outcome.state == "failed" else _retry_note(outcome)
        table.add_row(outcome.name, Text(outcome.state, style), seconds, Text(error or ""))
    Console(width=max(80, shutil.get_terminal_size((120, 24)).columns)).print(table)
    for task, outcome in zip(tasks, outcomes, strict=True):
        if outcome.state in ("failed", "stopped"):
            print(f"{outcome.name}: {_left_behind(task)}")


def _left_behind(task: Task) -> str:
    partial = f"what it did is in {shown(task.executed)}, " if task.executed.exists() else ""
    return f"{partial}its log in {shown(task.log)}"


def _retry_note(outcome: Outcome) -> str | None:
    return "(its kernel died once)" if outcome.retried and outcome.state == "ok" else None


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
