"""What the operations of the kafka workload sent and polled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from glomers.bench.checkers.elle.txn import Txn, key_of, transactions
from glomers.formats.edn import freeze, kw
from glomers.formats.history import Op

SEND, POLL = kw("send"), kw("poll")
SENDING = frozenset({"send", "txn"})
POLLING = frozenset({"poll", "txn"})
_NOTHING: Mapping[Any, Any] = {}

Message = Sequence[Any]
"""A message with its offset before it; the offset is None where nobody knows it."""


def sends(op: Op) -> Iterator[tuple[Any, Message]]:
    """What `op` sent: keys, each with a message."""
    if op.f not in SENDING or not op.value:
        return
    for micro_op in op.value:
        if micro_op[0] is SEND:
            sent = micro_op[2]
            is_acknowledged = isinstance(sent, list) and len(sent) == 2
            key = freeze(micro_op[1])
            yield key, (sent[0], sent[1]) if is_acknowledged else (None, sent)


def polls(op: Op) -> Mapping[Any, Sequence[Message]]:
    """What `op` polled: of each key that it shows, the messages, which may be none."""
    if op.f not in POLLING or not op.value:
        return _NOTHING
    shown = [micro_op[1] for micro_op in op.value if micro_op[0] is POLL and len(micro_op) > 1]
    if len(shown) == 1:
        return shown[0] or _NOTHING
    polled: dict[Any, list[Message]] = {}
    for messages_by_key in shown:
        for key, messages in (messages_by_key or _NOTHING).items():
            polled.setdefault(key, []).extend(messages)
    return polled


def sent_by_key(op: Op) -> dict[Any, list[Any]]:
    """The values that `op` sent to each key, in order."""
    values: dict[Any, list[Any]] = {}
    for key, (_, value) in sends(op):
        values.setdefault(key, []).append(value)
    return values


@dataclass
class Logs:
    """Who sent and who polled what, by key and (the stand-in of) the value.

    `txns` are the operations that send or poll; a sender that no end is known of counts as one
    with an open outcome.
    """

    txns: list[Txn]
    writer_of: dict[tuple[Any, Any], int]
    readers_of: dict[tuple[Any, Any], list[int]]
    read_values: dict[Any, dict[Any, Any]]
    """Of each key, what successful polls showed: values by their stand-ins."""

    def writer(self, key: Any, value: Any) -> Txn | None:
        """The operation that sent `value` to `key`."""
        number = self.writer_of.get((key, key_of(value)))
        return None if number is None else self.txns[number]

    def took_effect(self, txn: Txn) -> bool:
        """Whether what `txn` sent is in the log: it is `ok`, or open and somebody saw it."""
        if txn.type != "info":
            return txn.type == "ok"
        return any(
            key_of(value) in self.read_values.get(key, ()) for key, (_, value) in sends(txn.done)
        )


def read_logs(history: Iterable[Op]) -> Logs:
    """Collect who sent and who polled what."""
    txns = transactions(op for op in history if op.f in SENDING or op.f in POLLING)
    logs = Logs(txns, {}, {}, {})
    for number, txn in enumerate(txns):
        for key, (_, value) in sends(txn.done):
            logs.writer_of[key, key_of(value)] = number
        polled = polls(txn.done)
        for key, messages in polled.items():
            for _, value in messages:
                logs.readers_of.setdefault((key, key_of(value)), []).append(number)
        if txn.type == "ok":
            for key, messages in polled.items():
                values = logs.read_values.setdefault(key, {})
                for _, value in messages:
                    values.setdefault(key_of(value), value)
    return logs
