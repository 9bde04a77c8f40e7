"""Replicas that differ after healing and rest, in words, and clients who miss their own writes.

Maelstrom compares neither; `glomers.reading.replicas` says what is compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from glomers.formats.edn import equality_key, freeze
from glomers.formats.history import Op
from glomers.reading import elements, losses, replicas
from glomers.reading.acknowledged import final_reads
from glomers.reading.dossier import Dossier
from glomers.reading.finding import Finding, Kind
from glomers.reading.wording import at, in_order, said

FORGOTTEN = "a client does not see its own write"
DIRTY = "dirty write (G0)"
ALONE = "writes do not reach other nodes"
DIVERGED = replicas.DIVERGED
OWN = (FORGOTTEN, DIRTY, ALONE, DIVERGED)
"""The names of what Maelstrom does not look for."""
_MOST_WAYS = 2


def own_checks(dossier: Dossier) -> Iterator[Finding]:
    """What Maelstrom does not look for, where all nodes were asked in the end."""
    found = replicas.convergence(dossier.history, dossier.nodes)
    if found is None:
        return
    if dossier.workload == "txn-rw-register":
        yield from _forgotten(dossier)
        yield from _mixed(dossier, found)
    if len(dossier.nodes) > 1 and not found.is_reached:
        yield from _diverged(dossier, found)


def _diverged(dossier: Dossier, found: replicas.Convergence) -> Iterator[Finding]:
    """What keeps the replicas from having converged, and how the first difference came about."""
    told: list[Finding] = []
    if not (found.silent or replicas.SUM in found.finals):
        keys = found.disagreements
        if any(op.f == "txn" for op in dossier.history):
            told = [_held(dossier, keys[0], found.finals[keys[0]])] if keys else []
        else:
            told = list(elements.differing(dossier, found))
    reads = dossier.exchange(*(began for began, _ in final_reads(dossier.history)))
    yield from told or [Finding(Kind.PROMISE, f"In the end {found}.", None, (), reads, DIVERGED)]


def _held(dossier: Dossier, key: Any, row: Mapping[str, Any]) -> Finding:
    """What each node holds of a key, and how the values went, or did not, to the others."""
    held = ", ".join(f"{node} {_holds(row[node])}" for node in in_order(row))
    ways = list(islice(_ways(dossier, key, row), _MOST_WAYS))
    text = "; ".join([f"For key {said(key)} in the end {held}", *(words for words, _ in ways)])
    reads = [b for b, _ in dossier.operations if b.final and _touches(b, key)]
    ids = (*(number for _, told in ways for number in told), *dossier.exchange(*reads))
    empty = [read for read in reads if row.get(dossier.node_of(read)) is None]
    is_empty = empty and any(value is not None for value in row.values())
    answer = (dossier.exchange(empty[-1]) or (None,))[-1] if is_empty else None
    return Finding(Kind.PROMISE, f"{text}.", None, (), ids, DIVERGED, key, answer)


def _ways(dossier: Dossier, key: Any, row: Mapping[str, Any]) -> Iterator[losses.Told]:
    """How values came to the nodes that hold them, or why they did not come to others."""
    known: list[Op] = []
    for node in in_order(row):
        write = _write(dossier, key, row[node])
        if write is None or write in known:
            continue
        known.append(write)
        words, ids = _way(dossier, write, key, node, row)
        yield words, (*dossier.exchange(write), *ids)


def _way(dossier: Dossier, write: Op, key: Any, node: str, row: Mapping[str, Any]) -> losses.Told:
    """How what a write wrote came to a node that holds it, or not from there to another."""
    value, writer = row[node], dossier.node_of(write)
    wrote = f"{writer} wrote {said(value)} {at(write.time_ns)}"
    if writer == node:
        seen = [other for other in in_order(row) if row[other] is not replicas.UNSEEN]
        others = [other for other in seen if equality_key(row[other]) != equality_key(value)]
        if not others:
            return wrote, ()
        return losses.fate(dossier, wrote, value, (node, others[0]), write.time_ns, key)
    carrying = dossier.carrying(value, key)
    told = [m for m in carrying if m.dest == node and m.arrived_ns is not None]
    if not told:
        return wrote, ()
    last = max(told, key=lambda m: (m.arrived_ns, m.id))
    return f"{wrote}, and {node} was told it last {at(last.arrived_ns)}", (last.id,)


def _holds(value: Any) -> str:
    return "answered no final read" if value is replicas.UNSEEN else f"holds {_nothing_or(value)}"


def _nothing_or(value: Any) -> str:
    return "nothing" if value is None else said(value)


def _forgotten(dossier: Dossier) -> Iterator[Finding]:
    """A client that does not see what it wrote itself."""
    txns = replicas.transactions_of(dossier.history, dossier.nodes)
    for case in replicas.forgotten_writes(txns)[:1]:
        reads = [
            began
            for began, _ in dossier.operations
            if began.process == case.process and began.time_ns / 1e9 == case.start_s
        ]
        write, node = _write(dossier, case.key, case.written), dossier.node_of(reads[0])
        when = f" {at(write.time_ns)}" if write else ""
        sentence = (
            f"A client of {node} wrote {said(case.written)} to key {said(case.key)}{when}, and its "
            f"read {at(reads[0].time_ns)} showed {_nothing_or(case.read)}."
        )
        ids = dossier.exchange(write, *reads)
        yield Finding(Kind.PROMISE, sentence, None, (), ids, FORGOTTEN, case.key)


def _mixed(dossier: Dossier, found: replicas.Convergence) -> Iterator[Finding]:
    """Two transactions of which each overwrote a part of the other."""
    txns = replicas.transactions_of(dossier.history, dossier.nodes)
    possible = [b for b, e in dossier.operations if e is None or e.type != "fail"]
    for first, second, key, other_key in replicas.dirty_writes(txns, found.finals)[:1]:
        one, other = possible[first], possible[second]
        sentence = (
            f"The transactions that {dossier.node_of(one)} executed {at(one.time_ns)} and "
            f"{dossier.node_of(other)} {at(other.time_ns)} both wrote the keys {said(key)} and "
            f"{said(other_key)}, and in the end each of the keys holds what another one wrote."
        )
        yield Finding(Kind.PROMISE, sentence, None, (), dossier.exchange(one, other), DIRTY)


def _write(dossier: Dossier, key: Any, value: Any) -> Op | None:
    """The transaction that wrote a value to a key."""
    for began, _ in dossier.operations:
        for f, k, written in began.value or () if began.f == "txn" else ():
            is_written = f.name == "w" and equality_key(written) == equality_key(value)
            if is_written and freeze(k) == key:
                return began
    return None


def _touches(op: Op, key: Any) -> bool:
    return any(freeze(step[1]) == key for step in op.value or ())
