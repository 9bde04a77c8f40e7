"""From a graph of dependencies and other anomalies to a verdict under consistency models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from glomers.bench.checkers.elle import cycles
from glomers.bench.checkers.elle.explain import DataReasons, explain, main_relation
from glomers.bench.checkers.elle.graph import PROCESS, REALTIME, Graph
from glomers.bench.checkers.elle.models import CYCLE_ANOMALIES, boundary, forbidden_anomalies
from glomers.bench.checkers.elle.order import RealTime, process_edges
from glomers.bench.checkers.elle.txn import Anomaly, Txn
from glomers.bench.checkers.judgement import UNKNOWN, VALID, CheckOptions, Result
from glomers.formats.edn import keywordize, kw

CUT_OFF = "cycle-search-timeout"
EMPTY = "empty-transaction-graph"
UNDECIDED = frozenset({CUT_OFF, EMPTY})
"""What makes a verdict unknown, if nothing makes it false."""

Anomalies = dict[str, Any]
"""Of each anomaly, by name, the cases found."""


def add_time(graph: Graph, txns: Sequence[Txn], models: Sequence[str]) -> None:
    """Add the order of real time, or of processes, if `models` forbid cycles with it.

    Raises:
        CheckError: for an unknown model.
    """
    forbidden = forbidden_anomalies(models)
    if any(name.endswith("-realtime") and name in forbidden for name in CYCLE_ANOMALIES):
        graph.add_real_time(RealTime(txns))
    elif any(name.endswith("-process") and name in forbidden for name in CYCLE_ANOMALIES):
        for before, after in process_edges(txns):
            graph.link(before, after, PROCESS)


def cycle_anomalies(
    graph: Graph, txns: Sequence[Txn], reasons: DataReasons, options: CheckOptions
) -> Anomalies:
    """A cycle of each kind for every component of `graph`; see `cycles.search`."""
    found: Anomalies = {EMPTY: True} if graph.is_empty and not options.is_excerpt else {}
    components = graph.components()
    budget = cycles.Budget()
    main = [main_relation(bits, reasons.relations) for bits in range(2 * REALTIME)]
    for edges in graph.subgraphs(components) if components else ():
        findings = cycles.search(
            edges,
            main.__getitem__,
            lambda number: txns[number].done.index,
            budget,
        )
        for anomaly, members in findings.exists.items():
            found.setdefault(anomaly, []).append(_existence(anomaly, members, txns))
        for kind, cycle in findings.cycles:
            found.setdefault(kind, []).append(explain(kind, cycle, edges, txns, reasons))
        if findings.is_cut_off:
            case = keywordize({"type": kw(CUT_OFF), "scc-size": len(edges)})
            found.setdefault(CUT_OFF, []).append(case)
    return found


def _existence(anomaly: str, members: Sequence[int], txns: Sequence[Txn]) -> Anomaly:
    return keywordize(
        {
            "type": kw(anomaly),
            "not": kw(cycles.friendly_name(anomaly)),
            "scc-size": len(members),
            "scc": frozenset(txns[number].done.index for number in members),
        }
    )


def judge(found: Anomalies, models: Sequence[str]) -> Result:
    """The verdict: only what `models` forbid, or what leaves the question open, is reported.

    Raises:
        CheckError: for an unknown model.
    """
    forbidden = forbidden_anomalies(models)
    reported = {name: found[name] for name in found if name in forbidden | UNDECIDED}
    for name in cycles.redundant_exists(reported):
        reported.pop(name, None)
    if not reported:
        return {VALID: True}
    weakest, stronger = boundary(found)
    is_broken = any(name in forbidden for name in found)
    return keywordize(
        {
            "valid?": False if is_broken else UNKNOWN,
            "anomaly-types": tuple(map(kw, sorted(reported))),
            "anomalies": {kw(name): reported[name] for name in sorted(reported)},
            "not": frozenset(map(kw, weakest)),
            "also-not": frozenset(map(kw, stronger)),
        }
    )
