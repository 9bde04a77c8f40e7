"""A verdict in lines of text, for a terminal and wherever else text is shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from glomers.files import shown
from glomers.reading.finding import HEADING
from glomers.workshop.snapshot import CHANGED
from glomers.workshop.verdict import StageResult, Verdict

YET = "No promise is broken, and yet a run without faults shows:"
_MARKS = {True: "✓", False: "✗", None: "·"}


def way(stages: Sequence[StageResult]) -> str:
    """How far a check has come, in one line: what has passed, and what is under way."""
    passed = [f"{_MARKS[True]} {stage.name}" for stage in stages if stage.passed]
    following = [f"{stage.name} …" for stage in stages if stage.passed is None]
    return "  ".join([*passed, *following[:1]])


def lines(verdict: Verdict) -> Iterator[str]:
    """The verdict for people who read it in a terminal."""
    challenge = verdict.challenge
    yield f"Challenge {challenge.id}, {challenge.name}: {verdict.node}"
    for stage in verdict.stages:
        told = "" if stage.passed is False and verdict.evidence else f": {stage.why}"
        yield f"  {_MARKS[stage.passed]} {stage.name}{told}"
        if stage.passed is False:
            yield from _broken(verdict)
    if verdict.remarks:
        yield YET
        for number, remark in enumerate(verdict.remarks, start=1):
            yield f"  {number}. {' '.join(remark.split())}"
    yield from verdict.proof
    if verdict.is_outdated:
        yield CHANGED.format(node=verdict.node)


def _broken(verdict: Verdict) -> Iterator[str]:
    """What there is to say about the stage that is broken."""
    evidence = verdict.evidence
    if evidence:
        yield f"      {HEADING}"
        for number, finding in enumerate(evidence.findings, start=1):
            yield f"        {number}. {' '.join(finding.split())}"
        if evidence.relies_on:
            yield f"      {evidence.relies_on}"
        if evidence.smallest and evidence.smallest not in evidence.findings:
            yield f"      The smallest failure that was found: {evidence.smallest}"
        if evidence.store:
            yield f"      Its picture: {shown(evidence.store / 'messages.svg')}"
    if verdict.advice:
        yield f"      {verdict.advice}"
