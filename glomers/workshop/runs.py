"""Running the trials of a stage in other processes, until one of them breaks its promise."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import accumulate

from glomers.bench.options import Options
from glomers.environment import processors
from glomers.explore.pool import Exploration, process_pool
from glomers.explore.seed import Row, run_seed
from glomers.workshop.stages import Stage
from glomers.workshop.trials import Trials

PROBED = 10
"""After so many runs it is known how much the nodes send for each request."""
MOST_MESSAGES = 700_000
"""About so many a stage may have, each of which takes some thirty microseconds."""


RunStage = Callable[[Stage], dict[int, Row]]
"""Runs a stage; see `run_stage`."""


def run_stage_here(stage: Stage) -> dict[int, Row]:
    """The same in this process, one run after the other."""
    commands = stage.trials.commands
    rows: dict[int, Row] = {}
    for position in range(len(commands)):
        if position >= max(PROBED, _affordable(commands, rows)):
            break
        rows[position] = run_seed(stage.trials, position)
        if stage.is_broken_by(rows[position]):
            break
    return rows


def run_stage(stage: Stage) -> dict[int, Row]:
    """The runs of a stage, by their position; once one has broken it, no more are begun.

    The first one runs alone: it breaks the promises of most nodes that break them at all, and a
    node that hangs takes seconds for each run.  Of nodes that send very much there are fewer.
    """
    rows: dict[int, Row] = {}

    def take(new: list[Row], /) -> bool:
        rows.update({_position(stage.trials, row): row for row in new})
        return not any(map(stage.is_broken_by, new))

    def run(part: range) -> None:
        if part and not any(map(stage.is_broken_by, rows.values())):
            jobs = min(processors(), len(part))
            Exploration(stage.trials, take, partial(process_pool, jobs), jobs).run(part)

    positions = range(len(stage.trials.commands))
    run(positions[:1])
    run(positions[1:PROBED])
    run(positions[PROBED : _affordable(stage.trials.commands, rows)])
    return dict(sorted(rows.items()))


def _affordable(commands: Sequence[Options], rows: Mapping[int, Row]) -> int:
    """How many of the trials may run, by what those had that have run."""
    asked = sum(_requests(commands[position]) for position in rows) or 1.0
    each = sum(row["messages"] for row in rows.values()) / asked
    spent = accumulate(each * _requests(command) for command in commands)
    return sum(messages <= MOST_MESSAGES for messages in spent)


def _requests(command: Options) -> float:
    return command.rate * command.time_limit_s


def _position(trials: Trials, row: Row) -> int:
    return next(i for i, each in enumerate(trials.commands) if each.seed == row["seed"])
