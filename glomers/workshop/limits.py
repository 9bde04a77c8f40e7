"""The last stage: the figures of the official run beside the limits of the challenge."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor
from dataclasses import replace

from glomers.bench.once import run_once
from glomers.bench.options import Options
from glomers.challenges import METRICS, Challenge, Limit, overall
from glomers.explore.judge import anomalies
from glomers.explore.pool import process_pool
from glomers.lab.measures import Stats, stats_of
from glomers.workshop.stages import LIMITS
from glomers.workshop.verdict import StageResult
from glomers.workshop.watch import TOO_MUCH, Watch

_GOALS = {"5c": (Limit("msgs_per_op", 10),)}
"""Where a challenge's page asks for "fewer messages" without a number: what the exercise asks for.

Three buckets in lin-kv take 12; one entry for each log, and one owner for each key, take 7.
"""
SLACK = 5
"""So many times the messages that are allowed end the official run."""
FAR_OFF = 1.25
"""So many times the messages that are allowed are far too many, whatever cuts may show."""


def limits_of(challenge: Challenge) -> tuple[Limit, ...]:
    """The limits that a node has to keep within."""
    return challenge.limits or _GOALS.get(challenge.id, ())


Measured = tuple[list[str], str, Stats]
Measure = Callable[[Options, int | None], Measured]
"""Runs a test, up to so many messages; see `measured`."""


def measured_aside(official: Options, most: int | None) -> Measured:
    """The same in a process of its own.

    Raises:
        BrokenExecutor: when that process ended.
    """
    with process_pool(1) as pool:
        return pool.submit(measured, official, most).result()


def limits_result(challenge: Challenge, official: Options, measure: Measure) -> StageResult:
    """Measure the official run, and compare its figures with the limits.

    A run with far more messages than the limit allows is not taken to its end.
    """
    limits = limits_of(challenge)
    allowed = next((each.below for each in limits if each.metric == "msgs_per_op"), None)
    most = int(allowed * SLACK * official.rate * official.time_limit_s) if allowed else None
    try:
        names, broken, stats = measure(official, most)
    except BrokenExecutor:
        return StageResult(LIMITS, False, "The process of the official run ended with it.")
    if allowed and broken and TOO_MUCH in broken:
        why = f"{METRICS['msgs_per_op']}: far more than {allowed:,g}, which is the limit: {broken}."
        return StageResult(LIMITS, False, why, is_far_off=True)
    if names:
        return StageResult(LIMITS, False, f"The official run shows: {', '.join(names)}.")
    judged = replace(challenge, limits=limits)
    judgements = judged.judge(stats)
    passed = overall(judgements.values()) == "met"
    missed = {metric for metric, judgement in judgements.items() if judgement != "met"}
    is_far_off = bool(allowed) and (stats.msgs_per_op or 0) > FAR_OFF * (allowed or 0)
    why = f"{'; '.join(_figures(judged, stats, missed))}."
    return StageResult(LIMITS, passed, why, is_far_off=is_far_off)


def measured(options: Options, most: int | None) -> Measured:
    """The anomalies of a run, the sentence on what broke it, if anything did, and its figures."""
    outcome = run_once(options, Watch(options, most=most))
    broken = str(outcome.broken or "")
    return anomalies(options, outcome), broken, stats_of(outcome.results)


def _figures(challenge: Challenge, stats: Stats, missed: set[str]) -> Iterator[str]:
    """The figures with their limits; when some miss theirs, only those."""
    for limit in challenge.limits:
        if not missed or limit.metric in missed:
            value = getattr(stats, limit.metric)
            shown = "not measured" if value is None else f"{value:,.4g}"
            stands = "and is to be" if limit.metric in missed else "which is"
            yield f"{METRICS[limit.metric]}: {shown}, {stands} below {limit.below:,g}"
