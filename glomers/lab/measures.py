"""The figures of a run, taken from its results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, TypeGuard

from glomers.formats.edn import Keyword, kw


@dataclass(frozen=True)
class Stats:
    """Figures of a run; None where the results do not have them.

    Attributes:
        op_count: operations that clients asked for.
        ok_count: those that succeeded.
        fail_count: those that certainly did not take effect.
        info_count: those of unknown outcome.
        ok_fraction: the share that succeeded.
        msgs_per_op: messages between servers (services included) per operation.
        msgs_per_op_all: all messages per operation, those to and from clients included.
        msg_count: messages between servers.
        msg_count_all: all messages.
        stable_latency_ms: from a quantile (0, 0.5, 0.95, 0.99, 1) to the time, in ms, from the
            acknowledgement of a value to the last read that missed it.
    """

    op_count: int | None = None
    ok_count: int | None = None
    fail_count: int | None = None
    info_count: int | None = None
    ok_fraction: float | None = None
    msgs_per_op: float | None = None
    msgs_per_op_all: float | None = None
    msg_count: int | None = None
    msg_count_all: int | None = None
    stable_latency_ms: dict[float, float] | None = None

    @property
    def stable_median_ms(self) -> float | None:
        """The median of the stable latencies, in ms."""
        return (self.stable_latency_ms or {}).get(0.5)

    @property
    def stable_max_ms(self) -> float | None:
        """The largest stable latency, in ms."""
        return (self.stable_latency_ms or {}).get(1)


def stats_of(results: Mapping[Keyword, Any] | None) -> Stats:
    """Take the figures out of results as EDN; what is missing or misshapen is None."""
    results = results or {}
    counts = _part(results, "stats")
    net = _part(results, "net")
    servers, everyone = _part(net, "servers"), _part(net, "all")
    return Stats(
        op_count=_count(counts, "count"),
        ok_count=_count(counts, "ok-count"),
        fail_count=_count(counts, "fail-count"),
        info_count=_count(counts, "info-count"),
        ok_fraction=_number(_part(results, "availability"), "ok-fraction"),
        msgs_per_op=_number(servers, "msgs-per-op"),
        msgs_per_op_all=_number(everyone, "msgs-per-op"),
        msg_count=_count(servers, "msg-count"),
        msg_count_all=_count(everyone, "msg-count"),
        stable_latency_ms=_latencies(_part(results, "workload")),
    )


def _part(results: Mapping[Keyword, Any], name: str) -> Mapping[Keyword, Any]:
    part = results.get(kw(name))
    return part if isinstance(part, dict) else {}


def _number(part: Mapping[Keyword, Any], name: str) -> float | None:
    value = part.get(kw(name))
    return float(value) if _is_number(value) else None


def _count(part: Mapping[Keyword, Any], name: str) -> int | None:
    value = part.get(kw(name))
    return int(value) if _is_number(value) else None


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def _latencies(workload: Mapping[Keyword, Any]) -> dict[float, float] | None:
    latencies = workload.get(kw("stable-latencies"))
    if not isinstance(latencies, dict):
        return None
    return {k: v for k, v in latencies.items() if _is_number(k) and _is_number(v)} or None
