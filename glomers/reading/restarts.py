"""What a run in which nodes were killed still shows in the end of what it had acknowledged.

A node without a disk may take to its grave what only it knew. But what was asked for after the last
restart, and acknowledged, must be there in the end, and the same for every client.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from glomers.formats.edn import freeze, kw, to_json
from glomers.formats.history import Op, pairs
from glomers.reading.acknowledged import steps_of
from glomers.reading.faults import spans_of

View = dict[Any, Any]
"""What one client was shown in the end: values by whatever names them in a workload."""

_FROM_THE_BEGINNING = kw("seek-to-beginning?")
_SUM = "the sum"


class Demand(NamedTuple):
    """Something that every client must be shown in the end: its name, and the values that do."""

    name: Any
    values: Sequence[Any]
    wanted: str


def last_restart_ns(history: Sequence[Op]) -> int | None:
    """When a node that had been killed was started again for the last time; None: never."""
    return max((span.end_ns for span in spans_of(history) if span.fault == "kill"), default=None)


def demands_after_restart(history: Sequence[Op], nodes: Sequence[str]) -> list[Demand]:
    """What was asked for after the last restart and acknowledged; all, where nobody was killed.

    Sets that are broadcast, growing counters, logs and registers make demands, nothing else.
    """
    for f, demands in _DEMANDS.items():
        if any(op.f == f for op in history):
            return list(demands(history, nodes, last_restart_ns(history) or 0))
    return []


def lost_after_restart(history: Sequence[Op], nodes: Sequence[str]) -> list[str]:
    """The demands that the end of a run does not meet for some client, a sentence each."""
    demands = demands_after_restart(history, nodes)
    return [
        f"{nodes[process % len(nodes)]} shows {view.get(demand.name)} for {demand.name}, "
        f"where {demand.wanted} was acknowledged"
        for process, view in final_views(history).items()
        for demand in demands
        if view.get(demand.name) not in demand.values
    ]


def differing(history: Sequence[Op]) -> list[Any]:
    """The names of everything, old or new, that some clients are shown otherwise than others."""
    views = list(final_views(history).values())
    names = {name: None for view in views for name in view}
    return [name for name in names if any(v.get(name) != views[0].get(name) for v in views)]


def final_views(history: Sequence[Op]) -> dict[int, View]:
    """What each client was shown in the end, by process."""
    views: dict[int, View] = {}
    finals = [op for op in history if op.final and op.type == "ok"]
    for op in [*finals, *_polls_from_the_beginning(history)]:
        views.setdefault(int(op.process), {}).update(_shown(op))
    return views


def _shown(op: Op) -> View:
    if op.f == "txn":
        return {key: value for _, key, value in steps_of(op.value)}
    if op.f == "poll":
        ((_, logs),) = op.value
        return {(key, at): msg for key, entries in to_json(logs).items() for at, msg in entries}
    if isinstance(op.value, int):
        return {_SUM: op.value}
    return {freeze(value): value for value in op.value}


def _polls_from_the_beginning(history: Sequence[Op]) -> Iterator[Op]:
    """The polls of clients that have started afresh in the end."""
    afresh = set()
    for op in history:
        if op.f == "assign" and op.extra and op.extra.get(_FROM_THE_BEGINNING):
            afresh.add(op.process)
        elif op.f == "poll" and op.type == "ok" and op.process in afresh:
            yield op


def _elements(history: Sequence[Op], nodes: Sequence[str], since_ns: int) -> Iterator[Demand]:
    for invoked, done in pairs(history):
        if invoked.f == "broadcast" and _is_kept(invoked, done, since_ns):
            yield Demand(freeze(invoked.value), [invoked.value], "it")


def _sums(history: Sequence[Op], nodes: Sequence[str], since_ns: int) -> Iterator[Demand]:
    """The sum holds what a node knew that lives on, and all that nobody can have forgotten."""
    deaths = [
        (to_json(span.effect)[1], span.start_ns)
        for span in spans_of(history)
        if span.fault == "kill"
    ]

    def lives_on(op: Op) -> bool:
        node = nodes[int(op.process) % len(nodes)]
        return op.time_ns >= since_ns or all(n != node or at < op.time_ns for n, at in deaths)

    ended = [(invoked, done) for invoked, done in pairs(history) if done and done.type == "ok"]
    adds = [i for i, _ in ended if i.f == "add" and lives_on(i)]
    reads = [done for _, done in ended if done.f == "read" and lives_on(done)]
    low = max(
        shown + sum(add.value for add in adds if add.time_ns >= at_ns)
        for shown, at_ns in [(0, 0), *((read.value, read.time_ns) for read in reads)]
    )
    enough = [read.value for read in reads if read.final and read.value >= low]
    yield Demand(_SUM, enough, f"at least {low}")


def _sent(history: Sequence[Op], nodes: Sequence[str], since_ns: int) -> Iterator[Demand]:
    for invoked, done in pairs(history):
        if done is not None and invoked.f == "send" and _is_kept(invoked, done, since_ns):
            ((_, key, (offset, message)),) = done.value
            yield Demand((key, offset), [message], str(message))


def _written(history: Sequence[Op], nodes: Sequence[str], since_ns: int) -> Iterator[Demand]:
    """A key that was written since then holds a value that was, and the same everywhere.

    A write that was asked for before and ended after that moment, or never, may be the last.
    """
    since: dict[Any, list[Any]] = {}
    kept: dict[Any, None] = {}
    for invoked, done in pairs(history):
        if done is not None and (done.type == "fail" or done.time_ns < since_ns):
            continue
        written = [(key, value) for f, key, value in steps_of(invoked.value) if f == "w"]
        for key, value in written:
            since.setdefault(key, []).append(value)
        if _is_kept(invoked, done, since_ns):
            kept.update((key, None) for key, _ in written)
    views = list(final_views(history).values())
    for key in kept:
        shown = [view.get(key) for view in views]
        agreed = [value for value in since[key] if shown.count(value) == len(shown)]
        yield Demand(key, agreed, " or ".join(map(str, since[key])))


def _is_kept(invoked: Op, done: Op | None, since_ns: int) -> bool:
    return done is not None and done.type == "ok" and invoked.time_ns >= since_ns


_DEMANDS: dict[str, Callable[[Sequence[Op], Sequence[str], int], Iterator[Demand]]] = {
    "broadcast": _elements,
    "add": _sums,
    "send": _sent,
    "txn": _written,
}
"""What there is to be demanded, by an operation that tells the workload."""
