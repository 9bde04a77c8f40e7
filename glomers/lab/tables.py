"""Histories and journals as pandas tables; times in seconds since the start of the test."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import nan
from typing import Any

import pandas as pd

from glomers.formats.edn import to_json
from glomers.formats.history import Op, pairs
from glomers.formats.journal import Event
from glomers.reading.faults import FaultPeriod, faults_of
from glomers.reading.partitions import PartitionPeriod, partitions_of

_ASKED = ("process", "node", "f", "value", "start_s")
_ANSWERED = ("end_s", "latency_ms", "outcome", "error", "final")

_PLAIN = {int, str, bool, type(None)}


def ops_table(history: Sequence[Op], nodes: Sequence[str]) -> pd.DataFrame:
    """One row per operation of a client, in the order they were invoked.

    `value` is the answer of an operation that succeeded, else what was asked for; `node` is the one
    that the client talks to; `final` marks operations after the main phase; an operation still open
    at the end has the outcome `info` and no end.
    """
    rows = [_op_row(invoked, done, nodes) for invoked, done in pairs(history)]
    return pd.DataFrame.from_records(rows, columns=[*_ASKED, *_ANSWERED])


def _op_row(invoked: Op, done: Op | None, nodes: Sequence[str]) -> tuple[Any, ...]:
    process = invoked.process
    node = nodes[process % len(nodes)] if nodes and isinstance(process, int) else None
    value = done.value if done and done.type == "ok" else invoked.value
    asked = process, node, invoked.f, _plain(value), invoked.time_ns / 1e9
    if done is None:
        return *asked, nan, nan, "info", None, invoked.final
    latency_ms = (done.time_ns - invoked.time_ns) / 1e6
    error = None if done.error is None else to_json(done.error)
    return *asked, done.time_ns / 1e9, latency_ms, done.type, error, invoked.final


def _plain(value: Any) -> Any:
    """`value` without EDN's own types; long lists of plain values pass as they are."""
    kind = type(value)
    if kind in _PLAIN or (kind is list and _PLAIN.issuperset(map(type, value))):
        return value
    return to_json(value)


def messages_table(events: Iterable[Event]) -> pd.DataFrame:
    """One row per message, in the order they were sent.

    `recv_s` is missing for a message that was lost (then `lost_s` says when it was dropped) or
    still under way at the end.
    """
    sent: list[Event] = []
    received: dict[int, float] = {}
    dropped: dict[int, float] = {}
    for event in events:
        if event.kind == "send":
            sent.append(event)
        else:
            (received if event.kind == "recv" else dropped)[event.id] = event.time_ns / 1e9
    messages = [event.message if isinstance(event.message, dict) else {} for event in sent]
    bodies = [message.get("body") for message in messages]
    ids = [event.id for event in sent]
    return pd.DataFrame(
        {
            "id": ids,
            "send_s": [event.time_ns / 1e9 for event in sent],
            "recv_s": pd.Series([received.get(i, nan) for i in ids], dtype=float),
            "src": _texts(message.get("src", "") for message in messages),
            "dest": _texts(message.get("dest", "") for message in messages),
            "type": _texts(b.get("type", "") if isinstance(b, dict) else "" for b in bodies),
            "body": pd.Series(bodies, dtype=object),
            "lost": pd.Series([i in dropped for i in ids], dtype=bool),
            "lost_s": pd.Series([dropped.get(i, nan) for i in ids], dtype=float),
        }
    )


def _texts(values: Iterable[Any]) -> pd.Series[Any]:
    return pd.Series([str(value) for value in values], dtype=object)


def partitions_table(history: Sequence[Op]) -> pd.DataFrame:
    """One row per partition: `start_s`, `end_s`, `description`."""
    return pd.DataFrame.from_records(partitions_of(history), columns=list(PartitionPeriod._fields))


def faults_table(history: Sequence[Op]) -> pd.DataFrame:
    """One row per fault of any kind: `start_s`, `end_s`, `description`."""
    return pd.DataFrame.from_records(faults_of(history), columns=list(FaultPeriod._fields))
