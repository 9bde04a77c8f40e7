"""The faults of a run, as its history tells them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from glomers.formats.edn import to_json
from glomers.formats.history import Op
from glomers.reading.partitions import PartitionPeriod, felt_partitions_of, partitions_of


class Span(NamedTuple):
    """A fault at work: its name, from when to when, and its effect as the history has it."""

    fault: str
    start_ns: int
    end_ns: int
    effect: Any


class FaultPeriod(NamedTuple):
    """The same in seconds and in words."""

    start_s: float
    end_s: float
    description: str


def spans_of(history: Iterable[Op]) -> list[Span]:
    """The faults of a run in order of their ends; those that never end last to the end of it.

    The nemesis stands in a history twice: what it was asked to do, then the effect.
    """
    begun: dict[str, tuple[int, Any]] = {}
    spans = []
    last_ns = 0
    for op in history:
        last_ns = op.time_ns
        if op.process != "nemesis":
            continue
        action, _, name = op.f.partition("-")
        if action == "start":
            begun[name] = begun.get(name, (op.time_ns, None))[0], op.value
        elif name in begun:
            start_ns, effect = begun.pop(name)
            spans.append(Span(name, start_ns, op.time_ns, effect))
    open_ones = [Span(name, start, last_ns, effect) for name, (start, effect) in begun.items()]
    return [*spans, *open_ones]


def faults_of(history: Sequence[Op]) -> list[FaultPeriod]:
    """All faults in order of their beginnings, partitions as `partitions_of` describes them."""
    return _with_extra_faults(partitions_of(history), history)


def felt_faults_of(history: Sequence[Op]) -> list[FaultPeriod]:
    """The same without partitions that cut nobody off: the faults to show in a picture."""
    return _with_extra_faults(felt_partitions_of(history), history)


def _with_extra_faults(
    partitions: Iterable[PartitionPeriod], history: Sequence[Op]
) -> list[FaultPeriod]:
    faults = [
        FaultPeriod(cut.start_s, cut.end_s, f"partition: {cut.description}") for cut in partitions
    ]
    return sorted([*faults, *extra_faults_of(history)])


def extra_faults_of(history: Iterable[Op]) -> list[FaultPeriod]:
    """The faults that Maelstrom lacks, in order of their beginnings."""
    return sorted(
        FaultPeriod(span.start_ns / 1e9, span.end_ns / 1e9, _described(span))
        for span in spans_of(history)
        if span.fault != "partition"
    )


def _described(span: Span) -> str:
    if not isinstance(span.effect, list) or len(span.effect) != 2:
        return span.fault
    told = to_json(span.effect[1])
    if isinstance(told, str):
        return f"{span.fault}: {told}"
    if isinstance(told, dict):
        if span.fault == "one-way":
            return f"one-way: {' '.join(sorted(told))} heard, but deaf"
        return f"{span.fault}: {', '.join(f'{key} {value}' for key, value in told.items())}"
    return span.fault
