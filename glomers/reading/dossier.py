"""What a run left, to be read: its results, operations, messages, logs, and the node's program."""

from __future__ import annotations

import json
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

from glomers.formats.edn import Keyword, Tagged, kw
from glomers.formats.history import Op, pairs
from glomers.formats.journal import Event
from glomers.formats.names import is_client
from glomers.reading.envelopes import Envelope, messages_of
from glomers.reading.faults import Span, spans_of
from glomers.reading.partitions import Cut, cuts_of
from glomers.reading.source import Source

LOG_BYTES = 2 << 20
"""So much of all logs of nodes together is looked at."""
EVENTS_READ = 20_000
"""So many events of a journal are looked at in any case; of a certain value all of them."""

Events = Callable[[str | None], Iterable[Event]]
"""The events of the journal in order; with a JSON value, those of messages that have it may do."""

Line = tuple[str, int]
"""A file and a line in it."""

_ASKED_BY = {"assign": "list_committed_offsets"}
"""The type of the request that a function begins with, where that has another name."""


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
    def messages(self) -> list[Envelope]:
        """The first messages of the run."""
        events = list(islice(self.events(None), EVENTS_READ))
        self.messages_are_whole = len(events) < EVENTS_READ
        return messages_of(events)

    def messages_with(self, value: Any) -> list[Envelope]:
        """All messages that carry `value`."""
        text = json.dumps(value, ensure_ascii=False) if type(value) in (int, str) else None
        return [message for message in messages_of(self.events(text)) if message.carries(value)]

    @cached_property
    def between(self) -> list[Envelope]:
        """The first messages between nodes, or between nodes and services."""
        return [m for m in self.messages if not (is_client(m.src) or is_client(m.dest))]

    def carrying(self, value: Any, key: Any = None) -> list[Envelope]:
        """All messages between nodes, or nodes and services, that carry `value` (of `key`)."""
        if self.between and self.messages_are_whole:
            return [m for m in self.between if m.carries(value, key)]
        found = [m for m in self.messages_with(value) if m.names(key)]
        return [m for m in found if not (is_client(m.src) or is_client(m.dest))]

    @cached_property
    def source(self) -> Source:
        """The node's program."""
        return Source(self.program, self.handlers)

    @cached_property
    def cuts(self) -> list[Cut]:
        """The partitions."""
        return cuts_of(self.history)

    @cached_property
    def spans(self) -> list[Span]:
        """The faults."""
        return spans_of(self.history)

    def faults_of(self, node: str, fault: str) -> Iterator[Span]:
        """The faults of one kind that hit a node."""
        return (span for span in self.spans if span.fault == fault and _hits(span, node))

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

    def exchange(self, *ops: Op | None) -> tuple[int, ...]:
        """The ids of the requests and replies, as far as known, of what `ops` begin or end."""
        pairs = (self._by_index.get(op.index) for op in ops if op is not None)
        found = dict.fromkeys(pair[0].index for pair in pairs if pair)
        return tuple(number for index in found for number in self._exchanges.get(index, ()))

    @cached_property
    def _exchanges(self) -> dict[int, list[int]]:
        """The ids of the request and the reply of each operation, by the index of its beginning."""
        requests: dict[Any, deque[Envelope]] = defaultdict(deque)
        for message in self.messages:
            if is_client(message.src):
                requests[message.sent_ns, message.dest, message.type].append(message)
        exchanges = {}
        for began, _ in self.operations:
            asked = began.time_ns, self.node_of(began), _ASKED_BY.get(began.f, began.f)
            if waiting := requests.get(asked):
                request = waiting.popleft()
                reply = self.reply(request)
                exchanges[began.index] = [request.id, *([reply.id] if reply else [])]
        return exchanges

    def reply(self, request: Envelope) -> Envelope | None:
        """The first reply to a message, if there was any."""
        number = request.body.get("msg_id")
        if type(number) is not int:
            return None
        replies = self._replies.get((request.dest, request.src, number), ())
        return next((m for m in replies if m.sent_ns >= request.sent_ns), None)

    @cached_property
    def _replies(self) -> dict[Any, list[Envelope]]:
        replies: dict[Any, list[Envelope]] = defaultdict(list)
        for message in self.messages:
            number = message.body.get("in_reply_to")
            if type(number) is int:
                replies[message.src, message.dest, number].append(message)
        return replies

    def part(self, name: str) -> Mapping[Keyword, Any]:
        """A checker's result; empty when there is none."""
        part = (self.results or {}).get(kw(name))
        return part if isinstance(part, Mapping) else {}


def _hits(span: Span, node: str) -> bool:
    """Whether a fault is that node's, or makes it deaf."""
    hit = span.effect[1] if isinstance(span.effect, list) else None
    return hit == node or (span.fault == "one-way" and isinstance(hit, dict) and node in hit)
