"""Transactions of a history, and the anomalies that show without a cycle."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from glomers.formats.edn import Keyword, equality_key, kw
from glomers.formats.history import Op, op_record, pairs

READ = kw("r")

MicroOp = list[Any]
"""A micro-operation, `[:r key value]` or one that writes: `[:w key value]`, `[:append ...]`."""

Anomaly = dict[Keyword, Any]
"""One case of an anomaly, as it stands in results."""


@dataclass(slots=True)
class Txn:
    """A transaction: how it ended (`ok`, `fail`, `info`: nobody knows) and what it then showed.

    A transaction that was still open at the end counts as `info`, `done` being its invocation.
    """

    invoked: Op
    done: Op
    type: str

    @property
    def micro_ops(self) -> list[MicroOp]:
        """The micro-operations, with what its reads returned if it is `ok`."""
        micro_ops: list[MicroOp] = self.done.value
        return micro_ops


def transactions(history: Iterable[Op]) -> list[Txn]:
    """The transactions of clients in the order of their invocations."""
    return [
        Txn(invoked, invoked, "info") if done is None else Txn(invoked, done, done.type)
        for invoked, done in pairs(history)
    ]


def key_of(value: Any) -> Any:
    """A hashable stand-in for a key or value; most are integers, which stand for themselves."""
    return value if type(value) is int else equality_key(value)


def failed_writes(txns: Iterable[Txn], write: Keyword) -> dict[tuple[Any, Any], Txn]:
    """Who wrote a value to a key in a transaction that failed, by key and value."""
    return {
        (key_of(key), key_of(value)): txn
        for txn in txns
        if txn.type == "fail"
        for f, key, value in txn.micro_ops
        if f is write
    }


def intermediate_writes(txns: Iterable[Txn], write: Keyword) -> dict[tuple[Any, Any], Txn]:
    """Who wrote a value to a key and later, in the same transaction, another one."""
    intermediate: dict[tuple[Any, Any], Txn] = {}
    for txn in txns:
        last: dict[Any, Any] = {}
        for f, key, value in txn.micro_ops:
            if f is not write:
                continue
            key = key_of(key)
            if last.get(key) is not None:
                intermediate[key, last[key]] = txn
            last[key] = key_of(value)
    return intermediate


def lost_updates(txns: Iterable[Txn], write: Keyword) -> list[Anomaly]:
    """Transactions that read the same value of a key and then wrote that key.

    However the writes are ordered, one of them was not based on the one before it.
    """
    colliding: dict[tuple[Any, Any], list[tuple[MicroOp, Txn]]] = {}
    oks = (txn for txn in txns if txn.type == "ok")
    for txn in sorted(oks, key=lambda txn: txn.done.index):
        for key, read in _updates(txn, write):
            colliding.setdefault((key, key_of(read[2])), []).append((read, txn))
    return [
        {
            kw("key"): group[0][0][1],
            kw("value"): group[0][0][2],
            kw("txns"): [op_record(txn.done) for _, txn in group],
        }
        for group in colliding.values()
        if len(group) > 1
    ]


def _updates(txn: Txn, write: Keyword) -> Iterator[tuple[Any, MicroOp]]:
    """The keys that `txn` wrote after touching them, with the micro-operation that did first."""
    seen: dict[Any, MicroOp] = {}
    written = set()
    for micro_op in txn.micro_ops:
        key = key_of(micro_op[1])
        if micro_op[0] is write and key not in written:
            if key in seen:
                written.add(key)
                yield key, seen[key]
        else:
            seen.setdefault(key, micro_op)


def reads_of_written(
    txns: Sequence[Txn],
    written: dict[tuple[Any, Any], Txn],
    shown: Callable[[Any], Iterable[Any]],
) -> Iterator[tuple[Txn, MicroOp, Any, Txn]]:
    """Reads of successful transactions that show a value in `written`.

    Yields the reader, the read, the value and its writer; `shown` gives the values that a read
    with that result shows.
    """
    if not written:
        return
    keys = {key for key, _ in written}
    for txn in txns:
        if txn.type != "ok":
            continue
        for micro_op in txn.micro_ops:
            if micro_op[0] is not READ or (key := key_of(micro_op[1])) not in keys:
                continue
            for value in shown(micro_op[2]):
                writer = written.get((key, key_of(value)))
                if writer is not None:
                    yield txn, micro_op, value, writer
