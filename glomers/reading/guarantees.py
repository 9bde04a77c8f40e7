"""Which guarantees a history of registers contradicts: of sessions, causality, whole transactions.

A history of `txn-rw-register` tells which values were written and read, each written once, but not
in which order the versions of a key followed one another. Every guarantee demands orders: a client
that reads 3 and later 5 of a key, and is promised monotonic reads, is told that 3 came before 5. A
guarantee is **contradicted** when the orders that it demands, together with the evidence, go in a
circle, so that no order of versions agrees with it. The evidence to begin with:

- nil came before every write;
- a transaction that touched one version and then wrote another wrote the later one;
- what all nodes read in the end (`--final-reads`), where they agree, came last of all that was
  acknowledged.

Guarantees are tried from the weakest assumptions up, and one that holds is evidence for those after
it. A contradiction therefore says: not this guarantee together with the earlier ones that hold. No
contradiction says that this history can be explained, and `demanded` how much there was to explain.

A session is a client; Maelstrom's clients stay at one node. Terry et al., *Session Guarantees for
Weakly Consistent Replicated Data* (1994); Brzezinski et al., *From Session Causality to Causal
Consistency* (2004); Bailis et al., *Scalable Atomic Visibility with RAMP Transactions* (2014);
Adya, *Weak Consistency* (1999).
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from typing import Any, NamedTuple

from glomers.reading.registers import Registers
from glomers.reading.replicas import Transaction

WHOLE_ORDER = "transactions have an order (no G0)"
_SHOWN_STEPS = 6

Pair = tuple[Any, Any]
"""Two versions of a key, the earlier one first."""


class Order(NamedTuple):
    """A demand: of `key`, the version `earlier` came before the version `later`."""

    key: Any
    earlier: Any
    later: Any


class Tried(NamedTuple):
    """How a guarantee came out.

    Attributes:
        guarantee: its name.
        demanded: how many orders of two versions it demands beyond the evidence.
        contradictions: the number of keys with a circle; for circles of transactions, 1.
        example: one circle in words.
    """

    guarantee: str
    demanded: int
    contradictions: int
    example: str


def try_guarantees(txns: Iterable[Transaction]) -> list[Tried]:
    """Try every guarantee on the transactions of a history of registers, in the order given here.

    Raises:
        WrittenTwice: when a value was written to a key twice.
    """
    registers = Registers(txns)
    evidence = Evidence()
    tried = [Tried(name, *evidence.try_out(name, of(registers))) for name, of in GUARANTEES.items()]
    return [*tried, Tried(WHOLE_ORDER, *_dirty_writes(registers, evidence))]


class Evidence:
    """Orders of versions that are taken for granted, by key, each with the reason."""

    def __init__(self) -> None:
        self.reasons: dict[Any, dict[Pair, str]] = defaultdict(dict)

    def try_out(self, name: str, demands: Iterable[Order]) -> tuple[int, int, str]:
        """See whether `demands` go with the evidence; if all do, they join it.

        Returns the number of new ones, that of keys with a circle, and one circle in words.
        """
        new: dict[Any, dict[Pair, str]] = defaultdict(dict)
        try:
            for key, earlier, later in demands:
                if earlier != later and (earlier, later) not in self.reasons[key]:
                    new[key][earlier, later] = name
        except CycleError as error:
            return 0, 1, f"{len(error.args[1]) - 1} transactions each read from the one before"
        circles = [
            _told(key, circle, reasons)
            for key, orders in new.items()
            if (circle := _circle(reasons := self.reasons[key] | orders))
        ]
        if not circles:
            for key, orders in new.items():
                self.reasons[key] |= orders
        return sum(map(len, new.values())), len(circles), circles[0] if circles else ""


def _circle(pairs: Iterable[Pair]) -> list[Any] | None:
    """Things that each came before the next one, the first one again at the end, if any do."""
    before: dict[Any, list[Any]] = defaultdict(list)
    for earlier, later in pairs:
        before[later].append(earlier)
    try:
        TopologicalSorter(before).prepare()
    except CycleError as error:
        circle: list[Any] = error.args[1]
        return circle
    return None


def _told(key: Any, circle: Sequence[Any], reasons: Mapping[Pair, str]) -> str:
    steps = [
        f"{_name(earlier)} before {_name(later)} ({reasons[earlier, later]})"
        for earlier, later in pairwise(circle)
    ]
    return f"key {key}: {_listed(steps)}"


def _name(value: Any) -> str:
    return "nil" if value is None else str(value)


def _listed(steps: Sequence[str]) -> str:
    more = f", and {len(steps) - _SHOWN_STEPS} more" if len(steps) > _SHOWN_STEPS else ""
    return ", ".join(steps[:_SHOWN_STEPS]) + more


def _evident(registers: Registers) -> Iterator[Order]:
    """What is taken for granted from the start."""
    finals = registers.final_values()
    for (key, value), txn in registers.writers.items():
        yield Order(key, None, value)
        if key in finals and txn.acknowledged:
            yield Order(key, value, finals[key])
    for txn in registers.txns:
        touched: dict[Any, Any] = {}
        for f, key, value in txn.steps:
            if f == "w" and key in touched:
                yield Order(key, touched[key], value)
            touched[key] = value


def _read_your_writes(registers: Registers) -> Iterator[Order]:
    """A read shows every earlier write of its session, or what came after it."""
    for session in registers.sessions.values():
        own: dict[Any, list[Any]] = defaultdict(list)
        for f, key, value in (step for txn in session for step in txn.steps):
            if f == "w":
                own[key].append(value)
            else:
                yield from (Order(key, written, value) for written in own[key])


def _monotonic_reads(registers: Registers) -> Iterator[Order]:
    """A read shows what an earlier read of its session showed, or what came after it."""
    for session in registers.sessions.values():
        latest: dict[Any, Any] = {}
        for f, key, value in (step for txn in session for step in txn.steps):
            if f == "r":
                if key in latest:
                    yield Order(key, latest[key], value)
                latest[key] = value


def _monotonic_writes(registers: Registers) -> Iterator[Order]:
    """Whoever sees a write of a session sees its earlier writes, or what came after them."""
    return _inherited(registers, "w")


def _writes_follow_reads(registers: Registers) -> Iterator[Order]:
    """Whoever sees a write of a session sees what it had read, or what came after that."""
    return _inherited(registers, "r")


def _inherited(registers: Registers, kind: str) -> Iterator[Order]:
    """Steps of `kind` come before later writes of their session, here and wherever these are seen.

    Of several steps before a write that touched the same key, the last one is taken.
    """
    steps = _Timelines()
    for session in registers.sessions.values():
        for txn in session:
            for position, (f, key, value) in enumerate(txn.steps, txn.begins):
                if f == kind:
                    steps.add(key, txn.session, position, value)
    for number, session in registers.sessions.items():
        seen: dict[int, int] = {}  # of other sessions, the position of the last write seen
        for txn in session:
            for position, (f, key, value) in enumerate(txn.steps, txn.begins):
                limits = {number: position} if f == "w" else seen
                yield from (Order(key, before, value) for before in steps.before(key, limits))
                writer = registers.writers.get((key, value))
                if f == "r" and writer is not None and writer.session != number:
                    written = registers.positions[key, value]
                    seen[writer.session] = max(written, seen.get(writer.session, 0))


class _Timelines:
    """Values of keys in each session, at growing positions."""

    def __init__(self) -> None:
        self._lines: dict[Any, dict[int, tuple[list[int], list[Any]]]] = defaultdict(dict)

    def add(self, key: Any, session: int, position: int, value: Any) -> None:
        """Note a value; positions of a session come in ascending order."""
        positions, values = self._lines[key].setdefault(session, ([], []))
        positions.append(position)
        values.append(value)

    def before(self, key: Any, limits: Mapping[int, int]) -> Iterator[Any]:
        """The last value of `key` in each session of `limits` before the position given there."""
        for session, (positions, values) in self._lines[key].items():
            at = bisect_left(positions, limits.get(session, 0)) - 1
            if at >= 0:
                yield values[at]


def _causal(registers: Registers) -> Iterator[Order]:
    """A transaction sees all writes of its past, or what came after them, and writes later ones.

    Its past are the transactions of its session before it and those it read from, with their pasts.

    Raises:
        CycleError: when transactions are in their own past.
    """
    writes = _Timelines()
    for txn in registers.txns:
        for key, value in txn.writes.items():
            writes.add(key, txn.session, txn.place, value)
    causes = {txn.number: _causes(registers, txn.number) for txn in registers.txns}
    pasts: dict[int, dict[int, int]] = {}  # of each session, how many transactions
    for number in TopologicalSorter(causes).static_order():
        txn, past = registers.txns[number], pasts.setdefault(number, {})
        for cause in map(registers.txns.__getitem__, causes[number]):
            for session, count in [*pasts[cause.number].items(), (cause.session, cause.place + 1)]:
                past[session] = max(count, past.get(session, 0))
        for key, value in [*txn.reads, *txn.writes.items()]:
            yield from (Order(key, before, value) for before in writes.before(key, past))


def _causes(registers: Registers, number: int) -> list[int]:
    """The transactions right before one: in its session, and those that it read from."""
    txn = registers.txns[number]
    found = [registers.sessions[txn.session][txn.place - 1]] if txn.place else []
    found += [registers.writers[read] for read in txn.reads if read in registers.writers]
    return list(dict.fromkeys(cause.number for cause in found if cause is not txn))


def _read_atomic(registers: Registers) -> Iterator[Order]:
    """A transaction that sees one write of another sees all of them, or what came after them."""
    for txn in registers.txns:
        for read in txn.reads:
            writer = registers.writers.get(read)
            if writer is not None and writer is not txn:
                for key, value in txn.reads:
                    if key in writer.writes:
                        yield Order(key, writer.writes[key], value)


GUARANTEES: dict[str, Callable[[Registers], Iterator[Order]]] = {
    "versions have an order": _evident,
    "read your writes": _read_your_writes,
    "monotonic reads": _monotonic_reads,
    "monotonic writes": _monotonic_writes,
    "writes follow reads": _writes_follow_reads,
    "read atomic": _read_atomic,
    "causal": _causal,
}
"""What is tried, in this order; dirty writes, which take all the evidence, come last."""


def _dirty_writes(registers: Registers, evidence: Evidence) -> tuple[int, int, str]:
    """Whether transactions as wholes have an order, each overwriting only earlier ones."""
    reasons: dict[Pair, str] = {}
    for key, orders in evidence.reasons.items():
        for earlier, later in orders:
            first, second = (registers.writers.get((key, value)) for value in (earlier, later))
            if first is not None and second is not None and first is not second:
                words = f"{_name(earlier)} of key {key} before {_name(later)}"
                reasons.setdefault((first.number, second.number), words)
    circle = _circle(reasons)
    steps = [reasons[pair] for pair in pairwise(circle or [])]
    return len(reasons), int(circle is not None), _listed(steps)
