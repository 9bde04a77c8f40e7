"""Replicas that differ after healing and rest, in words, and clients who miss their own writes.

Maelstrom compares neither; `glomers.formats.replicas` says what is compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from glomers.formats import replicas
from glomers.formats.acknowledged import final_reads
from glomers.formats.edn import equality_key, freeze
from glomers.formats.history import Op
from glomers.reading import elements, losses
from glomers.reading.dossier import Dossier
from glomers.reading.finding import Finding, Kind
from glomers.reading.wording import at, said

FORGOTTEN = "a client does not see its own write"
DIRTY = "dirty write (G0)"
ALONE = "writes do not reach other nodes"
DIVERGED = replicas.DIVERGED


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
    held = ", ".join(f"{node} {_holds(value)}" for node, value in row.items())
    text, ids = f"For key {said(key)} in the end {held}", list[int]()
    for node, value in row.items():
        write = _write(dossier, key, value)
        if write is None:
            continue
        ids += dossier.exchange(write)
        for words, messages in _ways(dossier, write, (key, value), node, row):
            text += f"; {words}"
            ids += messages
    reads = [b for b, _ in dossier.operations if b.final and _touches(b, key)]
    empty = [read for read in reads if row.get(dossier.node_of(read)) is None]
    ids += dossier.exchange(*reads)
    is_empty = empty and any(value is not None for value in row.values())
    answer = (dossier.exchange(empty[-1]) or (None,))[-1] if is_empty else None
    return Finding(Kind.PROMISE, f"{text}.", None, (), tuple(ids), DIVERGED, key, answer)


def _ways(
    dossier: Dossier, write: Op, entry: tuple[Any, Any], node: str, row: Mapping[str, Any]
) -> Iterator[losses.Told]:
    """How a value that `node` holds came to it, or why it did not come from it to others."""
    (key, value), writer = entry, dossier.node_of(write)
    wrote = f"{writer} wrote {said(value)} {at(write.time_ns)}"
    if writer == node:
        for other in row:
            if row[other] is not replicas.UNSEEN and equality_key(row[other]) != equality_key(
                value
            ):
                between = node, other
                yield losses.fate(dossier, wrote, value, between, write.time_ns, key)
        return
    told = [m for m in dossier.carrying(value, key) if m.dest == node and m.arrived_ns is not None]
    last = max(told, key=lambda m: (m.arrived_ns, m.id), default=None)
    if last:
        yield f"{wrote}, and {node} was told it last {at(last.arrived_ns)}", (last.id,)
    else:
        yield wrote, ()


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
