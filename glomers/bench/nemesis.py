"""The nemesis: draws a schedule of faults, and carries it out while a test runs.

Each kind of fault starts and stops in turn, staggered at random around the mean interval, with
dice of its own: asking for one more kind leaves the schedules of the others alone.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from glomers.bench.clock import NS_PER_S
from glomers.bench.faults import FAULTS, Fault, System, Target
from glomers.bench.ground import Ground

Dice = Callable[[str], random.Random]
"""The dice for a purpose."""


@dataclass(frozen=True)
class FaultEvent:
    """A fault called `fault` starts or stops `at_ns` after the main phase began.

    `request` is what the history has as the nemesis's request, `target` whom it hits, when it
    starts.
    """

    at_ns: int
    fault: str
    starts: bool
    request: Any
    target: Target


def draw_schedule(
    faults: Collection[str],
    nodes: Sequence[str],
    interval_s: float,
    time_limit_s: float,
    dice: Dice,
) -> list[FaultEvent]:
    """Draw when which faults start and stop, in order of time."""
    mean_ns, limit_ns = interval_s * NS_PER_S, time_limit_s * NS_PER_S
    schedules = [
        _draw_events(FAULTS[name], sorted(nodes), mean_ns, limit_ns, dice(_purpose(name)))
        for name in sorted(faults)
    ]
    return list(heapq.merge(*schedules, key=lambda event: event.at_ns))


def _purpose(name: str) -> str:
    """What a fault's dice are called; partitions had theirs before there were other faults."""
    return "nemesis" if name == "partition" else f"nemesis/{name}"


def _draw_events(
    kind: type[Fault], nodes: Sequence[str], mean_ns: float, limit_ns: float, rng: random.Random
) -> Iterator[FaultEvent]:
    fault = kind(rng)
    # Maelstrom's partitions begin at once; of the others there is something to lose by then.
    at_ns = int(rng.random() * 2 * mean_ns) if kind.extra else 0
    starts = True
    while at_ns <= limit_ns:
        request, target = fault.draw(nodes, rng) if starts else (None, None)
        yield FaultEvent(at_ns, kind.name, starts, request, target)
        at_ns += int(rng.random() * 2 * mean_ns)
        starts = not starts


class Nemesis:
    """Carries out a schedule on `system`; the history gets every request and its effect."""

    def __init__(self, ground: Ground, schedule: Sequence[FaultEvent], system: System) -> None:
        self._schedule = schedule
        self._system = system
        self._clock = ground.clock
        self._history = ground.history
        self._journal = ground.journal
        self._dice = ground.dice
        names = {event.fault for event in schedule}
        self._faults = {n: FAULTS[n](self._dice(f"{_purpose(n)}/messages")) for n in sorted(names)}
        self._active: dict[str, Target] = {}
        """The targets of the faults that are at work, by name."""
        self.request_count = 0
        """How often it was its turn."""

    async def inject(self, begin_ns: int) -> None:
        """Carry out the schedule, whose times count from `begin_ns`."""
        for event in self._schedule:
            await self._clock.sleep_until(begin_ns + event.at_ns)
            if event.starts:
                self._start(event)
            elif event.fault in self._active:
                self._stop(event.fault)

    def surprise(self, event: FaultEvent) -> None:
        """Start a fault that stands on no schedule, unless it is at work."""
        if event.fault not in self._active:
            fault = FAULTS[event.fault](self._dice(f"{_purpose(event.fault)}/messages"))
            self._faults.setdefault(event.fault, fault)
            self._start(event)

    def heal(self) -> None:
        """End every fault."""
        for name, fault in self._faults.items():
            if name in self._active or not fault.extra:
                self._stop(name)

    def _start(self, event: FaultEvent) -> None:
        f = f"start-{event.fault}"
        self.request_count += 1
        self._note(f, event.request)
        self._active[event.fault] = event.target
        self._journal.fault_began(event.fault, event.target)
        self._note(f, self._faults[event.fault].start(self._system, event.target))

    def _stop(self, name: str) -> None:
        f = f"stop-{name}"
        self.request_count += 1
        self._note(f, None)
        target = self._active.pop(name, None)
        self._journal.fault_ended(name)
        self._note(f, self._faults[name].stop(self._system, target))

    def _note(self, f: str, value: Any) -> None:
        self._history.add(self._clock.now_ns(), "info", "nemesis", f, value)
