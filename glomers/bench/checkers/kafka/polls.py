"""Whether polls, and sends, go through a log step by step: neither backwards nor skipping.

*Internal* is what a single operation shows, else one operation is compared with the one before it
of the same process.  After an `assign`, only keys that are assigned still are followed further.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

from glomers.bench.checkers.elle.txn import Anomaly
from glomers.bench.checkers.kafka.ops import POLLING, SENDING, Logs, polls, sent_by_key
from glomers.bench.checkers.kafka.versions import UNKNOWN_LOG, LogsByKey
from glomers.formats.edn import freeze, keywordize, kw
from glomers.formats.history import Op, op_record

_ASSIGNING = frozenset({"assign", "subscribe"})

Values = dict[Any, list[Any]]
"""Of each key, values in order."""

Cases = dict[str, list[Anomaly]]


def polled_by_key(op: Op) -> Values:
    """The values that `op` polled from each key, in order."""
    return {key: [value for _, value in messages] for key, messages in polls(op).items()}


def within_operations(logs: Logs, by_key: LogsByKey) -> Cases:
    """Steps within an operation that skip or go back."""
    cases: Cases = {}
    for f, values_of in (("poll", polled_by_key), ("send", sent_by_key)):
        skips, backwards = f"int-{f}-skip", f"int-nonmonotonic-{f}"
        for txn in logs.txns:
            for key, values in values_of(txn.done).items():
                for step, case in _steps(values, key, by_key):
                    case |= keywordize({"op": op_record(txn.done)})
                    cases.setdefault(skips if step > 1 else backwards, []).append(case)
    return cases


def _steps(values: Sequence[Any], key: Any, by_key: LogsByKey) -> Iterator[tuple[int, Anomaly]]:
    log = by_key.get(key, UNKNOWN_LOG)
    for value, following in pairwise(values):
        delta = log.delta(value, following)
        if delta == 1:
            continue
        case = keywordize({"key": key, "values": [value, following], "delta": delta})
        if delta > 1:
            case[kw("skipped")] = log.between(value, following)
        yield delta, case


def between_polls(history: Iterable[Op], by_key: LogsByKey) -> Cases:
    """Polls that skip what follows a process's last poll, or go back behind it."""
    cases: Cases = {}
    for key, values, ops in _successive(history, POLLING, polled_by_key, ("ok",)):
        log = by_key.get(key, UNKNOWN_LOG)
        delta = log.delta(*values)
        if delta == 1:
            continue
        case = {"key": key, "delta": delta, "ops": [*map(op_record, ops)]}
        if delta > 1:
            skipped = log.between(*values)
            cases.setdefault("poll-skip", []).append(keywordize(case | {"skipped": skipped}))
        else:
            case["values"] = values
            cases.setdefault("nonmonotonic-poll", []).append(keywordize(case))
    return cases


def between_sends(history: Iterable[Op], by_key: LogsByKey) -> Cases:
    """Sends that went before what the same process had sent before."""
    cases: Cases = {}
    for key, values, ops in _successive(history, SENDING, sent_by_key, ("ok", "info")):
        delta = by_key.get(key, UNKNOWN_LOG).delta(*values)
        if delta < 1:
            case = {"key": key, "values": values, "delta": delta}
            case["ops"] = [*map(op_record, ops)]
            cases.setdefault("nonmonotonic-send", []).append(keywordize(case))
    return cases


def _successive(
    history: Iterable[Op],
    fs: frozenset[str],
    values_of: Callable[[Op], Values],
    types: tuple[str, ...],
) -> Iterator[tuple[Any, list[Any], list[Op]]]:
    """The last value of an operation and the first of the process's next one on the same key.

    Yields the key, both values, and both operations.  An operation that shows no value of a key
    breaks the chain.
    """
    last_ops: dict[int | str, dict[Any, tuple[Op, Any]]] = {}
    for op in history:
        if op.type == "invoke" or not isinstance(op.process, int):
            continue
        last = last_ops.setdefault(op.process, {})
        if op.f in _ASSIGNING and op.type != "fail":
            assigned = map(freeze, op.value or ())
            last_ops[op.process] = {key: last[key] for key in assigned if key in last}
        elif op.f in fs and op.type in types:
            for key, values in values_of(op).items():
                earlier = last.pop(key, None)
                if values:
                    last[key] = (op, values[-1])
                    if earlier is not None:
                        yield key, [earlier[1], values[0]], [earlier[0], op]
