"""Histories and journals as pandas tables; times in seconds since the start of the test."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from math import nan
from typing import Any

import pandas as pd

from glomers.formats.edn import Keyword, kw, to_json
from glomers.formats.history import Op, pairs
from glomers.formats.journal import Event

OPS_COLUMNS = (
    "process",
    "node",
    "f",
    "value",
    "start_s",
    "end_s",
    "latency_ms",
    "outcome",
    "error",
)
MESSAGES_COLUMNS = (
    "id",
    "send_s",
    "recv_s",
    "src",
    "dest",
    "type",
    "body",
    "lost",
    "lost_s",
)
PARTITIONS_COLUMNS = ("start_s", "end_s", "description")

_PLAIN = {int, str, bool, type(None)}
_HEALED = kw("network-healed")


def ops_table(history: Sequence[Op], nodes: Sequence[str]) -> pd.DataFrame:
    """One row per operation of a client, in the order they were invoked.

    `value` is the answer of an operation that succeeded, else what was asked for; `node` is the one
    that the client talks to; an operation still open at the end has the outcome `info` and no end.
    """
    rows = [_op_row(invoked, done, nodes) for invoked, done in pairs(history)]
    return pd.DataFrame.from_records(rows, columns=list(OPS_COLUMNS))


def _op_row(invoked: Op, done: Op | None, nodes: Sequence[str]) -> tuple[Any, ...]:
    process = invoked.process
    node = nodes[process % len(nodes)] if nodes and isinstance(process, int) else None
    start_s = invoked.time_ns / 1e9
    if done is None:
        return process, node, invoked.f, _plain(invoked.value), start_s, nan, nan, "info", None
    end_s = done.time_ns / 1e9
    value = done.value if done.type == "ok" else invoked.value
    latency_ms = (done.time_ns - invoked.time_ns) / 1e6
    error = None if done.error is None else to_json(done.error)
    return process, node, invoked.f, _plain(value), start_s, end_s, latency_ms, done.type, error


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
        },
        columns=list(MESSAGES_COLUMNS),
    )


def _texts(values: Iterable[Any]) -> pd.Series[Any]:
    return pd.Series([str(value) for value in values], dtype=object)


_KINDS = {
    "one": "one node alone",
    "minority-third": "a minority third",
    "majority": "a majority and the rest",
    "majorities-ring": "overlapping majorities in a ring",
}


def partitions_table(history: Sequence[Op]) -> pd.DataFrame:
    """One row per partition; one that nobody healed lasts to the end of the history.

    The nemesis stands in a history twice: what it was asked to do, then the effect, which is the
    moment that counts: `[:isolated {node #{nodes it hears nothing from}}]` or `:network-healed`.
    """
    rows: list[tuple[float, float, str]] = []
    kind = ""
    begun: tuple[float, str] | None = None
    for op in history:
        if op.process != "nemesis":
            continue
        time_s = op.time_ns / 1e9
        if op.f == "start-partition":
            if isinstance(op.value, Keyword):
                kind = op.value.name
            elif begun is None:
                begun = time_s, _describe(kind, op.value)
        elif op.f == "stop-partition" and op.value == _HEALED and begun:
            rows.append((begun[0], time_s, begun[1]))
            begun = None
    if begun:
        rows.append((begun[0], history[-1].time_ns / 1e9, begun[1]))
    return pd.DataFrame.from_records(rows, columns=list(PARTITIONS_COLUMNS))


def _describe(kind: str, effect: Any) -> str:
    name = _KINDS.get(kind, kind or "partition")
    groups = _groups(effect[1]) if isinstance(effect, list | tuple) and len(effect) == 2 else []
    if not groups:
        return name
    return f"{name}: {' | '.join(' '.join(group) for group in groups)}"


def _groups(grudges: Any) -> list[list[str]]:
    """The sides of a clean cut; none when the cut is not clean, as in a ring of majorities."""
    if not isinstance(grudges, Mapping):
        return []
    by_grudge: dict[frozenset[str], list[str]] = defaultdict(list)
    for node, deaf_to in grudges.items():
        if not isinstance(deaf_to, frozenset | set):
            return []
        by_grudge[frozenset(deaf_to)].append(str(node))
    everyone = {str(node) for node in grudges}
    if any(everyone.difference(group) != deaf_to for deaf_to, group in by_grudge.items()):
        return []
    groups = [sorted(group, key=lambda name: (len(name), name)) for group in by_grudge.values()]
    return sorted(groups, key=lambda group: (len(group), group))
