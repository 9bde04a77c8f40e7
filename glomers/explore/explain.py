"""A failure in a sentence: who knew what, who was to be told, and what became of the telling."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from glomers.bench.checkers import Result
from glomers.explore.judge import ALONE, BROKEN, DIVERGED
from glomers.formats import replicas
from glomers.formats.acknowledged import final_reads
from glomers.formats.edn import dumps, kw
from glomers.formats.faults import spans_of
from glomers.formats.history import Op, pairs
from glomers.formats.journal import Event
from glomers.formats.partitions import cuts_of

_ENVELOPE = frozenset({"msg_id", "in_reply_to", "type"})
_QUOTE_CHARACTERS = 240


@dataclass(slots=True)
class Message:
    """A message of the run, and what became of it; times in ns."""

    id: int
    sent_ns: int
    src: str
    dest: str
    body: dict[str, Any]
    end_ns: int | None = None
    lost: bool = False

    def carries(self, value: Any) -> bool:
        """Whether `value` is somewhere in the body."""
        return any(
            _contains(part, value) for name, part in self.body.items() if name not in _ENVELOPE
        )


def _contains(part: Any, value: Any) -> bool:
    if isinstance(part, dict):
        return any(_contains(item, value) for item in part.values())
    if isinstance(part, list):
        return any(_contains(item, value) for item in part)
    return type(part) is type(value) and bool(part == value)


@dataclass(frozen=True)
class Explanation:
    """A sentence, and the ids of the messages that decided."""

    sentence: str
    decisive: list[int] = field(default_factory=list)


class Story:
    """A run with all that is known about it, to be asked what happened."""

    def __init__(
        self,
        nodes: Sequence[str],
        results: Result | None,
        history: Sequence[Op],
        events: Iterable[Event],
        broken: str | None = None,
    ) -> None:
        self.nodes = nodes
        self.results = results
        self.history = history
        self.broken = broken
        self.messages = _messages(events)
        self._cuts = cuts_of(history)
        self._kills = _kills(history)

    def explain(self, anomaly: str) -> Explanation:
        """Say how the anomaly came about, or at least what it is."""
        if self.results is None or anomaly == BROKEN:
            return Explanation(self.broken or "The test broke.")
        workload = self.results[kw("workload")]
        found = None
        if anomaly == "lost":
            found = self._lost(workload[kw("lost")][0])
        elif anomaly == "errors" and workload.get(kw("acceptable")):
            found = self._wrong_sum(workload)
        elif anomaly in (DIVERGED, ALONE):
            found = self._diverged()
        return found or self._quoted(anomaly, workload)

    # An element of a set that is missing.

    def _lost(self, value: Any) -> Explanation | None:
        operations = pairs(self.history)
        adds = [(b, e) for b, e in operations if b.f != "read" and b.value == value]
        missing = [
            (began, ended)
            for began, ended in operations
            if began.f == "read" and ended and ended.type == "ok" and value not in ended.value
        ]
        if not adds or not missing:
            return None
        (added, acknowledged), (began, ended) = adds[0], missing[-1]
        knows, lacks = self._node_of(added), self._node_of(began)
        decisive = [*self._exchange(added, acknowledged), *self._exchange(began, ended)]
        did = "acknowledged" if acknowledged and acknowledged.type == "ok" else "was given"
        text, told = self._fate(f"{knows} {did} {value}", value, knows, lacks, added.time_ns)
        return Explanation(text, sorted({*decisive, *told}))

    def _fate(
        self, begin: str, value: Any, knows: str, lacks: str, since_ns: int
    ) -> tuple[str, list[int]]:
        """How `value` went from one node to another, or did not; and the messages with it."""
        if knows == lacks:
            forgot = self._killed_since(knows, since_ns)
            end = "was killed and forgot it" if forgot else "yet a later read does not show it"
            return f"{begin}, {end}.", []
        told = self._told(value, lacks, since_ns)
        ids = [message.id for message in told]
        arrived = [m for m in told if m.end_ns is not None and not m.lost]
        lost = [m for m in told if m.lost]
        if arrived:
            forgot = self._killed_since(lacks, arrived[0].end_ns or 0)
            end = "was then killed and forgot it" if forgot else "yet its last read lacks it"
            return f"{begin}, {lacks} was told {_at(arrived[0].end_ns)}, {end}.", ids
        if lost:
            count = len(lost)
            end = "never sent it again" if count == 1 else f"sent it {count} times, all in vain"
            return f"{begin}, {self._reason(lost[0])}, and {end}.", ids
        if self._killed_since(knows, since_ns):
            return f"{begin}, and was killed before anybody told {lacks}.", ids
        return f"{begin}, and nobody ever sent it to {lacks}.", ids

    def _told(self, value: Any, dest: str, since_ns: int) -> list[Message]:
        """The messages of nodes to `dest` that carry `value`."""
        return [
            m
            for m in self.messages
            if m.dest == dest and m.src in self.nodes and m.sent_ns >= since_ns and m.carries(value)
        ]

    def _reason(self, message: Message) -> str:
        """Why a message was lost, as the end of a sentence about its sender."""
        at_ns = message.end_ns or message.sent_ns
        for cut in self._cuts:
            if cut.start_ns <= at_ns <= cut.end_ns and cut.separates(message.src, message.dest):
                return f"was cut off from {message.dest}"
        for node, start_ns, end_ns in self._kills:
            if node == message.dest and start_ns <= at_ns <= end_ns:
                return f"sent it to {message.dest} while that was down"
        return f"its {message.body.get('type')!r} to {message.dest} was lost on the way"

    # Sums that do not add up.

    def _wrong_sum(self, workload: Result) -> Explanation | None:
        operations = pairs(self.history)
        errors = workload.get(kw("errors")) or ()
        wrong = {tagged.value[kw("index")] for tagged in errors}
        reads = [(b, e) for b, e in operations if e and e.index in wrong]
        if not reads:
            return None
        began, ended = reads[-1]
        assert ended is not None
        lacks = self._node_of(began)
        adds = [(b, e) for b, e in operations if b.f == "add" and e and e.type == "ok"]
        by_node: dict[str, int] = {}
        for added, _ in adds:
            by_node[self._node_of(added)] = by_node.get(self._node_of(added), 0) + added.value
        listed = ", ".join(f"{total} at {node}" for node, total in by_node.items()) or "nothing"
        low, high = workload[kw("acceptable")][0][0], workload[kw("acceptable")][-1][1]
        right = str(low) if low == high else f"between {low} and {high}"
        text = (
            f"{lacks} answered {ended.value} in the end, and right is {right}: added were {listed}"
        )
        decisive = [i for pair in [*adds, (began, ended)] for i in self._exchange(*pair)]
        for other in by_node:
            if other != lacks:
                why, last = self._silence(other, lacks, adds[0][0].time_ns, ended.time_ns)
                text += why
                decisive += last
        return Explanation(f"{text}.", sorted(set(decisive)))

    def _silence(self, src: str, dest: str, since_ns: int, until_ns: int) -> tuple[str, list[int]]:
        """Why `dest` may not have heard from `src` in a stretch of time, and the last message."""
        between = [m for m in self.messages if (m.src, m.dest) == (src, dest)]
        if not between:
            return f"; {src} never told {dest} anything", []
        last = between[-1]
        arrived = [m.end_ns for m in between if m.end_ns is not None and not m.lost]
        if any(since_ns <= end_ns <= until_ns for end_ns in arrived):
            return "", [last.id]
        if last.lost:
            return f"; {src} {self._reason(last)}", [last.id]
        if last.end_ns is None or last.end_ns > until_ns:
            return f"; what {src} told {dest} came too late", [last.id]
        return f"; {src} never told {dest} afterwards", [last.id]

    # Replicas that disagree.

    def _diverged(self) -> Explanation | None:
        found = replicas.convergence(self.history, self.nodes)
        if found is None or found.is_reached:
            return None
        told = None
        if not found.silent:
            of_txns = any(op.f == "txn" for op in self.history)
            told = self._differing_key(found) if of_txns else self._differing_element(found)
        return told or Explanation(f"In the end {found}.", self._final_exchanges())

    def _differing_element(self, found: replicas.Convergence) -> Explanation | None:
        """What became of the first element that some node does not show."""
        if replicas.SUM in found.finals:
            return None
        lacked = (key for key, row in found.finals.items() if not all(row.values()))
        return self._lost(next(lacked, None))

    def _final_exchanges(self) -> list[int]:
        ends = final_reads(self.history)
        return sorted({i for began, ended in ends for i in self._exchange(began, ended)})

    def _differing_key(self, found: replicas.Convergence) -> Explanation | None:
        """What nodes hold at the first key on which they differ, and why they have not more."""
        txns = replicas.transactions_of(self.history, self.nodes)
        finals, keys = found.finals, found.disagreements
        if not keys:
            return None
        key, row = keys[0], finals[keys[0]]
        held = ", ".join(
            f"{node} holds {'nothing' if value is None else value}" for node, value in row.items()
        )
        writers = {
            value: txn for txn in txns for f, k, value in txn.value or () if f == "w" and k == key
        }
        text, decisive = f"For key {key} in the end {held}", []
        for node, value in row.items():
            txn = writers.get(value)
            for other in row:
                if txn and node == txn.node and row[other] != value:
                    begin = f"{node} wrote {value}"
                    since_ns = round(txn.start_s * 1e9)
                    fate, told = self._fate(begin, value, node, other, since_ns)
                    text += f"; {fate.removesuffix('.')}"
                    decisive += told
        for began, ended in pairs(self.history):
            if any(micro_op[1] == key for micro_op in began.value or ()):
                decisive += self._exchange(began, ended)
        return Explanation(f"{text}.", sorted(set(decisive)))

    # Anything else.

    def _quoted(self, anomaly: str, workload: Result) -> Explanation:
        """What the checker says, and the messages of the operations it names."""
        cases = workload.get(kw("anomalies"), {}).get(kw(anomaly)) or workload.get(kw(anomaly))
        case = cases[kw("errs")][0] if isinstance(cases, dict) and cases.get(kw("errs")) else None
        if case is None:
            case = cases[0] if isinstance(cases, list | tuple) and cases else cases
        words = case.get(kw("words")) if isinstance(case, dict) else None
        quoted = words if isinstance(words, str) else dumps(words or case) if case else ""
        if len(quoted) > _QUOTE_CHARACTERS:
            quoted = quoted[: _QUOTE_CHARACTERS - 1] + "…"
        text = f"The run shows {anomaly}" + (f": {quoted}" if quoted else "")
        decisive = [i for pair in pairs(self.history) for i in self._exchange(*pair)]
        return Explanation(f"{text}.", sorted(set(decisive)) if len(decisive) <= 20 else [])

    # What everybody asks.

    def _node_of(self, op: Op) -> str:
        return self.nodes[int(op.process) % len(self.nodes)]

    def _exchange(self, began: Op, ended: Op | None) -> list[int]:
        """The ids of the request and the reply of an operation."""
        node = self._node_of(began)
        request = [m for m in self.messages if m.sent_ns == began.time_ns and m.dest == node]
        reply = [m for m in self.messages if ended and m.end_ns == ended.time_ns and m.src == node]
        return [m.id for m in [*request[:1], *reply[-1:]]]

    def _killed_since(self, node: str, since_ns: int) -> bool:
        return any(name == node and start_ns >= since_ns for name, start_ns, _ in self._kills)


def _at(time_ns: int | None) -> str:
    return f"at {(time_ns or 0) / 1e9:.3f} s"


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


def _kills(history: Sequence[Op]) -> list[tuple[str, int, int]]:
    """Which node was down from when to when."""
    return [
        (span.effect[1], span.start_ns, span.end_ns)
        for span in spans_of(history)
        if span.fault == "kill" and isinstance(span.effect, list)
    ]
