"""`glomers assess`: a learner's node, stage by stage."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from glomers.bench.errors import EXIT_INVALID, EXIT_VALID
from glomers.challenges import Challenge
from glomers.formats.text import clean
from glomers.workshop.assess import assess
from glomers.workshop.hunts import task
from glomers.workshop.verdict import Verdict

FOLDER = Path("assess")
"""Where the counterexample of a challenge is left, below the current folder."""
WATCH_S = 0.5
_MARKS = {True: "✓", False: "✗", None: "·"}


def run_assess(id: str, node: Path, seeds: int | None, *, as_json: bool, watch: bool) -> int:
    """Assess a node and say what came of it; returns the exit status.

    With `watch` that is done again whenever the file changes, until somebody interrupts it.

    Raises:
        WorkshopError: when the node cannot be run at all.
    """
    status = _assess_once(task(id), node, seeds, as_json)
    while watch:
        await_change(node)
        print(flush=True)
        status = _assess_once(task(id), node, seeds, as_json)
    return status


def await_change(node: Path) -> None:
    """Return when the file has been written anew."""
    seen = _changed_at(node)
    while _changed_at(node) == seen:
        time.sleep(WATCH_S)


def _changed_at(node: Path) -> int:
    """When a file was written last, in ns; an editor may replace it, so that it is not there."""
    return node.stat().st_mtime_ns if node.exists() else 0


def _assess_once(challenge: Challenge, node: Path, seeds: int | None, as_json: bool) -> int:
    folder = (FOLDER / challenge.id).resolve()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    verdict = assess(challenge, node, folder, seeds=seeds)
    if as_json:
        print(json.dumps(verdict.as_json(), ensure_ascii=False))
    else:
        for line in lines(verdict):
            print(clean(line), flush=True)
    return EXIT_VALID if verdict.passed else EXIT_INVALID


def lines(verdict: Verdict) -> Iterator[str]:
    """The verdict for people who read it in a terminal."""
    challenge = verdict.challenge
    yield f"Challenge {challenge.id}, {challenge.name}: {verdict.node}"
    for stage in verdict.stages:
        told = "" if stage.passed is False and verdict.evidence else f": {stage.why}"
        yield f"  {_MARKS[stage.passed]} {stage.name}{told}"
        if stage.passed is False:
            yield from _broken(verdict)
    yield from verdict.proof


def _broken(verdict: Verdict) -> Iterator[str]:
    """What there is to say about the stage that is broken."""
    evidence = verdict.evidence
    if evidence:
        yield "      What went wrong:"
        for number, finding in enumerate(evidence.findings, start=1):
            yield f"        {number}. {' '.join(finding.split())}"
        if evidence.relies_on:
            yield f"      {evidence.relies_on}"
        if evidence.smallest and evidence.smallest not in evidence.findings:
            yield f"      The smallest failure that was found: {evidence.smallest}"
        if evidence.store:
            yield f"      Its picture: {os.path.relpath(evidence.store / 'messages.svg')}"
    if verdict.advice:
        yield f"      {verdict.advice}"
