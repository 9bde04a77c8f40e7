"""What went wrong in a run: at most five findings, the most decisive first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import TypeVar

from glomers.formats.edn import kw
from glomers.reading import conversations as talk
from glomers.reading import elements, endings, notes, refusals, tracebacks
from glomers.reading.disagreement import own_checks
from glomers.reading.dossier import Dossier
from glomers.reading.finding import Finding, Kind
from glomers.reading.suspicions import suspicions
from glomers.reading.violations import violations, ways_of
from glomers.reading.wording import listed

MOST = 5
_SHARES = {Kind.PROMISE: 2, Kind.DEED: 3, Kind.LOSS: 1, Kind.SUSPICION: 1}
"""How many of each kind are shown before the others have had their turn."""
OWN_CHECK = "(our own check, which Maelstrom does not make) "

T = TypeVar("T")
Trouble = Callable[[Exception], None]
"""Is told why a part of the findings could not be made."""


def findings(dossier: Dossier, trouble: Trouble | None = None) -> list[Finding]:
    """What went wrong in a run; nothing when it is valid and the replicas agree.

    What a run leaves may have any shape: a part that cannot be made of it is left out, and
    `trouble` is told.
    """
    is_valid = dossier.results is not None and dossier.results.get(kw("valid?")) is True
    collect = _Collector(dossier, trouble)
    if is_valid:
        if not collect.add(_own_checks):
            return []
    else:
        collect.add(endings.broken)
        collect.add(violations)
    _add_deeds(dossier, collect)
    if any(finding.kind is Kind.PROMISE for finding in collect.found):
        collect.add(ways_of(dossier.workload))
    if not any(finding.kind is Kind.DEED for finding in collect.found):
        collect.add(suspicions)
    if not collect.found:
        collect.add(_unexplained)
    return _chosen(collect.found)


def misdeeds(dossier: Dossier) -> list[Finding]:
    """What nodes did that they should not do, whether or not that broke a promise."""
    collect = _Collector(dossier, None)
    _add_deeds(dossier, collect)
    return [finding for finding in collect.found if finding.kind is Kind.DEED]


def _unexplained(dossier: Dossier) -> Iterator[Finding]:
    """That nobody knows why a run is not valid."""
    verdicts = {part.name: result for part, result in (dossier.results or {}).items()}
    names = [
        name
        for name, part in verdicts.items()
        if isinstance(part, Mapping) and part.get(kw("valid?"), True) is not True
    ]
    if names:
        sentence = f"The verdict on {listed(names)} is not valid, and results.edn says no more."
        yield Finding(Kind.PROMISE, sentence)


def _own_checks(dossier: Dossier) -> Iterator[Finding]:
    """What our own checks say of a run that Maelstrom takes for valid, marked as such."""
    for finding in own_checks(dossier):
        mark = OWN_CHECK if finding.kind is Kind.PROMISE else ""
        yield replace(finding, sentence=f"{mark}{finding.sentence}")


def _add_deeds(dossier: Dossier, collect: _Collector) -> None:
    """Add what nodes did that they should not do: what explains the most comes first."""
    collect.add(notes.silencing_findings)
    collect.add(refusals.malformed_findings)
    is_explained = collect.add(tracebacks.error_findings)
    places = [finding.place for finding in collect.found]
    collect.add(partial(tracebacks.refused_findings, known=places))
    collect.add(tracebacks.unawaited_findings)
    is_explained |= collect.add(tracebacks.missing_handler_findings)
    if dossier.broken is None or dossier.broken.line is None:
        _add_talk(dossier, collect, is_explained)


def _add_talk(dossier: Dossier, collect: _Collector, is_explained: bool) -> None:
    """Add what the messages show."""
    talked = collect.made(talk.conversations)
    if talked is None:
        return
    collect.add(partial(talk.stray_findings, found=talked))
    collect.add(partial(talk.unanswered_findings, found=talked))
    collect.add(notes.other_findings)
    if not is_explained:
        collect.add(refusals.refusal_findings)
    if dossier.workload in ("broadcast", "g-set"):
        collect.add(elements.deeds)
    collect.add(partial(talk.late_findings, found=talked))
    collect.add(partial(talk.partly_answered_findings, found=talked))


class _Collector:
    """Gathers findings, each once, whatever goes wrong in making them."""

    def __init__(self, dossier: Dossier, trouble: Trouble | None) -> None:
        self.found: list[Finding] = []
        self._dossier = dossier
        self._trouble = trouble

    def add(self, make: Callable[[Dossier], Iterable[Finding]]) -> bool:
        """Add what `make` finds; says whether that is anything."""
        count = len(self.found)
        for finding in self.made(lambda dossier: list(make(dossier))) or ():
            if str(finding) not in map(str, self.found):
                self.found.append(finding)
        return len(self.found) > count

    def made(self, make: Callable[[Dossier], T]) -> T | None:
        """What `make` gives, or None when that goes wrong."""
        try:
            return make(self._dossier)
        except Exception as error:
            if self._trouble:
                self._trouble(error)
            return None


def _chosen(found: list[Finding]) -> list[Finding]:
    """At most five: of each kind its share, then what there is room for, in order."""
    found = sorted(found, key=lambda finding: finding.kind)
    taken: list[Finding] = []
    counts = dict.fromkeys(Kind, 0)
    for finding in found:
        if counts[finding.kind] < _SHARES.get(finding.kind, 1):
            counts[finding.kind] += 1
            taken.append(finding)
    while len(taken) > MOST:  # of what there is most of, the least decisive
        most = max(counts, key=lambda kind: (counts[kind], kind))
        last = [finding for finding in taken if finding.kind is most][-1]
        taken.remove(last)
        counts[most] -= 1
    rest = [finding for finding in found if finding not in taken]
    return sorted([*taken, *rest][:MOST], key=lambda finding: finding.kind)
