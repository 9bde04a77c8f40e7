"""Which processor a bench in lockstep and its nodes are on: one and the same.

They take turns, and never work at once.  To wake somebody on another processor at each turn costs
half as much processor time again, or more.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

_HAS_AFFINITY = hasattr(os, "sched_setaffinity")
_PROCESSOR = 36
"""Where `/proc/self/stat` has the processor, counted behind the name (see proc(5), `processor`)."""


def allowed() -> list[int]:
    """The processors that this process may use; none where the system does not tell."""
    return sorted(os.sched_getaffinity(0)) if _HAS_AFFINITY else []


def move_to(processors: Sequence[int]) -> None:
    """Use these processors only, and let children do so, where that can be asked for."""
    if _HAS_AFFINITY and processors:
        with suppress(OSError):  # some containers refuse it: it is slower without
            os.sched_setaffinity(0, processors)


def stay_at(place: int) -> None:
    """Use one processor only; places count through those that there are."""
    if there_are := allowed():
        move_to([there_are[place % len(there_are)]])


@contextmanager
def on_one() -> Iterator[None]:
    """Use the processor that this process is on, and no other, until the block ends."""
    before = allowed()
    if len(before) > 1:
        move_to([_current(before)])
    try:
        yield
    finally:
        if len(before) > 1:
            move_to(before)


def _current(there_are: Sequence[int]) -> int:
    """The processor that this process is on."""
    found = there_are[0]
    with suppress(OSError, ValueError, IndexError):
        fields = Path("/proc/self/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        found = int(fields[_PROCESSOR])
    return found if found in there_are else there_are[0]
