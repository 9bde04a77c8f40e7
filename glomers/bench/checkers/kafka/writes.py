"""What became of what was sent: whether it was read, and whether it should have been."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from glomers.bench.checkers.clojure_order import ordered
from glomers.bench.checkers.elle.txn import Anomaly, Txn, key_of
from glomers.bench.checkers.judgement import CheckError
from glomers.bench.checkers.kafka.ops import Logs, polls, sends
from glomers.bench.checkers.kafka.versions import UNKNOWN_LOG, LogsByKey
from glomers.formats.edn import dumps, keywordize
from glomers.formats.history import op_record


def aborted_reads(logs: Logs) -> list[Anomaly]:
    """Successful polls (G1a) of messages whose send failed for certain."""
    failed = {
        (key, key_of(value))
        for txn in logs.txns
        if txn.type == "fail"
        for key, (_, value) in sends(txn.done)
    }
    return [
        keywordize(
            {
                "key": key,
                "value": value,
                "writer": op_record(writer.done) if writer else None,
                "reader": op_record(txn.done),
            }
        )
        for txn in (logs.txns if failed else ())
        if txn.type == "ok"
        for key, messages in polls(txn.done).items()
        for _, value in messages
        if (key, key_of(value)) in failed
        for writer in (logs.writer(key, value),)
    ]


def precommitted_reads(logs: Logs) -> list[Anomaly]:
    """Transactions that polled what they themselves sent."""
    cases = []
    for txn in logs.txns:
        if txn.done.f != "txn":
            continue
        polled = {
            (key, key_of(value))
            for key, messages in polls(txn.done).items()
            for _, value in messages
        }
        own = [(k, v) for k, (_, v) in sends(txn.done) if (k, key_of(v)) in polled]
        if own:
            key, value = own[0]
            cases.append(keywordize({"op": op_record(txn.done), "key": key, "value": value}))
    return cases


def lost_writes(logs: Logs, by_key: LogsByKey) -> list[Anomaly]:
    """Messages that nobody polled, before others in the same log that somebody polled.

    Raises:
        CheckError: when nobody sent such a message, or when polls show a key but no message of
            its log, so that Jepsen has no bound to look up.
    """
    cases: list[Anomaly] = []
    for key, read in logs.read_values.items():
        log = by_key.get(key, UNKNOWN_LOG)
        first_indices = log.first_indices()
        bound = max((first_indices[v] for v in read if v in first_indices), default=-1)
        if bound < 0:
            raise CheckError(
                f"polls show key {dumps(key)}, but never a message of its log: nobody can "
                "say up to where it should have been read; a poll leaves out keys without messages"
            )
        by_last_index = log.by_last_index()
        max_read = _first_reader(logs, key, by_last_index.get(bound, ()))
        for index in sorted(by_last_index):
            for value in by_last_index[index] if index <= bound else ():
                if key_of(value) not in read and _was_sent(logs, key, value):
                    writer = logs.writer(key, value)
                    case = {
                        "key": key,
                        "value": value,
                        "index": first_indices[key_of(value)],
                        "max-read-index": bound,
                        "writer": op_record(writer.done) if writer else None,
                        "max-read": op_record(max_read.done) if max_read else None,
                    }
                    cases.append(keywordize(case))
    return cases


def _first_reader(logs: Logs, key: Any, values: list[Any] | tuple[()]) -> Txn | None:
    for value in values[:1]:
        for number in logs.readers_of.get((key, key_of(value)), ()):
            return logs.txns[number]
    return None


def _was_sent(logs: Logs, key: Any, value: Any) -> bool:
    """Whether the send of `value` took effect."""
    writer = logs.writer(key, value)
    if writer is None:
        raise CheckError(f"nobody sent {dumps(value)}, which is in the log of key {dumps(key)}")
    return logs.took_effect(writer)


def unseen(logs: Logs) -> Anomaly | None:
    """Messages whose send succeeded and that no successful poll ever showed.

    As in Jepsen, also what the very last poll shows of a log of which nothing was known before:
    no send to it succeeded, and no other poll named it.
    """
    left: dict[Any, dict[Any, Any]] = {}
    polled: dict[Any, set[Any]] = {}
    oks = sorted((txn.done for txn in logs.txns if txn.type == "ok"), key=lambda op: op.index)
    for op in oks:
        for key, (_, value) in sends(op):
            if key_of(value) not in polled.setdefault(key, set()):
                left.setdefault(key, {})[key_of(value)] = value
        for key, messages in polls(op).items():
            if op is oks[-1] and key not in polled:
                left[key] = {key_of(value): value for _, value in messages}
                continue
            seen = [key_of(value) for _, value in messages]
            polled.setdefault(key, set()).update(seen)
            for value in seen if key in left else ():
                left[key].pop(value, None)
    missing = {key: [*values.values()] for key, values in _sorted(left)}
    if not missing:
        return None
    return keywordize(
        {
            "time": oks[-1].time_ns,
            "unseen": {key: len(values) for key, values in missing.items()},
            "messages": {key: tuple(ordered(values)) for key, values in missing.items()},
        }
    )


def _sorted(left: dict[Any, dict[Any, Any]]) -> Iterator[tuple[Any, dict[Any, Any]]]:
    return ((key, left[key]) for key in ordered(key for key in left if left[key]))
