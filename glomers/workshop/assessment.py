"""Taking a node through the stages of a challenge, up to the first promise that it breaks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from glomers.bench.options import Options
from glomers.challenges import Challenge
from glomers.explore.seed import Row
from glomers.workshop.evidence import Exhibit, evidence_of, told_by, with_gaps
from glomers.workshop.exercise import exercises
from glomers.workshop.limits import Measure, limits_of, limits_result, measured_aside
from glomers.workshop.open_gaps import open_gaps
from glomers.workshop.remarks import remarks
from glomers.workshop.runs import RunStage, run_stage
from glomers.workshop.snapshot import has_changed, taken
from glomers.workshop.stages import (
    FAULTS,
    LIMITS,
    PARTITIONS,
    STARTS,
    Stage,
    official_command,
    stages_of,
)
from glomers.workshop.verdict import (
    NOT_REACHED,
    StageResult,
    Verdict,
    is_unjudged,
    proof,
    shown_runs,
)

_UNEXPLAINED = "It broke the promise, and nobody knows why: `{command}` shows the run."


Tell = Callable[[Sequence[StageResult]], None]


@dataclass(frozen=True)
class Manner:
    """How a node is taken through its stages.

    Attributes:
        clock: `lockstep` for one that is not trusted; by default virtual time.
        run: runs a stage.
        measure: runs the official command, for the limits.
        cut: makes the stages shorter.
        tell: hears what is known of all stages, before each one; it is the first of those that have
            not been reached.
        is_explained: whether the smallest failure is looked for, and what a node that has passed
            should not do all the same: that takes seconds.
    """

    clock: str | None = None
    run: RunStage = run_stage
    measure: Measure = measured_aside
    cut: Callable[[Challenge, list[Stage]], list[Stage]] = lambda challenge, stages: stages
    tell: Tell = lambda stages: None
    is_explained: bool = True


USUAL = Manner()


def assess(
    challenge: Challenge,
    node: Path,
    folder: Path,
    *,
    seeds: int | None = None,
    secret: str = "",
    manner: Manner = USUAL,
) -> Verdict:
    """Take a node through the stages.

    Args:
        challenge: the task.
        node: the node's file.
        folder: an empty one, for the stores of runs that are looked into.
        seeds: how many runs the last stage before the limits has; by default 50 or 100.
        secret: decides the seeds of the runs.
        manner: how that is done.

    Raises:
        WorkshopError: when the node cannot be run at all.
    """
    official = official_command(challenge, node, manner.clock)
    copy = taken(official.bin, folder)
    stages = manner.cut(challenge, stages_of(challenge, copy, seeds, secret, manner.clock))
    verdict = _judged(challenge, stages, replace(official, bin=copy), folder, manner)
    return replace(verdict, node=node, is_outdated=has_changed(official.bin, copy))


def _judged(
    challenge: Challenge, stages: list[Stage], official: Options, folder: Path, manner: Manner
) -> Verdict:
    """The verdict on the node of an official command."""
    node = official.bin
    names = [stage.name for stage in stages] + [LIMITS] * bool(limits_of(challenge))
    results: list[StageResult] = []
    rows: list[Row] = []
    gaps = [str(gap) for gap in open_gaps(node)]
    measured: StageResult | None = None
    for stage in stages:
        manner.tell(_filled(results, names))
        is_last = stage.name in (PARTITIONS, FAULTS)
        if is_last and limits_of(challenge) and manner.is_explained:
            # One run, which may spare a hundred; what is shown stays in order.
            measured = _limits(challenge, official, manner)
            if measured.is_far_off:
                break
        found = manner.run(stage)
        broken = next((at for at, row in found.items() if stage.is_broken_by(row)), None)
        if broken is None and stage.counts is None and all(map(is_unjudged, found.values())):
            broken = 0  # it may be as wrong as it likes: nobody can tell
        if broken is not None:
            evidence = _look(stage, found[broken], broken, official, folder, manner)
            evidence = with_gaps(evidence, gaps)
            results.append(StageResult(stage.name, False, _why(evidence)))
            is_broken = found[broken]["broken"] is not None
            told = [*gaps, *evidence.findings]
            advice = _advice(challenge, stage.name, told, is_broken)
            return Verdict(challenge, node, _filled(results, names), evidence, advice)
        rows = list(found.values())
        left_out = len(stage.trials.commands) - len(rows)
        runs = f" ({shown_runs(rows, left_out)})"
        why = stage.promise if stage.name == STARTS else stage.promise + runs
        results.append(StageResult(stage.name, True, why))
    if limits_of(challenge):
        manner.tell(_filled(results, names))
        results.extend(StageResult(each.name, None, NOT_REACHED) for each in stages[len(results) :])
        results.append(measured or _limits(challenge, official, manner))
    if not all(result.passed for result in results):
        advice = _advice(challenge, results[-1].name, [*gaps, results[-1].why])
        return Verdict(challenge, node, tuple(results), advice=advice)
    return Verdict(
        challenge,
        node,
        tuple(results),
        remarks=remarks(stages, folder) if manner.is_explained else (),
        proof=tuple(proof(challenge, results, rows)),
    )


def _limits(challenge: Challenge, official: Options, manner: Manner) -> StageResult:
    """The figures of the official run without faults, beside the limits."""
    return limits_result(challenge, replace(official, nemesis=frozenset()), manner.measure)


def _look(
    stage: Stage, row: Row, position: int, official: Options, folder: Path, manner: Manner
) -> Exhibit:
    """Why a trial broke its promise."""
    options = stage.trials.scenario(position)
    if told := told_by(row, options, folder, has_causes=manner.is_explained):
        return told
    # What crashes is no clearer for being small.
    is_searched = manner.is_explained and row["broken"] is None
    evidence = evidence_of(stage, options, official, folder, is_searched=is_searched)
    if evidence.findings:
        return evidence
    why = row["broken"] or _UNEXPLAINED.format(command=f"glomers bench {row['command']}")
    return replace(evidence, findings=(why,))


def _advice(
    challenge: Challenge, stage: str, findings: Sequence[str], is_broken: bool = False
) -> str | None:
    """What the exercise of the challenge has to say about a broken stage."""
    exercise = exercises().get(challenge.id)
    return exercise.advice(stage, findings, is_broken) if exercise else None


def _why(evidence: Exhibit) -> str:
    return evidence.findings[0]


def _filled(results: Sequence[StageResult], names: Sequence[str]) -> tuple[StageResult, ...]:
    """The results, and the stages that were not reached."""
    rest = [StageResult(name, None, NOT_REACHED) for name in names[len(results) :]]
    return (*results, *rest)
