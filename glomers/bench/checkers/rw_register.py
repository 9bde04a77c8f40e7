"""Transactions over registers: reads of the newest value, writes of values that are unique.

Of the order in which a register's values followed one another, a history tells little.  As
Maelstrom has it, only two things are taken for granted: nil came first, and where a transaction
reads a register and then writes it, what it read came before what it wrote (*writes follow
reads*).  From that order of versions come write-write and read-write dependencies between
transactions; write-read dependencies show directly.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from glomers.bench.checkers.elle.explain import Reason
from glomers.bench.checkers.elle.graph import RW, WR, WW, Graph, strong_components
from glomers.bench.checkers.elle.report import (
    CUT_OFF,
    Anomalies,
    add_time,
    cycle_anomalies,
    judge,
)
from glomers.bench.checkers.elle.txn import (
    READ,
    Anomaly,
    MicroOp,
    Txn,
    failed_writes,
    intermediate_writes,
    key_of,
    lost_updates,
    reads_of_written,
    transactions,
)
from glomers.bench.checkers.judgement import VALID, CheckError, CheckOptions, Result
from glomers.formats.edn import dumps, freeze, keywordize, kw
from glomers.formats.history import Op, op_record

WRITE = kw("w")
_KEY, _VALUE = 1, 2  # their places in a micro-operation
_ANOMALIES, _TYPES = kw("anomalies"), kw("anomaly-types")


def check(history: Sequence[Op], options: CheckOptions) -> Result:
    """Look for anomalies that the consistency models forbid.

    Any anomaly that is reported makes the history invalid, except that the search for cycles was
    cut off, which is not even reported: with so weak an order, long searches mean little.

    Raises:
        CheckError: for an unknown model, keys of several types, or a value that was read and
            written by more than one transaction.
    """
    txns = transactions(history)
    _require_one_key_type(history)
    found = _anomalies(txns, options)
    found.pop(CUT_OFF, None)
    result = judge(found, options.consistency_models)
    result.setdefault(_TYPES, ())
    result.setdefault(_ANOMALIES, None)
    result[VALID] = not result[_TYPES]
    return result


def _require_one_key_type(history: Iterable[Op]) -> None:
    types = {
        type(micro_op[1]) for op in history if isinstance(op.process, int) for micro_op in op.value
    }
    if len(types) > 1:
        names = ", ".join(sorted(t.__name__ for t in types))
        raise CheckError(f"keys are of several types ({names}); keys of one type are needed")


def _anomalies(txns: Sequence[Txn], options: CheckOptions) -> Anomalies:
    registers = _Registers(txns)
    graph = Graph(len(txns))
    cyclic = registers.link_versions(graph)
    registers.link_reads(graph)
    add_time(graph, txns, options.consistency_models)
    found = cycle_anomalies(graph, txns, registers, options)
    cases = {
        "cyclic-versions": cyclic,
        "internal": [case for txn in txns if (case := _internal_case(txn))],
        "G1a": [*_bad_reads(txns, failed_writes(txns, WRITE))],
        "G1b": [*_bad_reads(txns, intermediate_writes(txns, WRITE))],
        "lost-update": lost_updates(txns, WRITE),
    }
    return found | {name: of_kind for name, of_kind in cases.items() if of_kind}


def _internal_case(txn: Txn) -> Anomaly | None:
    """A read that shows another value than the transaction itself wrote or read before."""
    if txn.type != "ok" or len(txn.micro_ops) < 2:
        return None
    state: dict[Any, Any] = {}
    for micro_op in txn.micro_ops:
        f, key, value = micro_op
        key = key_of(key)
        expected = state.get(key)
        if f is READ and _is_known(expected) and key_of(expected) != key_of(value):
            return keywordize({"op": op_record(txn.done), "mop": micro_op, "expected": expected})
        state[key] = value
    return None


def _is_known(value: Any) -> bool:
    """Whether `value` tells something; nil and false stand for nothing known."""
    return value is not None and value is not False


def _bad_reads(txns: Sequence[Txn], written: dict[tuple[Any, Any], Txn]) -> Iterator[Anomaly]:
    """Reads of values in `written` by transactions that did not write them."""
    for reader, micro_op, _, writer in reads_of_written(txns, written, lambda value: (value,)):
        if reader is not writer:
            yield keywordize(
                {
                    "op": op_record(reader.done),
                    "mop": micro_op,
                    "writer": op_record(writer.done),
                }
            )


@dataclass(slots=True)
class _Register:
    """What transactions, by number, externally read from a register and wrote to it.

    External is what others can tell: the first read, unless a write came before, and the last
    write.  `followed_by` has the values written by transactions that read the one before.
    """

    readers: dict[Any, list[int]] = field(default_factory=dict)
    writers: dict[Any, list[int]] = field(default_factory=dict)
    followed_by: dict[Any, list[Any]] = field(default_factory=dict)

    def cycles(self) -> Iterator[list[Any]]:
        """Values that followed one another in circles."""
        components = strong_components(self.followed_by, lambda v: self.followed_by.get(v, ()))
        return (component for component in components if len(component) > 1)


def _external(micro_ops: Iterable[MicroOp]) -> tuple[dict[Any, Any], dict[Any, Any]]:
    """External reads and writes: of each key, by stand-in, the value."""
    reads: dict[Any, Any] = {}
    writes: dict[Any, Any] = {}
    for f, key, value in micro_ops:
        key = key_of(key)
        if f is WRITE:
            writes[key] = value
        elif key not in reads and key not in writes:
            reads[key] = value
    return reads, writes


class _Registers:
    """The registers of a history, and the dependencies that follow from them."""

    relations = (WR, WW, RW)

    def __init__(self, txns: Sequence[Txn]) -> None:
        self._txns = txns
        self._registers: dict[Any, _Register] = {}
        self._uses_followed_by = True
        for number, txn in enumerate(txns):
            if txn.type == "ok":
                self._add(number, *_external(txn.micro_ops))

    def _register(self, key: Any) -> _Register:
        register = self._registers.get(key)
        if register is None:
            register = self._registers[key] = _Register()
        return register

    def _add(self, number: int, reads: Mapping[Any, Any], writes: Mapping[Any, Any]) -> None:
        for key, value in reads.items():
            register = self._register(key)
            value = key_of(value)
            register.readers.setdefault(value, []).append(number)
            if value is not None and _is_known(writes.get(key)):
                register.followed_by.setdefault(value, []).append(key_of(writes[key]))
        for key, value in writes.items():
            self._register(key).writers.setdefault(key_of(value), []).append(number)

    def link_versions(self, graph: Graph) -> list[Anomaly]:
        """Add write-write and read-write edges; returns cycles in the order of versions.

        If versions follow one another in circles, then writes do not follow reads, and no order
        but that after nil is used.
        """
        cyclic = [
            keywordize(
                {
                    "key": self._original(_KEY, key),
                    "scc": frozenset(freeze(self._original(_VALUE, v)) for v in component),
                    "sources": [kw("initial-state"), kw("wfr-keys")],
                }
            )
            for key, register in self._registers.items()
            for component in register.cycles()
        ]
        self._uses_followed_by = not cyclic
        for register in self._registers.values():
            self._link(graph, register, None, (v for v in register.writers if v is not None))
            for version, following in register.followed_by.items() if not cyclic else ():
                self._link(graph, register, version, following)
        return cyclic

    @staticmethod
    def _link(graph: Graph, register: _Register, version: Any, following: Iterable[Any]) -> None:
        """Add edges from those who touched `version` to writers of what followed it."""
        readers = register.readers.get(version, [])
        writers = register.writers.get(version, [])
        if not readers and not writers:
            return
        after = [w for value in following for w in register.writers.get(value, ())]
        graph.link_others(writers, after, WW)
        graph.link_others(readers, after, RW)

    def link_reads(self, graph: Graph) -> None:
        """Add write-read edges.

        Raises:
            CheckError: when a value that was read has several writers.
        """
        for key, register in self._registers.items():
            for value, readers in register.readers.items():
                writers = register.writers.get(value, ())
                if len(writers) > 1:
                    indices = ", ".join(str(self._txns[w].done.index) for w in writers)
                    shown_key = dumps(self._original(_KEY, key))
                    shown = dumps(self._original(_VALUE, value))
                    raise CheckError(
                        f"key {shown_key} was set to {shown} by several transactions "
                        f"(indices {indices}), so that nobody can say whose write was read"
                    )
                for writer in writers:
                    for reader in readers:
                        graph.link(writer, reader, WR)

    def reason(self, relation: int, before: int, after: int, names: tuple[str, str]) -> Reason:
        """Why `before` comes before `after`; see `DataReasons`."""
        earlier, later = self._txns[before].micro_ops, self._txns[after].micro_ops
        earlier_reads, earlier_writes = _external(earlier)
        later_reads, later_writes = _external(later)
        touched = earlier_reads if relation == RW else earlier_writes
        done = later_reads if relation == WR else later_writes
        key = next(k for k in touched if k in done and self._comes_next(k, touched, done, relation))
        value, following = touched[key], done[key]
        key = self._original(_KEY, key)
        name, next_name = names
        shown_key, shown, shown_next = dumps(key), dumps(value), dumps(following)
        if relation == WR:
            words = f"{name} set key {shown_key} to {shown}, which {next_name} read"
            return keywordize({"type": kw("wr"), "key": key, "value": value, "words": words})
        did = "read" if relation == RW else "set"
        words = (
            f"{name} {did} key {shown_key} {'=' if relation == RW else 'to'} {shown}, and "
            f"{next_name} set it to {shown_next}, which came later in the order of versions"
        )
        return keywordize(
            {
                "type": kw("rw" if relation == RW else "ww"),
                "key": key,
                "value": value,
                "value'": following,
                "words": words,
            }
        )

    def _original(self, place: int, stand_in: Any) -> Any:
        """The key or value, by its place in micro-operations, that `stand_in` stands for."""
        if stand_in is None or type(stand_in) in (int, str):
            return stand_in
        micro_ops = chain.from_iterable(txn.micro_ops for txn in self._txns if txn.type == "ok")
        return next(each[place] for each in micro_ops if key_of(each[place]) == stand_in)

    def _comes_next(
        self, key: Any, touched: Mapping[Any, Any], done: Mapping[Any, Any], relation: int
    ) -> bool:
        value, following = key_of(touched[key]), key_of(done[key])
        if relation == WR:
            return bool(value == following)
        if value is None:
            return following is not None
        followed_by = self._registers[key].followed_by if self._uses_followed_by else {}
        return following in followed_by.get(value, ())
