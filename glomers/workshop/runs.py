"""Running the trials of a stage in other processes, until one of them breaks its promise."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from glomers.environment import processors
from glomers.explore.pool import Exploration, process_pool
from glomers.explore.seed import Row, run_seed
from glomers.workshop.stages import Stage
from glomers.workshop.trials import Trials

RunStage = Callable[[Stage], dict[int, Row]]
"""Runs a stage; see `run_stage`."""


def run_stage_here(stage: Stage) -> dict[int, Row]:
    """The same in this process, one run after the other."""
    rows: dict[int, Row] = {}
    for position in range(len(stage.trials.commands)):
        rows[position] = run_seed(stage.trials, position)
        if stage.is_broken_by(rows[position]):
            break
    return rows


def run_stage(stage: Stage) -> dict[int, Row]:
    """The runs of a stage, by their position; once one has broken it, no more are begun.

    The first one runs alone: it breaks the promises of most nodes that break them at all, and a
    node that hangs takes seconds for each run.
    """
    rows: dict[int, Row] = {}

    def take(new: list[Row], /) -> bool:
        rows.update({_position(stage.trials, row): row for row in new})
        return not any(map(stage.is_broken_by, new))

    positions = range(len(stage.trials.commands))
    for part in (positions[:1], positions[1:]):
        if part and not any(map(stage.is_broken_by, rows.values())):
            jobs = min(processors(), len(part))
            Exploration(stage.trials, take, partial(process_pool, jobs), jobs).run(part)
    return dict(sorted(rows.items()))


def _position(trials: Trials, row: Row) -> int:
    return next(i for i, each in enumerate(trials.commands) if each.seed == row["seed"])
