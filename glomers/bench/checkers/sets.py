"""Sets (broadcast, g-set): what was added is read, and goes on being read.

An element is *known* from the end of its add, or from the first read that shows it.  It is
*stable* when some read shows it and every read that began later does too, *lost* when some read
that began after it was known misses it and every read that began later does too, and *never read*
otherwise.  A stable element is *stale* when a read that began a millisecond or more after it was
known still misses it.  (The definitions are those of Jepsen's `set-full` checker.)

The last reads that show and miss an element decide.  They are found by going through the reads
from the one that began last: an element that the reads so far all show, or all miss, is under
observation; a read ends the observation of those that it treats differently.  As at most a read's
own elements stay under observation as "shown by all" after it, the work is in proportion to
the size of the history, however many elements are missing from however many reads.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import floor
from typing import Any

from glomers.bench.checkers.clojure_order import ordered
from glomers.bench.checkers.judgement import UNKNOWN, VALID, CheckError, CheckOptions, Result
from glomers.formats.edn import Keyword, dumps, equality_key, keywordize, kw
from glomers.formats.history import Op, op_record, pairs

QUANTILES = (0, 0.5, 0.95, 0.99, 1)
MAX_WORST_STALE = 8
NS_PER_MS = 1_000_000
_PLAIN_TYPES = frozenset({int, str})


@dataclass(slots=True)
class Element:
    """An element, and the operations that decide what became of it."""

    value: Any
    add: Op
    known: Op | None = None
    last_present: Op | None = None
    last_absent: Op | None = None

    @property
    def is_stable(self) -> bool:
        """Whether the last read to begin among those that tell showed it."""
        return self.last_present is not None and _index(self.last_absent) < self.last_present.index

    @property
    def is_lost(self) -> bool:
        """Whether reads that began after it was known miss it for good."""
        return (
            self.known is not None
            and self.last_absent is not None
            and max(_index(self.last_present), self.known.index) < self.last_absent.index
        )

    @property
    def latency_ms(self) -> int:
        """Time from when it was known until after the last read to the contrary of its outcome."""
        assert self.known is not None
        last = self.last_absent if self.is_stable else self.last_present
        settled_ns = 0 if last is None else last.time_ns + 1
        return max(0, settled_ns - self.known.time_ns) // NS_PER_MS


def _index(op: Op | None) -> int:
    return -1 if op is None else op.index


@dataclass(slots=True)
class SetRead:
    """A read that succeeded: when it began and ended, and what it showed."""

    invoked: Op
    done: Op

    def keys(self) -> Iterable[Any]:
        """The keys of the elements shown."""
        value = self.done.value
        if value is None:
            return ()
        if not isinstance(value, list):
            raise CheckError(f"the read of index {self.done.index} is no vector: {dumps(value)}")
        return value if _PLAIN_TYPES.issuperset(map(type, value)) else map(equality_key, value)


def check(history: Sequence[Op], options: CheckOptions) -> Result:
    """Sort the elements into stable, lost and never read ones.

    Raises:
        CheckError: when elements have no order, or a read is no collection.
    """
    elements: dict[Any, Element] = {}
    reads: list[SetRead] = []
    for invoked, done in pairs(history):
        if invoked.f != "read":
            elements[equality_key(invoked.value)] = Element(invoked.value, invoked)
        elif done is not None and done.type == "ok":
            reads.append(SetRead(invoked, done))
    _find_known(history, elements, reads)
    _find_last_reads(elements, reads)
    in_order = ordered(element.value for element in elements.values())
    result = _results([elements[equality_key(value)] for value in in_order])
    if options.is_excerpt and result[VALID] is UNKNOWN:  # it need not show any element
        result[VALID] = True
    return result


def _find_known(history: Iterable[Op], elements: dict[Any, Element], reads: list[SetRead]) -> None:
    """Set `known`: the first operation that shows, by its end, that the element was added."""
    reads_by_end = {read.done.index: read for read in reads}
    unknown: set[Any] = set()
    for op in history:
        if not isinstance(op.process, int):
            continue
        if op.f == "read":
            read = reads_by_end.get(op.index)
            shown = unknown.intersection(read.keys()) if read and unknown else set()
        else:
            key = equality_key(op.value)
            if op.type == "invoke" and elements[key].add is op:
                unknown.add(key)
            shown = unknown & {key} if op.type == "ok" else set()
        for key in shown:
            elements[key].known = op
        unknown -= shown


def _find_last_reads(elements: dict[Any, Element], reads: list[SetRead]) -> None:
    """Set `last_present` and `last_absent`, among reads that ended after the add began."""
    keys = sorted(elements, key=lambda key: elements[key].add.index)
    added_at = [elements[key].add.index for key in keys]
    shown_by_none = set(keys)
    shown_by_all = set(keys)
    earlier = len(keys)
    for read in reversed(reads):
        members = set(read.keys())
        invoked = read.invoked
        added_later = keys[bisect(added_at, invoked.index) : earlier]
        earlier -= len(added_later)
        shown_by_none.difference_update(added_later)
        shown_by_all.difference_update(added_later)
        for key in keys[earlier : bisect(added_at, read.done.index)]:
            element = elements[key]
            if key in members:
                element.last_present = element.last_present or invoked
            else:
                element.last_absent = element.last_absent or invoked
        for key in shown_by_all - members:
            elements[key].last_absent = invoked
        shown_by_all &= members
        newly_shown = shown_by_none & members
        for key in newly_shown:
            elements[key].last_present = invoked
        shown_by_none -= newly_shown


def _results(elements: Sequence[Element]) -> Result:
    """The map that Maelstrom writes, of elements in order."""
    stable = [element for element in elements if element.is_stable]
    lost = [element for element in elements if element.is_lost]
    never_read = [e for e in elements if not (e.is_stable or e.is_lost)]
    stale = [element for element in stable if element.latency_ms > 0]
    by_latency = sorted(stale, key=lambda element: element.latency_ms)
    result = keywordize(
        {
            "worst-stale": tuple(map(_details, by_latency[::-1][:MAX_WORST_STALE])),
            "duplicated-count": 0,
            "valid?": False if lost else True if stable else UNKNOWN,
            "lost-count": len(lost),
            "lost": _values(lost),
            "stable-count": len(stable),
            "stale-count": len(stale),
            "stale": _values(stale),
            "never-read-count": len(never_read),
            "attempt-count": len(elements),
            "never-read": _values(never_read),
            "duplicated": {},
        }
    )
    for name, group in (("stable-latencies", stable), ("lost-latencies", lost)):
        if group:
            result[kw(name)] = _quantiles(sorted(element.latency_ms for element in group))
    return result


def _values(elements: Iterable[Element]) -> tuple[Any, ...]:
    return tuple(element.value for element in elements)


def _details(element: Element) -> dict[Keyword, Any]:
    return keywordize(
        {
            "element": element.value,
            "outcome": kw("stable"),
            "stable-latency": element.latency_ms,
            "lost-latency": None,
            "known": element.known and _as_add(element.known),
            "last-absent": element.last_absent and _as_add(element.last_absent),
        }
    )


def _as_add(op: Op) -> Any:
    """The record of `op` as Maelstrom shows it: it takes a broadcast for an add."""
    return op_record(replace(op, f="add") if op.f == "broadcast" else op)


def _quantiles(sorted_ms: Sequence[int]) -> dict[float, int]:
    """The latencies at QUANTILES, without interpolation."""
    last = len(sorted_ms) - 1
    return {q: sorted_ms[min(last, floor(len(sorted_ms) * q))] for q in QUANTILES}
