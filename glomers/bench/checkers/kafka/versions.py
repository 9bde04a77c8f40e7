"""The logs themselves: which values stand at which offsets, and in which order.

A log is known from sends that took effect and from every poll.  *Indices* count the offsets that
are in use, without the gaps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from glomers.bench.checkers.clojure_order import ordered
from glomers.bench.checkers.elle.tries import hash_set_order
from glomers.bench.checkers.elle.txn import Anomaly, key_of
from glomers.bench.checkers.judgement import CheckError
from glomers.bench.checkers.kafka.ops import Logs, Message, polls, sends
from glomers.formats.edn import dumps, freeze, keywordize


@dataclass
class KeyLog:
    """The log of a key: the different values seen at each offset, and their order.

    `values` has one value for each index, `index_of` the last index of each value.
    """

    at: dict[int, tuple[Any, ...]] = field(default_factory=dict)
    offsets: list[int] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)
    index_of: dict[Any, int] = field(default_factory=dict)

    def settle(self) -> None:
        """Put the offsets in order."""
        self.offsets = sorted(offset for offset in self.at if offset >= 0)
        self.values = [self._values_at(offset)[0] for offset in self.offsets]
        self.index_of = {key_of(value): index for index, value in enumerate(self.values)}

    def _values_at(self, offset: int) -> list[Any]:
        values = [*self.at[offset]]
        return values if len(values) == 1 else hash_set_order(values)

    def delta(self, value: Any, following: Any) -> int:
        """How far `following` is from `value` in the log: 1, where that is not known."""
        index = self.index_of.get(key_of(value))
        next_index = self.index_of.get(key_of(following))
        return 1 if index is None or next_index is None else next_index - index

    def between(self, value: Any, following: Any) -> tuple[Any, ...]:
        """The values after `value` and before `following`."""
        start, end = self.index_of[key_of(value)], self.index_of[key_of(following)]
        return tuple(self.values[start + 1 : end])

    def first_indices(self) -> dict[Any, int]:
        """The first index at which each value was seen."""
        first: dict[Any, int] = {}
        for index, offset in enumerate(self.offsets):
            for value in self.at[offset]:
                first.setdefault(key_of(value), index)
        return first

    def by_last_index(self) -> dict[int, list[Any]]:
        """The values by the last index at which each was seen."""
        last: dict[Any, tuple[int, Any]] = {}
        for index, offset in enumerate(self.offsets):
            for value in self.at[offset]:
                last[key_of(value)] = (index, value)
        values: dict[int, list[Any]] = {}
        for index, value in last.values():
            values.setdefault(index, []).append(value)
        return values


UNKNOWN_LOG = KeyLog()

LogsByKey = Mapping[Any, KeyLog]


def find_logs(logs: Logs) -> dict[Any, KeyLog]:
    """The logs of all keys.

    Raises:
        CheckError: when an offset is no integer.
    """
    found: dict[Any, KeyLog] = {}
    for txn in logs.txns:
        if logs.took_effect(txn):
            for key, message in sends(txn.done):
                _add(found, key, message)
        for key, messages in polls(txn.done).items():
            for message in messages:
                _add(found, key, message)
    for log in found.values():
        log.settle()
    return found


def _add(logs: dict[Any, KeyLog], key: Any, message: Message) -> None:
    offset, value = message
    if offset is None:
        return
    if type(offset) is not int:
        raise CheckError(f"the offset {dumps(offset)} in the log of key {dumps(key)} is no integer")
    log = logs.get(key)
    if log is None:
        log = logs[key] = KeyLog()
    values = log.at.get(offset)
    if values is None:
        log.at[offset] = (value,)
    elif key_of(value) not in map(key_of, values):
        log.at[offset] = (*values, value)


def inconsistent_offsets(logs: LogsByKey) -> list[Anomaly]:
    """Offsets that hold several values.

    Raises:
        CheckError: when these have no common order.
    """
    return [
        keywordize(
            {
                "key": key,
                "offset": offset,
                "index": index,
                "values": frozenset(map(freeze, ordered(log.at[offset]))),
            }
        )
        for key, log in logs.items()
        for index, offset in enumerate(log.offsets)
        if len(log.at[offset]) > 1
    ]


def duplicates(logs: LogsByKey) -> list[Anomaly]:
    """Values that stand at several offsets."""
    cases = []
    for key, log in logs.items():
        offsets_of: dict[Any, list[int]] = {}
        for offset in log.offsets:
            for value in map(key_of, log.at[offset]):
                offsets_of.setdefault(value, []).append(offset)
        for value, offsets in offsets_of.items():
            if len(offsets) > 1:
                shown = next(each for each in log.at[offsets[0]] if key_of(each) == value)
                case = {"key": key, "value": shown, "count": len(offsets), "offsets": offsets}
                cases.append(keywordize(case))
    return cases
