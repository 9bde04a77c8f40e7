"""Cycles between operations: who polled whose message, and what was over before what began.

The order of messages in a log makes no edges: writes of several operations interleave freely.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from glomers.bench.checkers.elle.explain import Reason
from glomers.bench.checkers.elle.graph import WR, Graph
from glomers.bench.checkers.elle.order import RealTime
from glomers.bench.checkers.elle.report import Anomalies, cycle_anomalies
from glomers.bench.checkers.elle.txn import key_of
from glomers.bench.checkers.judgement import CheckError, CheckOptions
from glomers.bench.checkers.kafka.ops import Logs, polls, sends
from glomers.formats.edn import dumps, keywordize, kw


def cycles(logs: Logs, options: CheckOptions) -> Anomalies:
    """Anomalies that are cycles, under Elle's names.

    Raises:
        CheckError: when a message was polled that nobody sent.
    """
    graph = Graph(len(logs.txns))
    for (key, value), readers in logs.readers_of.items():
        writer = logs.writer_of.get((key, value))
        if writer is None:
            index = logs.txns[readers[0]].done.index
            polled = next(v for v in _polled(logs, readers[0], key) if key_of(v) == value)
            shown = f"{dumps(polled)} of key {dumps(key)}"
            raise CheckError(f"index {index} polled the message {shown}, which nobody sent")
        for reader in readers:
            if reader != writer:
                graph.link(writer, reader, WR)
    graph.add_real_time(RealTime(logs.txns))
    return cycle_anomalies(graph, logs.txns, _Reasons(logs), options)


def _polled(logs: Logs, reader: int, key: Any) -> list[Any]:
    """The messages of `key` that an operation polled."""
    return [value for _, value in polls(logs.txns[reader].done)[key]]


class _Reasons:
    """Why one operation comes before another, from messages."""

    def __init__(self, logs: Logs) -> None:
        self._logs = logs

    @property
    def relations(self) -> Sequence[int]:
        return (WR,)

    def reason(self, relation: int, before: int, after: int, names: tuple[str, str]) -> Reason:
        """Why `before` comes before `after`; see `DataReasons`."""
        key, value = next(
            (key, value)
            for key, (_, value) in sends(self._logs.txns[before].done)
            if after in self._logs.readers_of.get((key, key_of(value)), ())
        )
        words = f"{names[0]} sent {dumps(value)} to key {dumps(key)}, which {names[1]} polled"
        return keywordize({"type": kw("wr"), "key": key, "value": value, "words": words})
