"""One anomaly of a run in a sentence: what was promised, and how it came that it was not kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import chain

from glomers.reading import endings
from glomers.reading.disagreement import ALONE, DIVERGED, own_checks
from glomers.reading.dossier import Dossier
from glomers.reading.finding import Finding, Kind
from glomers.reading.refusals import malformed_findings
from glomers.reading.violations import OF_WORKLOADS, Teller, never_succeeded, unavailable, ways_of

BROKEN = "broken test"
_OF_ANY_WORKLOAD: Mapping[str, Teller] = {
    BROKEN: endings.broken,
    "stats": lambda dossier: chain(never_succeeded(dossier), malformed_findings(dossier)),
    "availability": lambda dossier: chain(unavailable(dossier), malformed_findings(dossier)),
}
_SETS = ("broadcast", "g-set")
"""Workloads of which the way of a value says all."""


def cause(dossier: Dossier, anomaly: str) -> Finding:
    """What a run shows of an anomaly, whose name is the checker's or one of our own checks'."""
    found = {finding.kind: finding for finding in reversed([*_told(dossier, anomaly)])}
    way = found.get(Kind.LOSS) or found.get(Kind.DEED)
    promise = found.get(Kind.BROKEN) or found.get(Kind.PROMISE)
    if promise is None:
        return way or Finding(Kind.PROMISE, f"The run shows {anomaly}.", anomaly=anomaly)
    if way is None:
        return promise
    sentence = f"{promise.sentence.removesuffix('.')}; {way.sentence}"
    return replace(
        promise,
        sentence=way.sentence if dossier.workload in _SETS else sentence,
        messages=tuple(dict.fromkeys((*promise.messages, *way.messages))),
    )


def _told(dossier: Dossier, anomaly: str) -> Iterator[Finding]:
    """What is found about an anomaly."""
    if anomaly in _OF_ANY_WORKLOAD:
        yield from _OF_ANY_WORKLOAD[anomaly](dossier)
        return
    name = DIVERGED if anomaly == ALONE else anomaly
    own = [*own_checks(dossier)]
    if any(finding.anomaly == name for finding in own):
        yield from (finding for finding in own if finding.anomaly == name)
        return
    for tell in (OF_WORKLOADS[dossier.workload], ways_of(dossier.workload)):
        yield from (each for each in tell(dossier) if each.anomaly in (None, anomaly))
