"""What the final reads of a run tell about its replicas, and its transactions about own writes.

Replicas have converged when, after healing and a rest of 10 s,

- every node that was asked has answered a final read: one that has not has shown nothing, and what
  nobody saw is not met (a node that nobody asked is not judged);
- all nodes show the same: the same elements of a set, those of an unknown outcome and those that
  nobody added among them; the same sum; the same value of every key;
- and what they show has all that was acknowledged: every element, or a sum that the additions
  allow.

Of a node that several clients read one answer is enough, but all its answers must be the same.
The other checks are about transactions over registers (`txn-rw-register`).  Nothing here needs to
know how a node works.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any, NamedTuple

from glomers.formats.edn import equality_key
from glomers.formats.history import Op, pairs
from glomers.reading.acknowledged import (
    ADDS,
    Pair,
    answers_of,
    elements_of,
    final_readings,
    final_reads,
    is_of_a_set,
    node_of,
    steps_of,
)

CONVERGED = "replicas converge after healing"
DIVERGED = "replicas disagree after healing"
_END_WITH_READS = ("broadcast", "g-set", "g-counter", "pn-counter")
SUM = "sum"
"""The one key that a counter has."""
_NOW_AND_THEN = (True, False)
_NAMED = 5


class _Nothing(Enum):
    UNSEEN = "no final read"

    def __str__(self) -> str:
        return self.value


UNSEEN = _Nothing.UNSEEN
"""Stands where a final read was asked for, and none was answered."""

Finals = dict[Any, dict[str, Any]]
"""For each key, what every node holds at the end; of a set, whether it shows the element.

Where the final reads of one node differ, it is a tuple of what they show.
"""


@dataclass(frozen=True)
class Convergence:
    """What the final reads of a run show.

    Attributes:
        finals: what every node holds at the end.
        missing: of each node that answered, how many acknowledged elements it does not show, or by
            how much its sum is off; empty for transactions.
        known: how many elements were acknowledged, or the size of the sum.
        unsettled: elements that some node shows although nobody was told that they were added.
        silent: the nodes that were asked in the end and answered no final read.
    """

    finals: Finals
    missing: dict[str, int]
    known: int
    unsettled: frozenset[Any]
    silent: tuple[str, ...]

    @cached_property
    def disagreements(self) -> list[Any]:
        """The keys of which nodes hold different values, or of which one was not seen."""
        return [key for key, row in self.finals.items() if UNSEEN in row.values() or _differ(row)]

    @property
    def is_reached(self) -> bool:
        """Whether the replicas have converged."""
        return not (self.silent or any(self.missing.values()) or self.disagreements)

    def __str__(self) -> str:
        """What keeps the replicas from having converged, in a line."""
        return "; ".join(self._reasons()) or "all nodes show the same"

    def _reasons(self) -> Iterator[str]:
        unseen = [key for key, row in self.finals.items() if UNSEEN in row.values()]
        if self.silent:
            yield f"{_listed(self.silent)} answered no final read"
        elif unseen:
            count = f"{len(unseen)} of {len(self.finals)}"
            yield f"not every node has answered a final read of {count} keys"
        differing = [key for key, row in self.finals.items() if _differ(row)]
        lacking = {node: count for node, count in self.missing.items() if count}
        if SUM in self.finals:
            if lacking or differing:
                yield _listed([self._shown_sum(node) for node in self.missing])
            return
        if lacking:
            counts = [f"{node} lacks {count}" for node, count in lacking.items()]
            yield f"{_listed(counts)} of {self.known} acknowledged values"
        if of_txns := not self.missing and differing:
            yield f"nodes differ on {len(of_txns)} of {len(self.finals)} keys"
        elif loose := [str(key) for key in differing if key in self.unsettled]:
            yield f"some nodes only show {_listed(loose)}, which nobody acknowledged"

    def _shown_sum(self, node: str) -> str:
        off = self.missing[node]
        return f"{node} shows {self.finals[SUM][node]}" + (f" ({off} off)" if off else "")


def _listed(parts: Sequence[str]) -> str:
    """The first few of several parts, and how many more there are."""
    more = f" and {len(parts) - _NAMED} more" if len(parts) > _NAMED else ""
    return ", ".join(parts[:_NAMED]) + more


def _differ(row: Mapping[str, Any]) -> bool:
    """Whether nodes that were seen hold different values, or one of them showed several."""
    # Mostly there is one object.
    different = {id(value): value for value in row.values() if value is not UNSEEN}.values()
    keys = [equality_key(value) for value in different]
    has_several = any(isinstance(value, tuple) for value in different)
    return has_several or any(key != keys[0] for key in keys[1:])


def are_compared(workload: str, nodes: Sequence[str], has_final_reads: bool) -> bool:
    """Whether a run has several replicas, and reads in the end that tell whether they agree.

    Runs of sets and counters end with some and, with the bench's flag `--final-reads`, those of
    transactions.  The polls that end a run of logs are not compared.
    """
    return len(nodes) > 1 and (workload in _END_WITH_READS or has_final_reads)


def convergence(history: Sequence[Op], nodes: Sequence[str]) -> Convergence | None:
    """Compare what the final reads of a run show; None when there are none."""
    ends = final_reads(history)
    if not ends or ends[0][0].f not in ("read", "txn"):
        return None
    answers = answers_of(ends, nodes)
    silent = tuple(node for node, given in answers.items() if not given)
    if ends[0][0].f == "txn":
        return Convergence(_of_registers(ends, nodes), {}, 0, frozenset(), silent)
    acknowledged = [equality_key(op.value) for op in history if op.f in ADDS and op.type == "ok"]
    is_set = is_of_a_set(history)
    finals = _of_a_set(acknowledged, answers) if is_set else _of_a_sum(answers)
    unsettled = frozenset(finals).difference(acknowledged) if is_set else frozenset()
    missing = {node: 0 for node, given in answers.items() if given}
    readings = final_readings(history, nodes)
    for reading in readings:
        if reading.is_answered:
            missing[reading.node] = max(missing[reading.node], reading.missing)
    return Convergence(
        finals, missing, max((r.known for r in readings), default=0), unsettled, silent
    )


def _of_registers(ends: Iterable[Pair], nodes: Sequence[str]) -> Finals:
    shown: dict[Any, dict[str, list[Any]]] = {}
    for began, done in ends:
        is_answered = done is not None and done.type == "ok"
        for _, key, value in steps_of(done.value if done and is_answered else began.value):
            given = shown.setdefault(key, {}).setdefault(node_of(began, nodes), [])
            if is_answered:
                given.append(value)
    return {
        key: {node: _one_of(given) for node, given in row.items()} for key, row in shown.items()
    }


def _of_a_sum(answers: Mapping[str, list[Any]]) -> Finals:
    return {SUM: {node: _one_of(given) for node, given in answers.items()}}


def _of_a_set(acknowledged: Sequence[Any], answers: Mapping[str, list[Any]]) -> Finals:
    """Whether each node shows each element that was acknowledged, or that some node shows."""
    reads = {node: list(map(elements_of, given)) for node, given in answers.items()}
    always = {node: set.intersection(*given) for node, given in reads.items() if given}
    ever = {node: set.union(*given) for node, given in reads.items() if given}
    others = set().union(*ever.values()).difference(acknowledged)

    def shown(element: Any, node: str) -> Any:
        if node not in ever:
            return UNSEEN
        return element in always[node] or (element in ever[node] and _NOW_AND_THEN)

    return {
        element: {node: shown(element, node) for node in answers}
        for element in [*acknowledged, *sorted(others, key=key_order)]
    }


def _one_of(given: Sequence[Any]) -> Any:
    """What several answers of a node have in common: a value, or else all that they show."""
    if len({equality_key(value) for value in given}) < 2:
        return given[0] if given else UNSEEN
    return tuple(given)


class Transaction(NamedTuple):
    """A transaction: who asked for it, which node, its outcome, and its `[f, key, value]`s."""

    process: Any
    node: str
    outcome: str
    final: bool
    start_s: float
    value: Sequence[Any]


class Forgotten(NamedTuple):
    """A read that showed a client less than it had written itself."""

    process: Any
    key: Any
    read: Any
    written: Any
    start_s: float


def transactions_of(history: Iterable[Op], nodes: Sequence[str]) -> list[Transaction]:
    """The transactions of a history in order; values are what was answered, if anything was."""
    return [
        Transaction(
            invoked.process,
            node_of(invoked, nodes) if nodes else "",
            done.type if done else "info",
            invoked.final,
            invoked.time_ns / 1e9,
            steps_of(done.value if done and done.type == "ok" else invoked.value),
        )
        for invoked, done in pairs(history)
    ]


def key_order(key: Any) -> tuple[int, int, str]:
    """Integers by size, and then everything else: a node may answer with keys of any kind."""
    return (0, key, "") if type(key) is int else (1, 0, repr(key))


def forgotten_writes(txns: Iterable[Transaction]) -> list[Forgotten]:
    """Reads that show a client nothing, or a value that it had itself overwritten before."""
    found = []
    written: dict[tuple[Any, Any], list[Any]] = {}
    in_order = sorted((t for t in txns if t.outcome == "ok"), key=lambda txn: txn.start_s)
    for txn in in_order:
        for f, key, value in txn.value:
            own = written.setdefault((txn.process, key), [])
            if f == "w":
                own.append(value)
            elif own and (value is None or value in own[:-1]):
                found.append(Forgotten(txn.process, key, value, own[-1], txn.start_s))
    return found


def replicated_share(txns: Sequence[Transaction], finals: Finals) -> float | None:
    """The share of keys whose final value some node holds that was not asked to write it.

    0 means that no write ever reached another node; None: nobody wrote anything.
    """
    writers: dict[tuple[Any, Any], str] = {}
    for txn in txns:
        for f, key, value in txn.value:
            if f == "w":
                writers[key, equality_key(value)] = txn.node
    spread = [
        any(writers.get((key, equality_key(value)), node) != node for node, value in held)
        for key, row in finals.items()
        if (held := _held(row))
    ]
    return sum(spread) / len(spread) if spread else None


def _held(row: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The nodes that were seen to hold something, in the order of their names, and what it is."""
    return [(n, value) for n, value in sorted(row.items()) if value not in (None, UNSEEN)]


def dirty_writes(txns: Iterable[Transaction], finals: Finals) -> list[tuple[int, int, Any, Any]]:
    """Pairs of transactions of which each overwrote the other: two numbers, two keys.

    When the final value of key x comes from one transaction and that of key y from another, and
    both wrote both keys, their writes are mixed: Adya's G0, which no order of the two explains.
    Histories of registers alone do not show it.
    """
    writers: dict[Any, dict[Any, int]] = {}
    for index, txn in enumerate(t for t in txns if t.outcome != "fail"):
        last = {key: value for f, key, value in txn.value if f == "w"}
        for key, value in last.items():
            writers.setdefault(key, {})[equality_key(value)] = index
    lost_to: dict[int, dict[int, Any]] = {}
    for key in sorted(finals, key=key_order):
        held = [equality_key(value) for _, value in _held(finals[key])]
        winner = writers.get(key, {}).get(held[0]) if held else None
        for loser in writers.get(key, {}).values():
            if winner is not None and loser != winner:
                lost_to.setdefault(loser, {})[winner] = key
    return [
        (first, second, key, lost_to[second][first])
        for first, winners in lost_to.items()
        for second, key in winners.items()
        if first < second and first in lost_to.get(second, {})
    ]
