"""Transactions over lists: reads of a whole list, appends of elements that are unique.

A read shows in which order the elements before were appended, so that the longest read of a list
gives its order of versions.  From that follow the dependencies between transactions:

* *write-write*: an element was appended right after another one;
* *write-read*: a read ends with the element;
* *read-write*: a read ends with an element, or is empty, and another one was appended next.

An element that no read shows came after all those that some read shows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from glomers.bench.checkers.elle.explain import Reason
from glomers.bench.checkers.elle.graph import RW, WR, WW, Graph
from glomers.bench.checkers.elle.report import Anomalies, add_time, cycle_anomalies, judge
from glomers.bench.checkers.elle.tries import value_order
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
from glomers.bench.checkers.judgement import CheckError, CheckOptions, Result
from glomers.formats.edn import Symbol, dumps, freeze, keywordize, kw
from glomers.formats.history import Op, op_record

APPEND = kw("append")
UNKNOWN_PREFIX = Symbol("...")
INITIAL = kw("initial")


def check(history: Sequence[Op], options: CheckOptions) -> Result:
    """Look for anomalies that the consistency models forbid.

    Raises:
        CheckError: for an unknown model, an element appended twice by clients, or a read of an
            element that nobody appended.
    """
    txns = transactions(history)
    _require_unique_appends(txns)
    return judge(_anomalies(txns, options), options.consistency_models)


def _require_unique_appends(txns: Sequence[Txn]) -> None:
    appended = set()
    for txn in txns:
        for f, key, element in txn.invoked.value:
            if f is not APPEND:
                continue
            pair = (key_of(key), key_of(element))
            if pair in appended:
                raise CheckError(
                    f"index {txn.invoked.index} appends {dumps(element)} to key {dumps(key)}, as "
                    "did a transaction before it; elements must be unique"
                )
            appended.add(pair)


def _anomalies(txns: Sequence[Txn], options: CheckOptions) -> Anomalies:
    possible = [txn for txn in txns if txn.type != "fail"]
    lists = _Lists(txns)
    graph = Graph(len(txns))
    lists.link(graph)
    add_time(graph, txns, options.consistency_models)
    found = cycle_anomalies(graph, txns, lists, options)
    cases = {
        "internal": [case for txn in txns if (case := _internal_case(txn))],
        "future-read": [case for txn in txns if (case := _future_read(txn))],
        "G1a": [*_bad_reads(txns, failed_writes(txns, APPEND), last_only=False)],
        "G1b": [*_bad_reads(txns, intermediate_writes(txns, APPEND), last_only=True)],
        "dirty-update": _dirty_updates(txns, lists),
        "duplicate-elements": [*_duplicates(possible)],
        "incompatible-order": lists.incompatible_orders(),
        "lost-update": lost_updates(possible, APPEND),
    }
    return found | {name: of_kind for name, of_kind in cases.items() if of_kind}


def _internal_case(txn: Txn) -> Anomaly | None:
    """A read that shows other elements than the transaction itself appended or read before."""
    if txn.type != "ok" or len(txn.micro_ops) < 2:
        return None
    state: dict[Any, list[Any]] = {}
    for micro_op in txn.micro_ops:
        f, key, value = micro_op
        key = key_of(key)
        expected = state.get(key)
        if f is APPEND:
            state[key] = [*([UNKNOWN_PREFIX] if expected is None else expected), value]
            continue
        if expected is not None and not _fits(value, expected):
            return keywordize({"op": op_record(txn.done), "mop": micro_op, "expected": expected})
        if value is None:
            state.pop(key, None)
        else:
            state[key] = value
    return None


def _fits(shown: list[Any] | None, expected: list[Any]) -> bool:
    """Whether a read of `shown` is, or after an unknown prefix ends with, what is expected."""
    if expected[:1] != [UNKNOWN_PREFIX]:
        return shown is not None and key_of(shown) == key_of(expected)
    known = expected[1:]
    shown = shown or []
    return len(shown) >= len(known) and key_of(shown[-len(known) :]) == key_of(known)


def _future_read(txn: Txn) -> Anomaly | None:
    """A read of an element that the transaction appends only later."""
    if txn.type != "ok" or len(txn.micro_ops) < 2:
        return None
    shown: dict[tuple[Any, Any], MicroOp] = {}
    for micro_op in txn.micro_ops:
        f, key, value = micro_op
        key = key_of(key)
        if f is READ:
            for element in value or ():
                shown.setdefault((key, key_of(element)), micro_op)
        elif (key, key_of(value)) in shown:
            read = shown[key, key_of(value)]
            return keywordize({"op": op_record(txn.done), "mop": read, "element": value})
    return None


def _bad_reads(
    txns: Sequence[Txn], written: dict[tuple[Any, Any], Txn], last_only: bool
) -> Iterator[Anomaly]:
    """Reads that show, or whose state ends with, an element in `written` by another one."""

    def shown(value: list[Any] | None) -> Sequence[Any]:
        elements = value or []
        return elements[-1:] if last_only else elements

    for reader, micro_op, element, writer in reads_of_written(txns, written, shown):
        if reader is not writer:
            yield keywordize(
                {
                    "op": op_record(reader.done),
                    "mop": micro_op,
                    "writer": op_record(writer.done),
                    "element": element,
                }
            )


def _duplicates(possible: Sequence[Txn]) -> Iterator[Anomaly]:
    """Reads that show an element more than once."""
    for txn in possible:
        for micro_op in txn.micro_ops:
            if micro_op[0] is not READ or not micro_op[2]:
                continue
            keys = [*map(key_of, micro_op[2])]
            if len(set(keys)) == len(keys):
                continue
            counts = Counter(keys)
            repeated = {freeze(e): counts[key_of(e)] for e in micro_op[2] if counts[key_of(e)] > 1}
            yield keywordize({"op": op_record(txn.done), "mop": micro_op, "duplicates": repeated})


def _dirty_updates(txns: Sequence[Txn], lists: _Lists) -> list[Anomaly]:
    """Elements of failed transactions that elements of successful ones were appended to.

    Raises:
        CheckError: when a read shows an element that nobody appended.
    """
    writers = {
        (key_of(key), key_of(element)): txn
        for txn in txns
        for f, key, element in txn.micro_ops
        if f is APPEND
    }
    cases: list[Anomaly] = []
    for known in lists.in_order():
        base: Txn | None = None
        since: list[Any] = []
        for element in known.order:
            writer = writers.get((key_of(known.key), key_of(element)))
            if writer is None:
                raise CheckError(
                    f"a read of key {dumps(known.key)} shows {dumps(element)}, which no "
                    "transaction appended"
                )
            since.append(element)
            is_after_failure = base is not None and base.type == "fail"
            if writer.type == "ok" and base is not None and is_after_failure:
                cases.append(_dirty_update(known.key, since, base, writer))
            if writer.type == "ok" or (writer.type == "fail" and not is_after_failure):
                base, since = writer, [element]
    return cases


def _dirty_update(key: Any, values: list[Any], failed: Txn, writer: Txn) -> Anomaly:
    txns = [op_record(failed.done), UNKNOWN_PREFIX, op_record(writer.done)]
    return keywordize({"key": key, "values": values, "txns": txns})


@dataclass(slots=True)
class _List:
    """What is known of a list: who appended and read what, by number, and in which order.

    `states` has the different non-empty reads, `order` the elements of the longest of them.
    `readers` are those whose read ended with an element (INITIAL: showed none).
    """

    key: Any
    states: dict[Any, list[Any]] = field(default_factory=dict)
    writers: dict[Any, int] = field(default_factory=dict)
    readers: dict[Any, dict[int, None]] = field(default_factory=dict)
    order: list[Any] = field(default_factory=list)
    position: dict[Any, int] = field(default_factory=dict)

    def settle(self) -> None:
        """Find the order, from the longest read; of several ones, from the last in a hash set."""
        longest: list[Any] = []
        for state in self.by_length()[-1:]:
            longest = state
        self.order = [*{key_of(element): element for element in longest}.values()]
        self.position = {key_of(element): at for at, element in enumerate(self.order)}

    def by_length(self) -> list[list[Any]]:
        """The different reads, the shortest first, those of one length in a hash set's order."""
        return sorted(value_order(self.states.values()), key=len)

    def before(self, element: Any) -> Any:
        """The element that `element` was appended after, as far as known, or INITIAL."""
        at = self.position.get(element, len(self.order))
        return key_of(self.order[at - 1]) if at else INITIAL


class _Lists:
    """The lists of a history, and the dependencies that follow from them."""

    relations = (WW, WR, RW)

    def __init__(self, txns: Sequence[Txn]) -> None:
        self._txns = txns
        self._lists: dict[Any, _List] = {}
        for number, txn in enumerate(txns):
            if txn.type != "fail":
                for micro_op in txn.micro_ops:
                    self._add(number, txn, micro_op)
        for known in self._lists.values():
            known.settle()

    def _add(self, number: int, txn: Txn, micro_op: MicroOp) -> None:
        f, key, value = micro_op
        known = self._lists.get(key_of(key))
        if known is None:
            known = self._lists[key_of(key)] = _List(key)
        if f is APPEND:
            known.writers[key_of(value)] = number
        elif value:
            known.states.setdefault(key_of(value), value)
            known.readers.setdefault(key_of(value[-1]), {})[number] = None
        elif txn.type == "ok":
            known.readers.setdefault(INITIAL, {})[number] = None

    def in_order(self) -> list[_List]:
        """The lists in the order in which transactions first touched them."""
        return [*self._lists.values()]

    def incompatible_orders(self) -> list[Anomaly]:
        """Two reads of a list neither of which continues the other; the shortest such pair."""
        cases = []
        for known in self._lists.values():
            for state, longer in pairwise(known.by_length()):
                if key_of(longer[: len(state)]) != key_of(state):
                    cases.append(keywordize({"key": known.key, "values": [state, longer]}))
                    break
        return cases

    def link(self, graph: Graph) -> None:
        """Add the dependencies between transactions."""
        for known in self._lists.values():
            for element, readers in known.readers.items():
                writer = known.writers.get(element)
                if writer is None:
                    continue
                for reader in readers:
                    if reader != writer:
                        graph.link(writer, reader, WR)
            after: dict[Any, list[int]] = {}
            for element, number in known.writers.items():
                after.setdefault(known.before(element), []).append(number)
            for element, numbers in after.items():
                writer = known.writers.get(element)
                if writer is not None:
                    graph.link_others([writer], numbers, WW)
                graph.link_others([*known.readers.get(element, ())], numbers, RW)

    def reason(self, relation: int, before: int, after: int, names: tuple[str, str]) -> Reason:
        """Why `before` comes before `after`; see `DataReasons`."""
        if relation == WR:
            return self._read_reason(before, after, names)
        for f, key, element in self._txns[after].micro_ops:
            known = self._lists[key_of(key)]
            previous = known.before(key_of(element)) if f is APPEND else None
            if f is not APPEND or not self._touched(known, previous, before, relation):
                continue
            return self._append_reason(relation, known, element, previous, names)
        raise AssertionError("an edge has no reason")

    def _touched(self, known: _List, previous: Any, number: int, relation: int) -> bool:
        if relation == WW:
            return known.writers.get(previous) == number
        return number in known.readers.get(previous, ())

    def _append_reason(
        self, relation: int, known: _List, element: Any, previous: Any, names: tuple[str, str]
    ) -> Reason:
        name, next_name = names
        key, shown = dumps(known.key), dumps(element)
        value = previous if previous is INITIAL else known.order[known.position[previous]]
        if relation == WW:
            words = f"{next_name} appended {shown} to key {key} after {name}'s {dumps(value)}"
        elif previous is INITIAL:
            words = f"{name} read key {key} as empty, before {next_name} appended {shown}"
        else:
            words = f"{name} read key {key} without {shown}, which {next_name} appended"
        return keywordize(
            {
                "type": kw("ww" if relation == WW else "rw"),
                "key": known.key,
                "value": value,
                "value'": element,
                "words": words,
            }
        )

    def _read_reason(self, before: int, after: int, names: tuple[str, str]) -> Reason:
        for f, key, value in self._txns[after].micro_ops:
            if f is not READ or not value:
                continue
            element = value[-1]
            if self._lists[key_of(key)].writers.get(key_of(element)) == before:
                words = f"{names[1]} read {names[0]}'s {dumps(element)} of key {dumps(key)}"
                return keywordize({"type": kw("wr"), "key": key, "value": element, "words": words})
        raise AssertionError("an edge has no reason")
