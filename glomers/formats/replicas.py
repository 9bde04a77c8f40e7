"""What the transactions of a run tell about its replicas: whether they agree, and show own writes.

This looks at transactions over registers (`txn-rw-register`) and needs no knowledge of how a node
works.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from glomers.formats.edn import equality_key, freeze, to_json
from glomers.formats.history import Op, pairs

Finals = dict[Any, dict[str, Any]]
"""For each key, what every node holds at the end."""


class Txn(NamedTuple):
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


def transactions_of(history: Iterable[Op], nodes: Sequence[str]) -> list[Txn]:
    """The transactions of a history in order; values are what was answered, if anything was."""
    return [
        Txn(
            invoked.process,
            nodes[int(invoked.process) % len(nodes)],
            done.type if done else "info",
            invoked.final,
            invoked.time_ns / 1e9,
            steps_of(done.value if done and done.type == "ok" else invoked.value),
        )
        for invoked, done in pairs(history)
    ]


def steps_of(value: Any) -> list[Any]:
    """The micro-operations of a transaction, with keys that can be looked up."""
    return [[f, freeze(key), each] for f, key, each in to_json(value) or ()]


def key_order(key: Any) -> tuple[int, int, str]:
    """Integers by size, and then everything else: a node may answer with keys of any kind."""
    return (0, key, "") if type(key) is int else (1, 0, repr(key))


def final_values(txns: Iterable[Txn]) -> Finals:
    """What every node holds at the end, as final reads show it; empty without any."""
    finals: Finals = {}
    for txn in txns:
        if txn.final and txn.outcome == "ok":
            for _, key, value in txn.value:
                finals.setdefault(key, {})[txn.node] = value
    return finals


def disagreements(finals: Finals) -> list[Any]:
    """The keys of which nodes hold different values."""
    return [key for key, row in finals.items() if len(set(map(str, row.values()))) > 1]


def forgotten_writes(txns: Iterable[Txn]) -> list[Forgotten]:
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


def replicated_share(txns: Sequence[Txn], finals: Finals) -> float | None:
    """The share of keys whose final value some node holds that was not asked to write it.

    0 means that no write ever reached another node; None: nobody wrote anything.
    """
    writers: dict[tuple[Any, Any], str] = {}
    for txn in txns:
        for f, key, value in txn.value:
            if f == "w":
                writers[key, equality_key(value)] = txn.node
    spread = [
        any(writers.get((key, equality_key(value)), node) != node for node, value in row.items())
        for key, row in finals.items()
        if any(value is not None for value in row.values())
    ]
    return sum(spread) / len(spread) if spread else None


def dirty_writes(txns: Iterable[Txn], finals: Finals) -> list[tuple[int, int, Any, Any]]:
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
        row = sorted(finals[key].items())
        held = [equality_key(value) for _, value in row if value is not None]
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
