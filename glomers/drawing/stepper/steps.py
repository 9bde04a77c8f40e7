"""The steps of a run, one after the other: what happened to messages, faults, failed operations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import IntEnum
from heapq import merge
from typing import NamedTuple

from glomers.drawing.stepper.account import Account


class Deed(IntEnum):
    """What happens in a step; the page knows the numbers."""

    SEND = 0
    RECV = 1
    DROP = 2
    FAULT_BEGINS = 3
    FAULT_ENDS = 4
    OPERATION_FAILS = 5


_OF_JOURNAL = {"send": Deed.SEND, "recv": Deed.RECV, "drop": Deed.DROP}


class Step(NamedTuple):
    """A step; `about` is a message's id, or the place of a fault or operation in the account."""

    time_ns: int
    deed: Deed
    about: int


def steps_of(account: Account) -> list[Step]:
    """All steps in order of time; of those at one time the beginnings of faults come first."""
    messages = (
        Step(event.time_ns, _OF_JOURNAL[event.kind], event.id) for event in account.events
    )
    begins = (
        Step(round(band.start_s * 1e9), Deed.FAULT_BEGINS, number)
        for number, band in enumerate(account.faults)
    )
    ends = (
        Step(round(band.end_s * 1e9), Deed.FAULT_ENDS, number)
        for number, band in enumerate(account.faults)
    )
    streams = [sorted(begins), messages, sorted(_failures(account)), sorted(ends)]
    return list(merge(*streams, key=lambda step: step.time_ns))


def _failures(account: Account) -> Iterator[Step]:
    for number, operation in enumerate(account.operations):
        if operation.outcome != "ok" and operation.ended_ns is not None:
            yield Step(operation.ended_ns, Deed.OPERATION_FAILS, number)


def step_of_flaw(steps: Sequence[Step], messages: Sequence[int], answer: int | None) -> int | None:
    """The place of the step at which something has gone wrong: the end of the answer that is wrong.

    None when none of its messages is among the steps.
    """
    wanted = {answer} if answer is not None else set(messages)
    places = (i for i in range(len(steps) - 1, -1, -1) if _is_of(steps[i], wanted))
    return next(places, None)


def _is_of(step: Step, messages: set[int]) -> bool:
    return step.deed <= Deed.DROP and step.about in messages
