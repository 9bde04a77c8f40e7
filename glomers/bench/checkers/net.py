"""Counts of messages, which the network collects, and messages per operation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from glomers.bench.checkers.judgement import Result, shortest_single
from glomers.formats.edn import keywordize, kw
from glomers.formats.history import Op


@dataclass(slots=True)
class MessageCounts:
    """How many messages were sent, and how many of those, and of copies of them, were received."""

    sent: int = 0
    received: int = 0

    def __add__(self, other: MessageCounts) -> MessageCounts:
        return MessageCounts(self.sent + other.sent, self.received + other.received)


@dataclass(slots=True)
class NetStats:
    """Counts for messages to or from clients, and for those between servers and services."""

    clients: MessageCounts = field(default_factory=MessageCounts)
    servers: MessageCounts = field(default_factory=MessageCounts)


def check(history: Sequence[Op], stats: NetStats) -> Result:
    """The `:net` map: counts, and messages per operation that a client invoked."""
    operations = sum(op.type == "invoke" and isinstance(op.process, int) for op in history)
    everything = _counts(stats.clients + stats.servers)
    clients = _counts(stats.clients)
    servers = _counts(stats.servers)
    if operations:
        for counts in (everything, servers):
            per_op = counts[kw("msg-count")] / operations
            counts[kw("msgs-per-op")] = shortest_single(per_op)
    return keywordize({"all": everything, "clients": clients, "servers": servers, "valid?": True})


def _counts(counts: MessageCounts) -> Result:
    return keywordize(
        {"send-count": counts.sent, "recv-count": counts.received, "msg-count": counts.sent}
    )
