"""One anomaly of a run in a sentence: what was promised, and how it came that it was not kept."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import replace
from itertools import chain

from glomers.reading import elements, endings
from glomers.reading.disagreement import ALONE, DIVERGED, OWN, own_checks
from glomers.reading.dossier import Dossier
from glomers.reading.finding import Finding, Kind
from glomers.reading.refusals import malformed_findings
from glomers.reading.violations import Teller, never_succeeded, teller_of, unavailable, ways_of

BROKEN = "broken test"
_OF_ANY_WORKLOAD: Mapping[str, Teller] = {
    BROKEN: endings.broken,
    "stats": lambda dossier: chain(never_succeeded(dossier), malformed_findings(dossier)),
    "availability": lambda dossier: chain(unavailable(dossier), malformed_findings(dossier)),
}
_SETS = ("broadcast", "g-set")
"""Workloads of which the way of a value says all."""
_ORDER = (Kind.BROKEN, Kind.PROMISE, Kind.LOSS, Kind.DEED)


def cause(dossier: Dossier, anomaly: str) -> Finding:
    """What a run shows of an anomaly, whose name is the checker's or one of our own checks'."""
    found = {finding.kind: finding for finding in reversed([*_told(dossier, anomaly)])}
    if not found:
        return Finding(Kind.PROMISE, f"The run shows {anomaly}.", anomaly=anomaly)
    parts = [found[kind] for kind in _ORDER if kind in found]
    first = parts[0]
    told = parts[1:] if len(parts) > 1 and _says_all(dossier, found) else parts
    *before, last = (part.sentence for part in told)
    return replace(
        first,
        sentence="; ".join([*(each.removesuffix(".") for each in before), last]),
        messages=tuple(dict.fromkeys(number for part in parts for number in part.messages)),
    )


def _says_all(dossier: Dossier, found: Container[Kind]) -> bool:
    """Whether how it came about tells the broken promise as well."""
    return dossier.workload in _SETS or Kind.DEED in found


def _told(dossier: Dossier, anomaly: str) -> Iterator[Finding]:
    """What is found about an anomaly."""
    if anomaly in _OF_ANY_WORKLOAD:
        yield from _OF_ANY_WORKLOAD[anomaly](dossier)
        return
    if anomaly in OWN:
        name = DIVERGED if anomaly == ALONE else anomaly
        yield from (each for each in own_checks(dossier) if each.anomaly == name)
        return
    deeds = [elements.deeds] if dossier.workload in _SETS else []
    for tell in (teller_of(dossier.workload), ways_of(dossier.workload), *deeds):
        yield from (each for each in tell(dossier) if each.anomaly in (None, anomaly))
