"""From a test that is over to what went wrong in it, as `glomers.reading.findings` tells it."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from traceback import format_exception
from typing import TYPE_CHECKING

from glomers.bench.blame import Place
from glomers.bench.hosts import HostInVirtualTime
from glomers.bench.log import RunLog
from glomers.bench.store import Store
from glomers.errors import BrokenTest
from glomers.formats.journal import Event, read_journal
from glomers.formats.node_log import read_beginnings
from glomers.reading.dossier import LOG_BYTES, Broken, Dossier
from glomers.reading.finding import FINDINGS, HEADING, Finding
from glomers.reading.findings import findings

if TYPE_CHECKING:
    from glomers.bench.closing import Results
    from glomers.bench.lifecycle import Test


def find(
    test: Test, store: Store, log: RunLog, results: Results | None, broken: BrokenTest | None
) -> list[Finding]:
    """What went wrong in a test that is over; also written to the store, if anything did."""
    dossier = _dossier(test, store, log, results, broken)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a journal of a test that broke may be cut off
        found = findings(dossier, lambda error: log.note("".join(format_exception(error))))
    if found:
        with suppress(OSError):  # they are shown all the same
            store.write(FINDINGS, json.dumps([each.as_json() for each in found], indent=1) + "\n")
    return found


def show(found: Sequence[Finding], log: RunLog) -> None:
    """Say what went wrong, one line each, and leave a line free."""
    if not found:
        return
    log.say(HEADING, (HEADING, "heading"))
    for number, finding in enumerate(found, start=1):
        styled = [(str(finding.place), "place")] if finding.place else []
        log.say(f"  {number}. {' '.join(str(finding).split())}", *styled)
    log.say("")


def _dossier(
    test: Test, store: Store, log: RunLog, results: Results | None, broken: BrokenTest | None
) -> Dossier:
    logs, is_whole = read_beginnings(store.path / "node-logs", LOG_BYTES)
    hosts = [host for host in test.hosts if isinstance(host, HostInVirtualTime)]
    return Dossier(
        workload=test.options.workload,
        nodes=test.options.node_ids,
        results=results,
        history=test.history.ops,
        events=lambda text: _events(store, text),
        logs=logs,
        logs_are_whole=is_whole,
        notes=log.warnings,
        program=test.program_path,
        handlers=hosts[-1].handlers if hosts else {},
        waiting=_merged(host.waiting for host in hosts),
        broken=Broken(str(broken), broken.node_id, broken.place) if broken else None,
    )


def _events(store: Store, text: str | None) -> Iterator[Event]:
    return read_journal(store.journal, text.encode() if text is not None else None)


def _merged(parts: Iterable[Mapping[str, Place | None]]) -> dict[str, Place | None]:
    merged: dict[str, Place | None] = {}
    for part in parts:
        for kind, place in part.items():
            merged[kind] = merged.get(kind) or place
    return merged
