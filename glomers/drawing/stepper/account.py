"""What a page to step through is told of a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from glomers.drawing.messages import Band
from glomers.formats.journal import Event
from glomers.formats.node_log import LogLine
from glomers.formats.node_state import NodeStep


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something that went wrong.

    Attributes:
        text: a sentence, with its place in the program.
        messages: the ids of the messages that show it, in the order in which they were sent.
        answer: the id of the one that breaks the promise; None: the last of these.
    """

    text: str
    messages: tuple[int, ...] = ()
    answer: int | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """What a client asked for, and what came of it.

    Attributes:
        process: the client's number.
        node: whom it asked.
        asked: the function and its value, as text.
        outcome: "ok", "fail" or "info", with the answer or the error as text in `answer`.
        ended_ns: when it ended; None: it was open when the run ended.
        messages: the ids of its request and its reply, as far as known.
        acknowledged: the value that every node should have from then on, as text.
    """

    process: int
    node: str
    asked: str
    outcome: str
    answer: str
    ended_ns: int | None
    messages: tuple[int, ...] = ()
    acknowledged: str | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """The node's program.

    Attributes:
        files: the lines of each file, by its name.
        handlers: the file and line where the handler of a type of message begins.
    """

    files: Mapping[str, Sequence[str]] = field(default_factory=dict)
    handlers: Mapping[str, tuple[str, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What nodes knew.

    Attributes:
        turns: in which they were at work, in order.
        after: gives what all nodes know after a turn, by node and path: a text, or a container
            with `kind`, `items` and `count`.
        holder: the variable in which nodes keep what was acknowledged, if there is one.
    """

    turns: Sequence[NodeStep] = ()
    after: Callable[[int], Mapping[str, Mapping[str, Any]]] = lambda turn: {}
    holder: str | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """A run, told.

    Attributes:
        title: names the page.
        command: what is typed to have the same run again.
        verdict: in words.
        nodes: their names.
        events: the journal of messages.
        seed: of a run in virtual time.
        changeable: what is typed to have it again with `--what-if` behind it; empty: it cannot be.
        faults: the stretches of time in which they are at work.
        flaws: what went wrong, the most decisive first.
        operations: those of the clients, in the order in which they began.
        logs: what nodes wrote on stderr.
        program: theirs.
        knowledge: theirs, where it was recorded.
        notes: what else is to be said of the run, a sentence each.
    """

    title: str
    command: str
    verdict: str
    nodes: Sequence[str]
    events: Sequence[Event]
    seed: int | None = None
    changeable: str = ""
    faults: Sequence[Band] = ()
    flaws: Sequence[Flaw] = ()
    operations: Sequence[Operation] = ()
    logs: Mapping[str, Sequence[LogLine]] = field(default_factory=dict)
    program: Listing = Listing()
    knowledge: Knowledge = Knowledge()
    notes: Sequence[str] = ()
