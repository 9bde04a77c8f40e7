"""How far polls lag behind: the time for which there had been something newer to see."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import heappop, heappush
from typing import Any

from glomers.bench.checkers.elle.tries import hash_map_order
from glomers.bench.checkers.judgement import Result
from glomers.bench.checkers.kafka.ops import POLLING, polls, sends
from glomers.formats.edn import freeze, keywordize
from glomers.formats.history import Op, pairs

NS_PER_S = 1_000_000_000

Offsets = dict[Any, int]
"""The highest offset of each key, -1 if there is none."""


def worst_lag(history: Sequence[Op]) -> Result:
    """The greatest lag of a poll on a key, the first of several; times in seconds.

    A poll lags, at the least, from when the message after the highest one that its process has
    seen was known to exist, until the poll began.
    """
    logs = _known(history)
    worst: tuple[int, Op, Offsets] | None = None
    for invoked, position in _positions(history, logs):
        lag_ns = position.lag_ns(invoked.time_ns)
        if position.offsets and (worst is None or lag_ns > worst[0]):
            worst = (lag_ns, invoked, dict(position.offsets))
    if worst is None:
        return keywordize({"time": 0.0, "lag": 0.0})
    lag_ns, invoked, offsets = worst
    key = next(
        key
        for key in hash_map_order(offsets)
        if logs[key].lag_ns(offsets[key], invoked.time_ns) == lag_ns
    )
    times = {"time": invoked.time_ns / NS_PER_S, "process": invoked.process, "key": key}
    return keywordize(times | {"lag": lag_ns / NS_PER_S})


class _Known:
    """When the messages of a log were first known to exist; offsets may be far apart."""

    def __init__(self) -> None:
        self._offsets: list[int] = []
        self._times_ns: list[int] = []

    def note(self, offset: int, time_ns: int) -> None:
        """Something was known at `offset` at that time, and so was all before it."""
        if offset > (self._offsets[-1] if self._offsets else -1):
            self._offsets.append(offset)
            self._times_ns.append(time_ns)

    def superseded_ns(self, offset: int) -> int | None:
        """Since when something newer than `offset` has been known to exist, if it has."""
        place = bisect_left(self._offsets, offset + 1)
        return self._times_ns[place] if place < len(self._times_ns) else None

    def lag_ns(self, offset: int, now_ns: int) -> int:
        """How long at `now_ns` something newer than `offset` had been known to exist."""
        since_ns = self.superseded_ns(offset)
        return 0 if since_ns is None else max(0, now_ns - since_ns)


class _Position:
    """How far a process has read the logs that it follows.

    The heap has, for each log that goes on, when its next message was known to exist; entries
    that the process has read past stay in it until they come up.
    """

    def __init__(self, logs: Mapping[Any, _Known], offsets: Offsets) -> None:
        self.offsets: Offsets = {}
        self._logs = logs
        self._heap: list[tuple[int, int, Any, int]] = []
        self._pushed = 0
        for key, offset in offsets.items():
            self.advance(key, offset)

    def advance(self, key: Any, offset: int) -> None:
        """Take into account that messages up to `offset` of `key` were seen."""
        if self.offsets.get(key, -2) >= offset:
            return
        self.offsets[key] = offset
        since_ns = self._logs[key].superseded_ns(offset)
        if since_ns is not None:
            self._pushed += 1
            heappush(self._heap, (since_ns, self._pushed, key, offset))

    def lag_ns(self, now_ns: int) -> int:
        """The greatest lag of any log."""
        heap = self._heap
        while heap and self.offsets[heap[0][2]] != heap[0][3]:
            heappop(heap)
        return max(0, now_ns - heap[0][0]) if heap else 0


def _highest(op: Op) -> Offsets:
    """The highest offsets that `op` polled or was told for what it sent."""
    highest: Offsets = {}
    if op.type not in ("ok", "info"):
        return highest
    for key, messages in polls(op).items():
        offsets = (offset for offset, _ in messages if offset is not None)
        highest[key] = max(highest.get(key, -1), max(offsets, default=-1))
    for key, (offset, _) in sends(op):
        if offset is not None:
            highest[key] = max(highest.get(key, 0), offset)
    return highest


def _known(history: Iterable[Op]) -> Mapping[Any, _Known]:
    """What is known of the log of each key, and since when."""
    logs: defaultdict[Any, _Known] = defaultdict(_Known)
    for op in history:
        for key, offset in _highest(op).items():
            logs[key].note(offset, op.time_ns)
    return logs


def _positions(history: Sequence[Op], logs: Mapping[Any, _Known]) -> Iterator[tuple[Op, _Position]]:
    """Successful polls, each with how far its process has read by its end."""
    invocation_of = {done.index: invoked for invoked, done in pairs(history) if done is not None}
    positions: dict[int | str, _Position] = {}
    for op in history:
        if op.type != "ok" or not isinstance(op.process, int):
            continue
        position = positions.get(op.process)
        if op.f == "subscribe" or position is None:
            position = positions[op.process] = _Position(logs, {})
        if op.f == "assign":
            seen = position.offsets
            offsets = {key: seen.get(key, -1) for key in map(freeze, op.value or ())}
            positions[op.process] = _Position(logs, offsets)
        elif op.f in POLLING:
            for key, offset in _highest(op).items():
                position.advance(key, offset)
            yield invocation_of[op.index], position
