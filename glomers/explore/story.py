"""A run with all that is known about it, to be asked what happened: who knew what, and since when.

Everything is told from the history and the journal of messages.  What a node keeps in its memory
stands in neither: a node counts as knowing a value from when a message that carries it reached it.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from glomers.bench.once import Outcome
from glomers.errors import BrokenTest
from glomers.formats.edn import Keyword, Tagged, dumps, equality_key, kw
from glomers.formats.faults import Span, spans_of
from glomers.formats.history import Op, pairs
from glomers.formats.journal import Event
from glomers.formats.names import is_client
from glomers.formats.partitions import cuts_of
from glomers.reading.envelopes import ENVELOPE

Operation = tuple[Op, Op | None]
"""An operation of a client: how it began and how it ended, if it did."""

_ASKED_BY = {"assign": "list_committed_offsets"}
"""The type of the request that a function begins with, where that has another name."""


@dataclass
class Message:
    """A message of the run, and what became of it; times in ns."""

    id: int
    sent_ns: int
    src: str
    dest: str
    body: dict[str, Any]
    end_ns: int | None = None
    lost: bool = False

    @property
    def arrived_ns(self) -> int | None:
        """When it arrived, if it did."""
        return None if self.lost else self.end_ns

    @property
    def kind(self) -> Any:
        """Its type."""
        return self.body.get("type")

    def carries(self, value: Any, key: Any = None) -> bool:
        """Whether `value` is somewhere in the body and, if there is a key, that as well."""
        return _contains(self._parts, value) and self.names(key)

    def names(self, key: Any) -> bool:
        """Whether `key`, if there is one, is somewhere in the body."""
        return key is None or _names(self._parts, key)

    @property
    def _parts(self) -> list[Any]:
        return [part for name, part in self.body.items() if name not in ENVELOPE]

    @cached_property
    def said(self) -> Any:
        """The same for messages that say the same on the same way."""
        said = {name: part for name, part in self.body.items() if name != "msg_id"}
        return self.src, self.dest, equality_key(said)


def _contains(part: Any, value: Any) -> bool:
    if type(part) is type(value) and part == value:
        return True
    if isinstance(part, dict):
        return any(_contains(item, value) for item in part.values())
    return isinstance(part, list) and any(_contains(item, value) for item in part)


def _names(part: Any, key: Any) -> bool:
    """Whether a key is somewhere, as an item or, in JSON always as text, as the key of a map."""
    if isinstance(part, dict):
        return str(key) in part or any(_names(item, key) for item in part.values())
    if isinstance(part, list):
        return any(_names(item, key) for item in part)
    return str(part) == str(key)


@dataclass(frozen=True)
class Again:
    """A message that was delivered a second time; `answer` is that to the first, if there was."""

    first: Message
    second: Message
    answer: Message | None

    @property
    def ids(self) -> list[int]:
        """The ids of all three."""
        return [m.id for m in (self.first, self.answer, self.second) if m is not None]


@dataclass
class Learned:
    """Who learned a value, when (ns) and by which messages."""

    when_ns: dict[str, int]
    path: dict[str, list[Message]] = field(default_factory=dict)


class Story:
    """The run of a test: its operations, and its messages in order of sending."""

    def __init__(self, nodes: Sequence[str], outcome: Outcome, events: Iterable[Event]) -> None:
        self.nodes = nodes
        self.history: Sequence[Op] = outcome.history
        self.results = outcome.results or {}
        self.broken: BrokenTest | None = outcome.broken
        self.operations: list[Operation] = pairs(outcome.history)
        self.messages = _messages(events)

    # Operations and their messages.

    @property
    def workload(self) -> dict[Keyword, Any]:
        """What the workload's checker found."""
        result: dict[Keyword, Any] = self.results.get(kw("workload"), {})
        return result

    def node_of(self, op: Op) -> str:
        """The node that an operation was sent to."""
        return self.nodes[int(op.process) % len(self.nodes)]

    def operation(self, index: int) -> Operation | None:
        """The operation that began or ended at an index of the history."""
        return self._by_index.get(index)

    @cached_property
    def _by_index(self) -> dict[int, Operation]:
        return {op.index: operation for operation in self.operations for op in operation if op}

    def of_record(self, record: Any) -> Operation | None:
        """The operation that a checker names, by a record of its end."""
        fields = record.value if isinstance(record, Tagged) else None
        return self.operation(fields[kw("index")]) if isinstance(fields, dict) else None

    def exchange(self, *operations: Operation | None) -> list[int]:
        """The ids of the requests and replies of operations."""
        return [
            message.id
            for operation in operations
            if operation
            for message in self._exchanges.get(operation[0].index, ())
        ]

    @cached_property
    def _exchanges(self) -> dict[int, list[Message]]:
        """The request and the reply of each operation, by the index of its beginning."""
        requests: dict[Any, deque[Message]] = defaultdict(deque)
        for message in self.messages:
            if is_client(message.src):
                requests[message.sent_ns, message.dest, _name(message.kind)].append(message)
        exchanges = {}
        for began, _ in self.operations:
            asked = _ASKED_BY.get(began.f, began.f)
            waiting = requests.get((began.time_ns, self.node_of(began), asked))
            if waiting:
                request = waiting.popleft()
                answer = self.answer(request)
                exchanges[began.index] = [request, *([answer] if answer else [])]
        return exchanges

    def answer(self, request: Message) -> Message | None:
        """The first reply to a message, if there was any."""
        number = request.body.get("msg_id")
        if type(number) is not int:
            return None
        answers = self._replies.get((request.dest, request.src, number), [])
        return next((m for m in answers if m.sent_ns >= request.sent_ns), None)

    @cached_property
    def _replies(self) -> dict[Any, list[Message]]:
        replies: dict[Any, list[Message]] = defaultdict(list)
        for message in self.messages:
            number = message.body.get("in_reply_to")
            if type(number) is int:
                replies[message.src, message.dest, number].append(message)
        return replies

    # Messages between nodes and services.

    @cached_property
    def between(self) -> list[Message]:
        """Messages between nodes, or between nodes and services."""
        ends = (m for m in self.messages if not is_client(m.src))
        return [m for m in ends if not is_client(m.dest)]

    def learned(self, value: Any, start: str, since_ns: int, key: Any = None) -> Learned:
        """Who came to know `value` (of `key`), which `start` knows from `since_ns` on."""
        learned = Learned({start: since_ns}, {start: []})
        arrived = [m for m in self.between if m.arrived_ns is not None and m.carries(value, key)]
        for message in sorted(arrived, key=lambda m: (m.arrived_ns or 0, m.id)):
            knows_ns = learned.when_ns.get(message.src)
            if message.dest in learned.when_ns or knows_ns is None or knows_ns > message.sent_ns:
                continue
            learned.when_ns[message.dest] = message.arrived_ns or 0
            learned.path[message.dest] = [*learned.path[message.src], message]
        return learned

    def lost_on_the_way(self, value: Any, learned: Learned, key: Any = None) -> list[Message]:
        """The messages with `value` (of `key`) that were lost and would have been news."""
        return [
            m
            for m in self.between
            if m.lost
            and m.dest not in learned.when_ns
            and learned.when_ns.get(m.src, m.sent_ns + 1) <= m.sent_ns
            and m.carries(value, key)
        ]

    def unanswered(self, value: Any, learned: Learned, key: Any = None) -> Message | None:
        """The first request with `value` (of `key`) that arrived and was never answered."""
        requests = (m for m in self.between if m.src in learned.when_ns and "msg_id" in m.body)
        arrived = (m for m in requests if m.arrived_ns is not None and m.carries(value, key))
        return next((m for m in arrived if self.answer(m) is None), None)

    def last_told(self, value: Any, key: Any, dest: str) -> Message | None:
        """The last message with `value` of `key` that reached a node."""
        told = [m for m in self.between if m.dest == dest and m.arrived_ns is not None]
        carrying = [m for m in told if m.carries(value, key)]
        return max(carrying, key=lambda m: (m.arrived_ns or 0, m.id), default=None)

    def delivered_again(self, value: Any) -> Iterator[Again]:
        """Messages between nodes with `value` that arrived twice without need.

        Either the network copied the message, or its sender repeated a request of which it had
        got no answer.
        """
        last: dict[Any, Message] = {}
        for second in self.between:
            if second.arrived_ns is None or not second.carries(value):
                continue
            first = last.get(second.said)
            if first and (again := self._again(first, second)):
                yield again
            last[second.said] = second

    def _again(self, first: Message, second: Message) -> Again | None:
        is_copy = first.sent_ns == second.sent_ns
        if not is_copy and "msg_id" not in first.body:
            return None  # nobody waits for an answer: it is said anew on purpose
        answer = None if is_copy else self.answer(first)
        answered_ns = answer.arrived_ns if answer else None
        if answered_ns is not None and answered_ns <= second.sent_ns:
            return None
        return Again(first, second, answer)

    def lost_from(self, node: str, operation: Operation) -> list[Message]:
        """What `node` sent others while it carried out an operation, and was lost."""
        began, ended = operation
        end_ns = ended.time_ns if ended else self.history[-1].time_ns
        return [
            m
            for m in self.between
            if m.src == node and m.lost and began.time_ns <= m.sent_ns <= end_ns
        ]

    def inquiries(self, operation: Operation, key: Any = None) -> list[Message]:
        """What a node asked others (about `key`) during an operation, and what they answered."""
        node, (began, ended) = self.node_of(operation[0]), operation
        end_ns = ended.time_ns if ended else self.history[-1].time_ns
        asked = [
            m
            for m in self.between
            if m.src == node
            and began.time_ns <= m.sent_ns <= end_ns
            and "msg_id" in m.body
            and m.names(key)
        ]
        answers = [answer for m in asked if (answer := self.answer(m))]
        return [*asked, *(m for m in answers if (m.arrived_ns or end_ns + 1) <= end_ns)]

    # Why.

    def reason(self, message: Message) -> str:
        """Why a message was lost, as the end of a sentence about its sender."""
        src, dest, at_ns = message.src, message.dest, message.end_ns or message.sent_ns
        for cut in cuts_of(self.history):
            if cut.start_ns <= at_ns <= cut.end_ns and cut.separates(src, dest):
                return f"was cut off from {dest}"
        for span in self.faults(dest, at_ns, at_ns):
            if span.fault == "kill":
                return f"sent it to {dest} while that was down"
            if span.fault == "one-way":
                return f"was not heard by {dest}"
        return f"its {message.kind!r} to {dest} was lost on the way"

    def faults(self, node: str, since_ns: int, until_ns: int) -> list[Span]:
        """The faults of a node that were at work in a stretch of time."""
        spans = [s for s in self._spans if s.start_ns <= until_ns and s.end_ns >= since_ns]
        return [span for span in spans if _hits(span, node)]

    @cached_property
    def _spans(self) -> list[Span]:
        return spans_of(self.history)

    def killed_since(self, node: str, since_ns: int) -> bool:
        """Whether a node was killed from a moment on."""
        kills = (span for span in self._spans if span.fault == "kill" and _hits(span, node))
        return any(span.start_ns >= since_ns for span in kills)


def _hits(span: Span, node: str) -> bool:
    """Whether a fault is one of a single node, and that one's, or a node is deaf by it."""
    hit = span.effect[1] if isinstance(span.effect, list) else None
    return hit == node or (span.fault == "one-way" and isinstance(hit, dict) and node in hit)


def _messages(events: Iterable[Event]) -> list[Message]:
    messages: dict[int, Message] = {}
    for event in events:
        if event.kind == "send":
            message = event.message or {}
            messages[event.id] = Message(
                event.id, event.time_ns, message["src"], message["dest"], message["body"]
            )
        else:
            messages[event.id].end_ns = event.time_ns
            messages[event.id].lost = event.kind == "drop"
    return list(messages.values())


def _name(kind: Any) -> str:
    return kind if isinstance(kind, str) else ""


# Words


def shown(value: Any, most: int = 80) -> str:
    """A value in a sentence."""
    text = "nothing" if value is None else dumps(value)
    return text if len(text) <= most else text[: most - 1] + "…"


def listed(items: Iterable[str]) -> str:
    """Words in a row: one, two and three."""
    words = [*items]
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal as the checkers see it."""
    return bool(equality_key(one) == equality_key(other))
