"""The steps of a run, one after the other: what happened to messages, faults, failed operations.

Where it was recorded what nodes knew, their turns are steps as well; one that takes a message is
the step in which that arrives.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from enum import IntEnum
from heapq import merge
from typing import NamedTuple

from glomers.drawing.stepper.account import Account
from glomers.formats.journal import Event
from glomers.formats.node_state import NodeStep


class Deed(IntEnum):
    """What happens in a step; the page knows the numbers."""

    SEND = 0
    RECV = 1
    DROP = 2
    FAULT_BEGINS = 3
    FAULT_ENDS = 4
    OPERATION_FAILS = 5
    TURN = 6


_OF_JOURNAL = {"send": Deed.SEND, "recv": Deed.RECV, "drop": Deed.DROP}


class Step(NamedTuple):
    """A step.

    Attributes:
        time_ns: when.
        deed: what happens.
        about: a message's id; or the place of a fault, an operation or a turn in the account.
        turn: the turn of a node that it is, if that is known.
    """

    time_ns: int
    deed: Deed
    about: int
    turn: int | None = None

    @property
    def is_of_message(self) -> bool:
        """Whether it is about a message."""
        return self.deed <= Deed.DROP


def steps_of(account: Account) -> list[Step]:
    """All steps in order of time; of those at one time the beginnings of faults come first."""
    begins, ends = (
        sorted(Step(round(time_s * 1e9), deed, i) for i, time_s in enumerate(times))
        for deed, times in (
            (Deed.FAULT_BEGINS, [band.start_s for band in account.faults]),
            (Deed.FAULT_ENDS, [band.end_s for band in account.faults]),
        )
    )
    streams = [begins, _of_nodes(account), sorted(_failures(account)), ends]
    return list(merge(*streams, key=lambda step: step.time_ns))


def _failures(account: Account) -> Iterator[Step]:
    for number, operation in enumerate(account.operations):
        if operation.outcome != "ok" and operation.ended_ns is not None:
            yield Step(operation.ended_ns, Deed.OPERATION_FAILS, number)


def _of_nodes(account: Account) -> list[Step]:
    """The journal and the nodes' turns, as one sequence."""
    events, turns = account.events, account.knowledge.turns
    arrivals: dict[int, int] = {}
    before: dict[int, list[int]] = {}
    places = _Places(events)
    for number, turn in enumerate(turns):
        arrival = places.arrival(turn)
        if arrival is not None and arrival not in arrivals:
            arrivals[arrival] = number
        else:
            before.setdefault(places.of(turn), []).append(number)
        places.passed(turn, arrival)
    steps = []
    for place in range(len(events) + 1):
        for number in before.get(place, ()):
            steps.append(Step(turns[number].time_ns, Deed.TURN, number, number))
        if place < len(events):
            event = events[place]
            deed = _OF_JOURNAL[event.kind]
            steps.append(Step(event.time_ns, deed, event.id, arrivals.get(place)))
    return steps


class _Places:
    """Where turns belong in a journal: before what they send, and after what was before them."""

    def __init__(self, events: Sequence[Event]) -> None:
        self._times = [event.time_ns for event in events]
        self._sent = {event.id: i for i, event in enumerate(events) if event.kind == "send"}
        self._arrived = {event.id: i for i, event in enumerate(events) if event.kind == "recv"}
        self._next = 0

    def arrival(self, turn: NodeStep) -> int | None:
        """The place of the receipt of the message that it takes."""
        return None if turn.message is None else self._arrived.get(turn.message)

    def of(self, turn: NodeStep) -> int:
        """The place that it stands before."""
        sends = [self._sent[message] for message in turn.sends if message in self._sent]
        return min(sends) if sends else max(self._next, bisect_left(self._times, turn.time_ns))

    def passed(self, turn: NodeStep, arrival: int | None) -> None:
        """The turns after it come after it, and after what it sent."""
        sends = [self._sent[message] for message in turn.sends if message in self._sent]
        ends = [place + 1 for place in [*sends, *([] if arrival is None else [arrival])]]
        self._next = max([self._next, *ends])


def causes_of(account: Account, steps: Sequence[Step]) -> list[int]:
    """For each step how many steps before it the one is that led to it; 0: nobody knows.

    A message that arrives comes from being sent.  What a node sends comes from the turn in which it
    does so or, where turns were not recorded, from the request that it answers, or from what
    reached the node at that very moment.
    """
    turns = account.knowledge.turns
    owners = {message: number for number, turn in enumerate(turns) for message in turn.sends}
    messages = {e.id: e.message for e in account.events if isinstance(e.message, dict)}
    tracer = _Tracer(messages, owners)
    found = []
    for place, step in enumerate(steps):
        cause = tracer.cause(step, turns[step.turn] if step.turn is not None else None)
        found.append(0 if cause is None else place - cause)
        tracer.passed(place, step)
    return found


class _Tracer:
    """Knows what came before, to tell what led to a step."""

    def __init__(self, messages: dict[int, dict[str, object]], owners: dict[int, int]) -> None:
        self._messages, self._owners = messages, owners
        self._sent: dict[int, int] = {}
        self._turns: dict[int, int] = {}
        self._requests: dict[object, int] = {}
        self._newest: dict[object, tuple[int, int]] = {}

    def cause(self, step: Step, turn: NodeStep | None) -> int | None:
        if step.deed in (Deed.RECV, Deed.DROP):
            return self._sent.get(step.about)
        if step.deed is Deed.TURN and turn is not None:
            return None if turn.cause is None else self._turns.get(turn.cause)
        if step.deed is not Deed.SEND:
            return None
        if step.about in self._owners:
            return self._turns.get(self._owners[step.about])
        message = self._messages.get(step.about, {})
        src, dest, _, reply_to = _ends(message)
        if (request := self._requests.get((dest, src, reply_to))) is not None:
            return request
        time_ns, place = self._newest.get(src, (-1, 0))
        return place if time_ns == step.time_ns else None

    def passed(self, place: int, step: Step) -> None:
        if step.turn is not None:
            self._turns[step.turn] = place
        if step.deed is Deed.SEND:
            self._sent[step.about] = place
        elif step.deed is Deed.RECV:
            src, dest, number, _ = _ends(self._messages.get(step.about, {}))
            self._newest[dest] = step.time_ns, place
            if number is not None:
                self._requests[src, dest, number] = place


def _ends(message: dict[str, object]) -> tuple[str, str, int | None, int | None]:
    """Sender, receiver, and the two numbers of a message, where they are numbers."""
    body = message.get("body")
    fields = body if isinstance(body, dict) else {}
    numbers = (fields.get(name) for name in ("msg_id", "in_reply_to"))
    number, reply_to = (each if type(each) is int else None for each in numbers)
    return str(message.get("src")), str(message.get("dest")), number, reply_to


def step_of_flaw(steps: Sequence[Step], messages: Sequence[int], answer: int | None) -> int | None:
    """The place of the step at which something has gone wrong: the end of the answer that is wrong.

    None when none of its messages is among the steps.
    """
    wanted = {answer} if answer is not None else set(messages)
    places = range(len(steps) - 1, -1, -1)
    return next((i for i in places if steps[i].is_of_message and steps[i].about in wanted), None)
