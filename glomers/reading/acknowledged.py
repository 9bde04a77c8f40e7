"""What had been acknowledged when a read began, and how much of that the read shows.

Three promises of a design are shares that the history of a run tells: fresh, of reads that show
all that had been acknowledged, to anybody, before they began; durable, of what was acknowledged
that the final reads still show; available, of requests that succeeded although the network was
cut.  Nothing here knows how a node works.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from glomers.formats.edn import equality_key, freeze, kw, to_json
from glomers.formats.history import Op, pairs
from glomers.reading.partitions import cuts_of

REST_NS = 9_000_000_000
"""A pause of this length is the rest before the final reads, which takes 10 s by some clock."""
ADDS = ("add", "broadcast")
_READS = ("read", "poll", "txn")
_WRITES = (*ADDS, "send")
_PLAIN = frozenset({int, str})
"""The types of values that are their own keys."""
_NEVER = float("inf")
_APPEND = kw("append")

Pair = tuple[Op, Op | None]
"""An invocation and its completion; None: still open at the end."""


class Reading(NamedTuple):
    """How much a read of `node` had to show, and how much of that it lacks.

    `known` is what had been acknowledged before the read began: elements of a set; the size of a
    sum; messages, from where the client stands in the logs that it polls; registers that it reads.
    `missing` is the part that is not shown, which is all of it where the read was not answered; of
    a sum, by how much it is off.
    """

    node: str
    is_answered: bool
    known: int
    missing: int


def final_reads(history: Sequence[Op]) -> list[Pair]:
    """The reads after healing and rest, with what came of each; empty when there are none.

    Where a history does not mark them, as those of g-set and kafka, they are the reads after the
    last rest.
    """
    operations = pairs(history)
    if marked := [pair for pair in operations if pair[0].final]:
        return marked
    begins = [b.time_ns for a, b in pairwise(history) if b.time_ns - a.time_ns >= REST_NS]
    late = [pair for pair in operations if begins and pair[0].time_ns >= begins[-1]]
    if any(began.f in _WRITES for began, _ in late):
        return []
    return [pair for pair in late if pair[0].f in _READS]


def fresh_share(history: Sequence[Op], nodes: Sequence[str]) -> float | None:
    """The share of the answered reads, before the rest, that show all that had been acknowledged.

    Reads before anything was acknowledged do not count; None: there are no others.
    """
    readings = [r for r in early_readings(history, nodes) if r.is_answered and r.known]
    return sum(r.missing == 0 for r in readings) / len(readings) if readings else None


def durable_share(history: Sequence[Op], nodes: Sequence[str]) -> float | None:
    """The share of what was acknowledged that the final reads show, in the mean over them.

    None: nothing was acknowledged, or nobody was asked in the end.
    """
    readings = final_readings(history, nodes)
    known = sum(r.known for r in readings)
    return 1 - sum(min(r.known, r.missing) for r in readings) / known if known else None


def available_share(history: Sequence[Op]) -> float | None:
    """The share of the requests made while a node was cut off that succeeded.

    Clients that crash on purpose ask for nothing; None: nobody asked for anything in that time.
    """
    cuts = [cut for cut in cuts_of(history) if cut.is_real]
    outcomes = [
        done is not None and done.type == "ok"
        for began, done in pairs(history)
        if began.f != "crash" and any(cut.start_ns <= began.time_ns < cut.end_ns for cut in cuts)
    ]
    return sum(outcomes) / len(outcomes) if outcomes else None


def early_readings(history: Sequence[Op], nodes: Sequence[str]) -> list[Reading]:
    """What the reads before the rest show; empty for workloads without such reads."""
    ledger = _ledger_of(history)
    final = {began.index for began, _ in final_reads(history)}
    return [
        _reading(ledger, began, mark, done, nodes)
        for ledger, began, mark, done in _replayed(history, ledger)
        if began.f in _READS and began.index not in final
    ]


def final_readings(history: Sequence[Op], nodes: Sequence[str]) -> list[Reading]:
    """What the final reads show; of logs, which are polled in pieces, all that a node has shown."""
    ledger = _ledger_of(history)
    ends = final_reads(history)
    final = {began.index for began, _ in ends}
    readings = [
        _reading(ledger, began, mark, done, nodes)
        for ledger, began, mark, done in _replayed(history, ledger)
        if began.index in final
    ]
    return list(_last_of_logs(ledger, ends, nodes)) if isinstance(ledger, _Logs) else readings


def _reading(ledger: _Ledger, began: Op, mark: Any, done: Op, nodes: Sequence[str]) -> Reading:
    is_answered = done.type == "ok"
    compared = ledger.compare(began, mark, done.value if is_answered else None)
    return Reading(node_of(began, nodes), is_answered, *compared)


def answers_of(ends: Iterable[Pair], nodes: Sequence[str]) -> dict[str, list[Any]]:
    """What each node that was asked has answered to these reads, in the order of `nodes`."""
    answers: defaultdict[str, list[Any]] = defaultdict(list)
    for began, done in ends:
        given = answers[node_of(began, nodes)]
        if done and done.type == "ok":
            given.append(done.value)
    return {node: answers[node] for node in nodes if node in answers}


def node_of(op: Op, nodes: Sequence[str]) -> str:
    """The node that the client of an operation talks to."""
    return nodes[int(op.process) % len(nodes)]


def _replayed(
    history: Sequence[Op], ledger: _Ledger | None
) -> Iterator[tuple[_Ledger, Op, Any, Op]]:
    """Clients' operations as they end, each with the ledger, and its mark of when it began."""
    if ledger is None:
        return
    open_ops: dict[int | str, tuple[Op, Any]] = {}
    for op in history:
        if op.type == "invoke":
            open_ops[op.process] = op, ledger.mark(op)
        elif op.process in open_ops:
            began, mark = open_ops.pop(op.process)
            yield ledger, began, mark, op
            ledger.learn(began, op)


class _Ledger:
    """What has been acknowledged so far; subclasses know what that is in a kind of workload."""

    def mark(self, began: Op) -> Any:
        """Where the ledger stands when an operation begins."""
        raise NotImplementedError

    def compare(self, began: Op, mark: Any, answer: Any) -> tuple[int, int]:
        """How much was known at the mark, and how much of it an answer (None: none) lacks."""
        raise NotImplementedError

    def learn(self, began: Op, done: Op) -> None:
        """Note how an operation has ended."""
        raise NotImplementedError


class _Elements(_Ledger):
    """Sets: the elements of which the add was acknowledged."""

    def __init__(self) -> None:
        self._acknowledged: list[Any] = []

    def mark(self, began: Op) -> int:
        return len(self._acknowledged)

    def compare(self, began: Op, mark: int, answer: Any) -> tuple[int, int]:
        return mark, mark - len(elements_of(answer).intersection(self._acknowledged[:mark]))

    def learn(self, began: Op, done: Op) -> None:
        if began.f in ADDS and done.type == "ok":
            self._acknowledged.append(equality_key(began.value))


def elements_of(answer: Any) -> set[Any]:
    """The keys of the elements that a read of a set shows; none, where it shows no collection."""
    if not isinstance(answer, list | tuple | frozenset):
        return set()
    return set(answer if _PLAIN.issuperset(map(type, answer)) else map(equality_key, answer))


class _Sum(_Ledger):
    """Counters: what was added for sure, and what may have been, additions and subtractions."""

    def __init__(self) -> None:
        self._sure = (0, 0)
        self._possible = (0, 0)

    def mark(self, began: Op) -> tuple[int, int]:
        if began.f in ADDS:
            self._possible = _plus(self._possible, began.value)
        return self._sure

    def compare(self, began: Op, mark: tuple[int, int], answer: Any) -> tuple[int, int]:
        (up, down), (most_up, most_down) = mark, self._possible
        size = up - down
        if type(answer) is not int:
            return size, size
        return size, max(up + most_down - answer, answer - most_up - down, 0)

    def learn(self, began: Op, done: Op) -> None:
        if began.f not in ADDS:
            return
        if done.type == "ok":
            self._sure = _plus(self._sure, began.value)
        elif done.type == "fail":
            self._possible = _plus(self._possible, began.value, -1)


def _plus(sums: tuple[int, int], value: int, times: int = 1) -> tuple[int, int]:
    """The sum of what is above zero and that of what is below, with `value` in the right one."""
    up, down = sums
    return (up + times * value, down) if value > 0 else (up, down + times * value)


class _Logs(_Ledger):
    """Logs: which messages were acknowledged at which offsets, and how far clients have read."""

    def __init__(self) -> None:
        self.sent: defaultdict[Any, list[tuple[int, Any]]] = defaultdict(list)
        self._positions: dict[int | str, dict[Any, int]] = {}

    def mark(self, began: Op) -> dict[Any, int]:
        """How many messages of each log that the client follows were acknowledged by now."""
        if began.f != "poll":
            return {}
        return {key: len(self.sent[key]) for key in self._positions.get(began.process, ())}

    def compare(self, began: Op, mark: dict[Any, int], answer: Any) -> tuple[int, int]:
        position, shown = self._positions.get(began.process, {}), dict(polled(answer))
        known = missing = 0
        for key, count in mark.items():
            due = [entry for entry in self.sent[key][:count] if entry[0] >= position[key]]
            known += len(due)
            missing += len(set(due).difference(shown.get(key, ())))
        return known, missing

    def learn(self, began: Op, done: Op) -> None:
        if done.type != "ok":
            return
        if began.f == "assign":
            old = self._positions.get(began.process, {})
            self._positions[began.process] = {
                key: old.get(key, 0) for key in map(freeze, done.value or ())
            }
        elif began.f == "send":
            for _, key, entry in done.value:
                self.sent[freeze(key)] += _entries([entry])
        elif began.f == "poll":
            position = self._positions.setdefault(began.process, {})
            for key, entries in polled(done.value):
                last = max((offset for offset, _ in entries), default=-1)
                position[key] = max(position.get(key, 0), last + 1)


def polled(answer: Any) -> Iterator[tuple[Any, list[tuple[int, Any]]]]:
    """The messages of each log in the answer to a poll, each with its offset."""
    for _, *found in answer or ():
        for logs in found:
            for key, entries in logs.items():
                yield freeze(key), _entries(entries)


def _entries(entries: Iterable[Sequence[Any]]) -> list[tuple[int, Any]]:
    """Offsets with keys of their messages; without what was given no offset."""
    return [(offset, equality_key(msg)) for offset, msg in entries if offset is not None]


def _last_of_logs(ledger: _Logs, ends: Iterable[Pair], nodes: Sequence[str]) -> Iterator[Reading]:
    sent = {(key, entry) for key, entries in ledger.sent.items() for entry in entries}
    for node, answers in answers_of(ends, nodes).items():
        logs = [log for answer in answers for log in polled(answer)]
        shown = {(key, entry) for key, entries in logs for entry in entries}
        yield Reading(node, bool(answers), len(sent), len(sent - shown))


class _Registers(_Ledger):
    """Transactions over registers: which writes were acknowledged, and when.

    A read lacks a write when what it shows is older for sure: nothing at all, or a value whose own
    write had been acknowledged before that write began.
    """

    def __init__(self) -> None:
        self._latest: dict[Any, int] = {}
        """Of each key, where the last one to begin of the acknowledged writes began."""
        self._ended: dict[tuple[Any, Any], int] = {}
        """Of each write that was acknowledged, where that was."""

    def mark(self, began: Op) -> dict[Any, int]:
        keys = {key for f, key, _ in steps_of(began.value) if f == "r"}
        return {key: self._latest[key] for key in keys if key in self._latest}

    def compare(self, began: Op, mark: dict[Any, int], answer: Any) -> tuple[int, int]:
        if answer is None:
            return len(mark), len(mark)
        seen: dict[Any, Any] = {}
        for f, key, value in steps_of(answer):  # what follows the client's own write is its own
            seen.setdefault(key, value if f == "r" else _OWN)
        due = [key for key in mark if seen.get(key) is not _OWN]
        return len(due), sum(self._shown_at(key, seen.get(key)) < mark[key] for key in due)

    def _shown_at(self, key: Any, value: Any) -> float:
        """Where the write of a value was acknowledged; nobody knows it of an open one."""
        return -1 if value is None else self._ended.get((key, equality_key(value)), _NEVER)

    def learn(self, began: Op, done: Op) -> None:
        if done.type != "ok":
            return
        for f, key, value in steps_of(done.value):
            if f == "w":
                self._latest[key] = max(self._latest.get(key, -1), began.index)
                self._ended[key, equality_key(value)] = done.index


_OWN = object()


def steps_of(value: Any) -> list[Any]:
    """The micro-operations of a transaction, with keys that can be looked up."""
    return [[to_json(f), freeze(to_json(key)), to_json(each)] for f, key, each in value or ()]


def _ledger_of(history: Sequence[Op]) -> _Ledger | None:
    """The ledger for the workload that a history is of, as its operations tell."""
    names = {op.f for op in history if isinstance(op.process, int)}
    if "txn" in names:
        return None if _are_appended_to(history) else _Registers()
    if names & {"send", "poll"}:
        return _Logs()
    if not names or not names <= {*ADDS, "read"}:
        return None
    return _Elements() if is_of_a_set(history) else _Sum()


def _are_appended_to(history: Iterable[Op]) -> bool:
    """Whether the transactions of a history are over lists."""
    return any(
        micro_op[0] is _APPEND
        for op in history
        if op.f == "txn" and op.type == "invoke"
        for micro_op in op.value or ()
    )


def is_of_a_set(history: Iterable[Op]) -> bool:
    """Whether a history of adds and reads is of a set; else it is of a counter."""
    return any(
        op.f == "broadcast" or (op.f == "read" and op.type == "ok" and type(op.value) is not int)
        for op in history
    )
