"""Fewer and shorter runs, for whoever has hundreds of nodes to judge in an evening."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain, islice

from glomers.bench.options import Options
from glomers.challenges import Challenge
from glomers.workshop.stages import ALONE, TOGETHER, Stage
from glomers.workshop.trials import LONG_INTERVAL_S

MOST_TRIALS = {ALONE: 5, TOGETHER: 6}
"""How many runs these stages have at most where another follows."""
LAST_TRIALS = 10
"""How many runs the last stage before the limits has at most."""
MORE_TRIALS = {"2": 14, "3c": 34, "4": 14, "5a": 24}
"""The same where mistakes show in few runs, which take little time."""
MOST_OPERATIONS = 400
"""How many operations a run asks for at most; what limits are about is measured in full."""
LONG_CUT_RATE = 2.0
"""Requests a second at most where a cut lasts long: all of them may be repeated meanwhile."""


def brief(challenge: Challenge, stages: list[Stage]) -> list[Stage]:
    """The stages with fewer and shorter runs; the figures above decide."""
    last = MORE_TRIALS.get(challenge.id, LAST_TRIALS)
    return [
        _cut(stage, last if stage is stages[-1] else MOST_TRIALS.get(stage.name, 1))
        for stage in stages
    ]


def _cut(stage: Stage, count: int) -> Stage:
    trials = stage.trials
    commands = tuple(map(_shortened, _chosen(trials.commands, count)))
    twin = trials.twin and _shortened(trials.twin)  # which is known by its options
    return replace(stage, trials=replace(trials, commands=commands, twin=twin))


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
    """The same, which asks for no more operations than are counted above."""
    if options.nemesis and options.nemesis_interval_s >= LONG_INTERVAL_S:
        options = replace(options, rate=min(options.rate, LONG_CUT_RATE))
    longest_s = max(1, round(MOST_OPERATIONS / options.rate)) if options.rate else 1
    return replace(options, time_limit_s=min(options.time_limit_s, longest_s))
