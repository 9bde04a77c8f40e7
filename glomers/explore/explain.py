"""A failure in a sentence: who knew what, who was to be told, and what became of the telling."""

from __future__ import annotations

from collections.abc import Callable

from glomers.explore.causes import (
    answers,
    disagreement,
    elements,
    logs,
    registers,
    sums,
    transactions,
)
from glomers.explore.causes.cause import Explanation, quoted
from glomers.explore.judge import ALONE, BROKEN, DIRTY, DIVERGED, FORGOTTEN
from glomers.explore.story import Story

_OF_ANY_WORKLOAD: dict[str, Callable[[Story], Explanation | None]] = {
    BROKEN: answers.broken,
    "stats": answers.never_done,
    "availability": answers.not_done,
    DIVERGED: disagreement.diverged,
    ALONE: disagreement.alone,
    FORGOTTEN: disagreement.forgotten,
    DIRTY: disagreement.mixed,
}

_OF_WORKLOAD: dict[str, Callable[[Story, str], Explanation | None]] = {
    "echo": answers.not_echoed,
    "unique-ids": answers.given_twice,
    "broadcast": elements.lost,
    "g-set": elements.lost,
    "g-counter": sums.wrong,
    "pn-counter": sums.wrong,
    "kafka": logs.explain,
    "lin-kv": registers.explain,
    "txn-rw-register": transactions.explain,
    "txn-list-append": transactions.explain,
}


def explain(story: Story, workload: str, anomaly: str) -> Explanation:
    """Say how an anomaly of a run came about, or at least what it is."""
    if anomaly in _OF_ANY_WORKLOAD:
        found = _OF_ANY_WORKLOAD[anomaly](story)
    else:
        found = _OF_WORKLOAD[workload](story, anomaly)
    return found or quoted(story, anomaly)
