"""Why a test could not go on, in words."""

from __future__ import annotations

from collections.abc import Iterator

from glomers.reading import storms, tracebacks
from glomers.reading.dossier import Dossier
from glomers.reading.finding import Finding, Kind


def broken(dossier: Dossier) -> Iterator[Finding]:
    """Why the test could not go on."""
    test = dossier.broken
    if test is None:
        return
    if storms.is_storm(test):
        yield storms.finding(dossier, test)
        return
    source = dossier.source
    place, text = tracebacks.place_told_in(test.sentence, dossier)
    if test.line:
        place, text = source.place(*test.line), source.text(*test.line)
    arrived = [m for m in dossier.messages if m.dest == test.node and m.arrived_ns is not None]
    last = max(arrived, key=lambda m: (m.arrived_ns, m.id), default=None)
    ids = (last.id,) if last else ()
    yield Finding(Kind.BROKEN, test.sentence, place, (text,) if text else (), ids)
