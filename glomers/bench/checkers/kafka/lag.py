"""How far polls lag behind: the time for which there had been something newer to see."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from heapq import heappop, heappush
from typing import Any

from glomers.bench.checkers.base import Result
from glomers.bench.checkers.elle.tries import hash_map_order
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
    superseded_at = _superseded(history)
    worst: tuple[int, Op, Offsets] | None = None
    for invoked, position in _positions(history, superseded_at):
        lag_ns = position.lag_ns(invoked.time_ns)
        if position.offsets and (worst is None or lag_ns > worst[0]):
            worst = (lag_ns, invoked, dict(position.offsets))
    if worst is None:
        return keywordize({"time": 0.0, "lag": 0.0})
    lag_ns, invoked, offsets = worst
    key = next(
        key
        for key in hash_map_order(offsets)
        if _lag_ns(superseded_at.get(key, []), offsets[key], invoked.time_ns) == lag_ns
    )
    times = {"time": invoked.time_ns / NS_PER_S, "process": invoked.process, "key": key}
    return keywordize(times | {"lag": lag_ns / NS_PER_S})


def _lag_ns(superseded_at: Sequence[int], offset: int, now_ns: int) -> int:
    """How long at `now_ns` something newer than `offset` had been known to exist."""
    following = offset + 1
    return max(0, now_ns - superseded_at[following]) if following < len(superseded_at) else 0


class _Position:
    """How far a process has read the logs that it follows.

    The heap has, for each log that goes on, when its next message was known to exist; entries
    that the process has read past stay in it until they come up.
    """

    def __init__(self, superseded_at: dict[Any, list[int]], offsets: Offsets) -> None:
        self.offsets: Offsets = {}
        self._superseded_at = superseded_at
        self._heap: list[tuple[int, int, Any, int]] = []
        self._pushed = 0
        for key, offset in offsets.items():
            self.advance(key, offset)

    def advance(self, key: Any, offset: int) -> None:
        """Take into account that messages up to `offset` of `key` were seen."""
        if self.offsets.get(key, -2) >= offset:
            return
        self.offsets[key] = offset
        superseded_at = self._superseded_at.get(key, ())
        if offset + 1 < len(superseded_at):
            self._pushed += 1
            entry = (superseded_at[offset + 1], self._pushed, key, offset)
            heappush(self._heap, entry)

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


def _superseded(history: Iterable[Op]) -> dict[Any, list[int]]:
    """Of each key, when the message at each offset was first known to exist, in ns."""
    known_at: dict[Any, list[int]] = {}
    for op in history:
        for key, offset in _highest(op).items():
            times = known_at.setdefault(key, [])
            if offset >= len(times):
                times.extend([op.time_ns] * (offset + 1 - len(times)))
    return known_at


def _positions(
    history: Sequence[Op], superseded_at: dict[Any, list[int]]
) -> Iterator[tuple[Op, _Position]]:
    """Successful polls, each with how far its process has read by its end."""
    invocation_of = {done.index: invoked for invoked, done in pairs(history) if done is not None}
    positions: dict[int | str, _Position] = {}
    for op in history:
        if op.type != "ok" or not isinstance(op.process, int):
            continue
        position = positions.get(op.process)
        if op.f == "subscribe" or position is None:
            position = positions[op.process] = _Position(superseded_at, {})
        if op.f == "assign":
            seen = position.offsets
            offsets = {key: seen.get(key, -1) for key in map(freeze, op.value or ())}
            positions[op.process] = _Position(superseded_at, offsets)
        elif op.f in POLLING:
            for key, offset in _highest(op).items():
                position.advance(key, offset)
            yield invocation_of[op.index], position
