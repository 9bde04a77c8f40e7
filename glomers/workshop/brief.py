"""Fewer and shorter runs, for whoever has hundreds of nodes to judge in an evening."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain, islice

from glomers.bench.options import Options
from glomers.challenges import Challenge
from glomers.workshop.limits import Measured, measured
from glomers.workshop.stages import ALONE, MANY, TOGETHER, Stage
from glomers.workshop.trials import LONG_INTERVAL_S

MOST_TRIALS = {ALONE: 5, TOGETHER: 6}
"""How many runs these stages have at most where another follows."""
LAST_TRIALS = 10
"""How many runs the last stage before the limits has at most."""
LAST_TRIALS_OF = {"2": 14, "3c": 28, "4": 13, "5a": 24, "5b": 8}
"""The same where mistakes show in few runs, which take little time; or where they take much."""
MOST_CROWDS = 3
"""How many of them have as many nodes as the largest task: to start these takes long."""
MOST_OPERATIONS = 400
"""How many operations a run asks for at most."""
MOST_WITH_FAULTS = 250
"""The same of a run with faults, which needs time more than operations."""
MOST_MEASURED = 8000
"""How many the official run asks for that is measured, which has shown its figures by then."""
LONG_CUT_RATE = 2.0
"""Requests a second at most where a cut lasts long: all of them may be repeated meanwhile."""


def brief(challenge: Challenge, stages: list[Stage]) -> list[Stage]:
    """The stages with fewer and shorter runs; the figures above decide."""
    last = LAST_TRIALS_OF.get(challenge.id, LAST_TRIALS)
    return [
        _cut(stage, last if stage is stages[-1] else MOST_TRIALS.get(stage.name, 1))
        for stage in stages
    ]


def measured_briefly(official: Options, most: int | None) -> Measured:
    """What the official run measures; a part of it where it takes long."""
    return measured(_ended_after(MOST_MEASURED, official), most)


def _cut(stage: Stage, count: int) -> Stage:
    trials = stage.trials
    commands = tuple(map(_shortened, _chosen(_with_few_crowds(trials.commands), count)))
    twin = trials.twin and _shortened(trials.twin)  # which is known by its options
    return replace(stage, trials=replace(trials, commands=commands, twin=twin))


def _with_few_crowds(commands: Sequence[Options]) -> list[Options]:
    crowds = [options for options in commands if len(options.node_ids) >= MANY]
    return [options for options in commands if options not in crowds[MOST_CROWDS:]]


def _chosen(commands: Sequence[Options], count: int) -> list[Options]:
    """Half of them as they come; then those in which most can go wrong, of three kinds in turn.

    They have the longest cuts, which outlast those who give up; long delays and many cuts, which
    take replies away; or the most nodes.
    """
    first = commands[: count - count // 2]
    largest = sorted(commands[len(first) :], key=lambda options: -len(options.node_ids))
    longest = sorted(largest, key=lambda options: -options.nemesis_interval_s)
    slowest = sorted(largest, key=lambda options: (-options.latency_ms, options.nemesis_interval_s))
    in_turn = dict.fromkeys(chain.from_iterable(zip(longest, slowest, largest, strict=True)))
    return [*first, *islice(in_turn, count - len(first))]


def _shortened(options: Options) -> Options:
    """The same, which asks for no more operations than are counted above.

    Where there are faults it lasts as long as before, and clients ask less often.
    """
    if not options.rate:
        return options
    if not options.nemesis:
        return _ended_after(MOST_OPERATIONS, options)
    is_long = options.nemesis_interval_s >= LONG_INTERVAL_S
    most = LONG_CUT_RATE if is_long else MOST_WITH_FAULTS / options.time_limit_s
    return replace(options, rate=min(options.rate, most))


def _ended_after(operations: int, options: Options) -> Options:
    """The same for so many seconds, one at least, that it asks for so many operations at most."""
    longest_s = max(1, round(operations / options.rate))
    return replace(options, time_limit_s=min(options.time_limit_s, longest_s))
