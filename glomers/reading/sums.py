"""Counters in words: what was added, and reads that show another sum."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from glomers.formats.edn import Tagged, kw
from glomers.formats.history import Op
from glomers.reading import losses
from glomers.reading.dossier import Dossier
from glomers.reading.endings import final_reads
from glomers.reading.finding import Finding, Kind
from glomers.reading.wording import at, in_order, listed, said

OWN_CHECK = "(our own check: replicas are to agree in the end) "


def violations(dossier: Dossier) -> Iterator[Finding]:
    """Final reads that no sum of the additions explains."""
    wrong = _wrong_reads(dossier)
    if not wrong:
        return
    part = dossier.part("workload")
    began, ended = wrong[0]
    by_node = _added_by_node(dossier)
    added = ", ".join(f"{total} at {node}" for node, total in by_node.items()) or "nothing"
    others = f"; {len(wrong)} final reads are wrong" if len(wrong) > 1 else ""
    sentence = (
        f"{dossier.node_of(began)} answered {said(ended.value)} in the end, {at(ended.time_ns)}, "
        f"and right is {_right(part.get(kw('acceptable')))}: acknowledged were additions of "
        f"{added}{others}."
    )
    yield Finding(Kind.PROMISE, sentence, None, (), dossier.exchange(began, ended))


def _wrong_reads(dossier: Dossier) -> list[tuple[Op, Op]]:
    errors = dossier.part("workload").get(kw("errors")) or ()
    wrong = {error.value[kw("index")] for error in errors if isinstance(error, Tagged)}
    return [(b, e) for b, e in dossier.operations if e is not None and e.index in wrong]


def _right(acceptable: Any) -> str:
    if not acceptable:
        return "another sum"
    low, high = acceptable[0][0], acceptable[-1][1]
    return str(low) if low == high else f"between {low} and {high}"


def _added_by_node(dossier: Dossier) -> dict[str, int]:
    by_node: dict[str, int] = {}
    for began, ended in dossier.operations:
        if began.f == "add" and ended is not None and ended.type == "ok":
            node = dossier.node_of(began)
            by_node[node] = by_node.get(node, 0) + began.value
    return {node: by_node[node] for node in in_order(by_node)}


def lost_on_the_way(dossier: Dossier) -> Iterator[Finding]:
    """Whom the node of a wrong read did not hear."""
    adds = [b.time_ns for b, e in dossier.operations if b.f == "add" and e and e.type == "ok"]
    for began, ended in _wrong_reads(dossier)[:1]:
        lacks = dossier.node_of(began)
        others = [node for node in _added_by_node(dossier) if node != lacks]
        reasons: dict[str, list[str]] = {}
        for node in others if dossier.messages else ():
            reason = losses.silence(dossier, node, lacks, adds[0], ended.time_ns)
            reasons.setdefault(reason, []).append(node)
        reasons.pop("", None)
        if reasons:
            told = [f"{listed(nodes)} {reason}" for reason, nodes in reasons.items()]
            yield Finding(Kind.LOSS, f"{'; '.join(told)}.")


def own_check(dossier: Dossier) -> Iterator[Finding]:
    """Final reads that differ although each of them may be right."""
    reads = final_reads(dossier.operations, dossier.nodes)
    finals = {node: ended for node, (_, ended) in reads.items()}
    if len({ended.value for ended in finals.values()}) > 1:
        shown = [f"{node} shows {said(finals[node].value)}" for node in in_order(finals)]
        sentence = f"{OWN_CHECK}the nodes never came to agree: in the end {listed(shown, 5)}."
        yield Finding(Kind.PROMISE, sentence)
