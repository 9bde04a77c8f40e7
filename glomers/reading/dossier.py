"""What a run left, to be read: its results, operations, messages, logs, and the node's program."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

from glomers.formats.edn import Keyword, Tagged, kw
from glomers.formats.faults import spans_of
from glomers.formats.history import Op, pairs
from glomers.formats.journal import Event
from glomers.formats.partitions import Cut, cuts_of
from glomers.reading.envelopes import Message, messages_of
from glomers.reading.source import Source

EVENTS_READ = 20_000
"""So many events of a journal are looked at in any case; of a certain value all of them."""

Events = Callable[[str | None], Iterable[Event]]
"""The events of the journal in order; with a JSON value, those of messages that have it may do."""

Line = tuple[str, int]
"""A file and a line in it."""


@dataclass(frozen=True)
class Broken:
    """Why a test could not go on: the sentence, the node, and the line of its program."""

    sentence: str
    node: str | None = None
    line: Line | None = None


@dataclass
class Dossier:
    """A run with all that is known about it.

    Attributes:
        workload: its name.
        nodes: the names of the nodes.
        results: the checkers' results; None of a broken test.
        history: the operations.
        events: gives the events of the journal.
        logs: what each node wrote on stderr, or the beginning of it.
        logs_are_whole: whether it is all.
        notes: what the bench noted while it ran.
        program: the node's program, where it is a file that can be read.
        handlers: where the handlers of messages begin, by type, where somebody knows.
        waiting: types of messages that were still being handled in the end, and where that waits.
        broken: why a test could not go on.
        shared: what several parts of the findings need, by a name, made once.
    """

    workload: str
    nodes: Sequence[str]
    results: Mapping[Keyword, Any] | None
    history: Sequence[Op]
    events: Events = lambda text: ()
    logs: Mapping[str, str] = field(default_factory=dict)
    logs_are_whole: bool = True
    notes: Sequence[str] = ()
    program: Path | None = None
    handlers: Mapping[str, Line] = field(default_factory=dict)
    waiting: Mapping[str, Line | None] = field(default_factory=dict)
    broken: Broken | None = None
    shared: dict[str, Any] = field(default_factory=dict)
    messages_are_whole: bool = field(default=True, init=False)
    """Whether `messages` are all that there are."""

    @cached_property
    def operations(self) -> list[tuple[Op, Op | None]]:
        """Clients' operations, each with its end."""
        return pairs(self.history)

    @cached_property
    def messages(self) -> list[Message]:
        """The first messages of the run."""
        events = list(islice(self.events(None), EVENTS_READ))
        self.messages_are_whole = len(events) < EVENTS_READ
        return messages_of(events)

    def messages_with(self, value: Any) -> list[Message]:
        """All messages that carry `value`."""
        text = json.dumps(value, ensure_ascii=False) if type(value) in (int, str) else None
        return [message for message in messages_of(self.events(text)) if message.carries(value)]

    @cached_property
    def source(self) -> Source:
        """The node's program."""
        return Source(self.program, self.handlers)

    @cached_property
    def cuts(self) -> list[Cut]:
        """The partitions."""
        return cuts_of(self.history)

    @cached_property
    def kills(self) -> list[tuple[str, int, int]]:
        """Which node was down from when to when, in ns."""
        return [
            (span.effect[1], span.start_ns, span.end_ns)
            for span in spans_of(self.history)
            if span.fault == "kill" and isinstance(span.effect, list)
        ]

    def node_of(self, op: Op) -> str:
        """The node that an operation went to."""
        return self.nodes[int(op.process) % len(self.nodes)] if self.nodes else "a node"

    @cached_property
    def _by_index(self) -> dict[int, tuple[Op, Op | None]]:
        return {op.index: pair for pair in self.operations for op in pair if op is not None}

    def op(self, record: Any) -> Op | None:
        """The operation that results show as a record."""
        fields = record.value if isinstance(record, Tagged) else record
        index = fields.get(kw("index")) if isinstance(fields, Mapping) else None
        pair = self._by_index.get(index) if type(index) is int else None
        return next((op for op in pair or () if op is not None and op.index == index), None)

    def exchange_of(self, op: Op) -> tuple[int, ...]:
        """The ids of the request and the reply of the operation that `op` begins or ends."""
        pair = self._by_index.get(op.index)
        return self.exchange(*pair) if pair else ()

    def exchange(self, began: Op, ended: Op | None) -> tuple[int, ...]:
        """The ids of the request and the reply of an operation, as far as they are known."""
        node = self.node_of(began)
        request = self._by_time.get((began.time_ns, node), ())
        reply = self._by_time.get((node, ended.time_ns), ()) if ended else ()
        return (*request[:1], *reply[-1:])

    @cached_property
    def _by_time(self) -> dict[tuple[Any, Any], list[int]]:
        """The ids of messages, by time of sending and addressee, and by sender and time of end."""
        found: dict[tuple[Any, Any], list[int]] = {}
        for message in self.messages:
            found.setdefault((message.sent_ns, message.dest), []).append(message.id)
            found.setdefault((message.src, message.end_ns), []).append(message.id)
        return found

    def part(self, name: str) -> Mapping[Keyword, Any]:
        """A checker's result; empty when there is none."""
        part = (self.results or {}).get(kw(name))
        return part if isinstance(part, Mapping) else {}
