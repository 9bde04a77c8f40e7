"""Executing the notebooks of a batch, with a line about each and a record of all."""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from glomers.environment import processors
from glomers.files import shown
from glomers.series.batch import execute
from glomers.series.ledger import Ledger, load_record
from glomers.series.task import NotebookOutcome, Task


@dataclass
class BatchProgress:
    """Says how each notebook ended, one line each, and keeps the batch's record up to date."""

    out: Path
    engine: str
    outcomes: dict[str, NotebookOutcome]
    done: int = field(default=0)
    problem: str = field(default="")

    def __call__(self, outcome: NotebookOutcome) -> None:
        self.done += 1
        self.outcomes[outcome.name] = outcome
        self.save()
        width = max(len(name) for name in self.outcomes)
        line = f"{outcome.name:<{width}}  {outcome.state:<7} {outcome.seconds:6.1f} s"
        said = [part for part in (retry_note(outcome), outcome.error) if part]
        print(f"[{self.done}/{len(self.outcomes)}] {'  '.join([line, *said])}", flush=True)

    def save(self) -> None:
        """Write the record; a full disk is told once, and stops nothing."""
        try:
            Ledger(self.engine, list(self.outcomes.values())).save(self.out)
        except OSError as error:
            problem = f"Cannot write to {shown(self.out)}: {error.strerror}. What is there is kept."
            if not self.problem:
                print(problem, flush=True)
            self.problem = problem


def run_tasks(
    tasks: Sequence[Task], *, jobs: int | None = None, executor: Executor | None = None
) -> list[NotebookOutcome]:
    """Execute prepared tasks with a line of progress each; outcomes in the order of the tasks."""
    waiting = {task.name: NotebookOutcome(task.name, "not run", error="not run") for task in tasks}
    progress = BatchProgress(tasks[0].out, tasks[0].engine, waiting)
    progress.save()
    queue = _longest_first(tasks)
    if executor:
        outcomes = execute(queue, executor, progress)
    else:
        # Each thread waits for the process of one notebook.
        with ThreadPoolExecutor(jobs or processors()) as threads:
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


def retry_note(outcome: NotebookOutcome) -> str | None:
    """What is to be said of a notebook that was executed twice."""
    return "(its kernel died once)" if outcome.retried and outcome.state == "ok" else None
