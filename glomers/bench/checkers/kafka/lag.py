"""How far polls lag behind: the time for which there had been something newer to see."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
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
    worst: tuple[int, int, int | str, Any] | None = None
    for invoked, offsets in _positions(history):
        for key in hash_map_order(offsets):
            known_at = superseded_at.get(key, [])
            following = offsets[key] + 1
            lag_ns = 0
            if following < len(known_at):
                lag_ns = max(0, invoked.time_ns - known_at[following])
            if worst is None or lag_ns > worst[0]:
                worst = (lag_ns, invoked.time_ns, invoked.process, key)
    if worst is None:
        return keywordize({"time": 0.0, "lag": 0.0})
    lag_ns, time_ns, process, key = worst
    times = {"time": time_ns / NS_PER_S, "process": process, "key": key}
    return keywordize(times | {"lag": lag_ns / NS_PER_S})


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


def _positions(history: Sequence[Op]) -> Iterator[tuple[Op, Offsets]]:
    """Successful polls, each with the highest offsets that its process has seen by its end."""
    invocation_of = {done.index: invoked for invoked, done in pairs(history) if done is not None}
    positions: dict[int | str, Offsets] = {}
    for op in history:
        if op.type != "ok" or not isinstance(op.process, int):
            continue
        offsets = positions.get(op.process, {})
        if op.f == "assign":
            assigned = map(freeze, op.value or ())
            positions[op.process] = {key: offsets.get(key, -1) for key in assigned}
        elif op.f == "subscribe":
            positions[op.process] = {}
        elif op.f in POLLING:
            for key, offset in _highest(op).items():
                offsets[key] = max(offsets.get(key, offset), offset)
            positions[op.process] = offsets
            yield invocation_of[op.index], offsets
