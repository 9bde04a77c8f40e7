"""Counters in words: what was added, reads that show another sum, and what makes the difference."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from glomers.formats.edn import kw
from glomers.formats.history import Op
from glomers.reading import losses
from glomers.reading.dossier import Dossier
from glomers.reading.envelopes import Envelope
from glomers.reading.finding import Finding, Kind
from glomers.reading.repeats import repeats
from glomers.reading.wording import at, in_order, listed, said

_SOURCES = 2
"""So many messages are named from which a node knows what it counts again."""
_FEW = 12
"""Of so many additions, the one that makes up for a difference is likely the one in question."""


def violations(dossier: Dossier) -> Iterator[Finding]:
    """Final reads that no sum of the additions explains."""
    wrong = _wrong_reads(dossier)
    if not wrong:
        return
    began, ended = wrong[0]
    added = ", ".join(
        f"{sum(a.value for a in own)} at {node}" for node, own in _added(dossier).items()
    )
    others = f"; {len(wrong)} final reads are wrong" if len(wrong) > 1 else ""
    sentence = (
        f"{dossier.node_of(began)} answered {said(ended.value)} in the end, {at(ended.time_ns)}, "
        f"and right is {_right(_acceptable(dossier))}: acknowledged were additions of "
        f"{added or 'nothing'}{others}."
    )
    yield Finding(Kind.PROMISE, sentence, None, (), dossier.exchange(began))


def _wrong_reads(dossier: Dossier) -> list[tuple[Op, Op]]:
    ops = map(dossier.op, dossier.part("workload").get(kw("errors")) or ())
    wrong = {op.index for op in ops if op is not None}
    return [(b, e) for b, e in dossier.operations if e is not None and e.index in wrong]


def _acceptable(dossier: Dossier) -> tuple[int, int] | None:
    """The least and the greatest sum that are right, where the checker says so."""
    ranges = dossier.part("workload").get(kw("acceptable"))
    return (ranges[0][0], ranges[-1][1]) if ranges else None


def _right(acceptable: tuple[int, int] | None) -> str:
    if acceptable is None:
        return "another sum"
    low, high = acceptable
    return str(low) if low == high else f"between {low} and {high}"


def _added(dossier: Dossier) -> dict[str, list[Op]]:
    """The additions that were acknowledged, by node."""
    by_node: dict[str, list[Op]] = {}
    for began, ended in dossier.operations:
        if began.f == "add" and ended is not None and ended.type == "ok":
            by_node.setdefault(dossier.node_of(began), []).append(began)
    return {node: by_node[node] for node in in_order(by_node)}


@dataclass(frozen=True)
class _Wrong:
    """A read that gives no sum: the node, by how much it is off, and the additions."""

    dossier: Dossier
    began: Op
    ended: Op
    off_by: int | None
    added: dict[str, list[Op]]

    @property
    def node(self) -> str:
        """The node that answered."""
        return self.dossier.node_of(self.began)

    @property
    def adds(self) -> list[Op]:
        """The additions of more than nothing, in order."""
        adds = [add for own in self.added.values() for add in own if add.value]
        return sorted(adds, key=lambda add: add.index)


@dataclass(frozen=True)
class _Part:
    """A part of the difference: its size, the rest of a sentence on it, and the messages."""

    size: Any
    words: str
    messages: tuple[int, ...]


def lost_on_the_way(dossier: Dossier) -> Iterator[Finding]:
    """What makes the difference in the first wrong read: what counts twice, or never came."""
    wrong = _wrong_reads(dossier)
    if not wrong or not dossier.messages or not dossier.messages_are_whole:
        return
    began, ended = wrong[0]
    acceptable = _acceptable(dossier)
    off_by = None
    if acceptable is not None and type(ended.value) is int:
        low, high = acceptable
        off_by = ended.value - (high if ended.value > high else low)
    case = _Wrong(dossier, began, ended, off_by, _added(dossier))
    looks: list[Callable[[_Wrong], list[_Part]]] = [
        _overwritten,
        _twice,
        _lost,
        _swollen,
        _stored,
        _silent,
        _as_if,
    ]
    parts = next((parts for look in looks if (parts := look(case))), [])
    if parts:
        ids = tuple(number for part in parts for number in part.messages)
        yield Finding(Kind.LOSS, f"{'; '.join(part.words for part in parts)}.", None, (), ids)


def _fitting(parts: list[_Part], size: int | None) -> list[_Part]:
    """The parts that make up for all of a difference: all of them, or the only one that does."""
    if size is not None and sum(part.size for part in parts) == size:
        return parts
    fitting = [part for part in parts if part.size == size]
    return fitting if len(fitting) == 1 else []


def _overwritten(case: _Wrong) -> list[_Part]:
    """The first count of which a node tells less than it knew, and the message that brought that.

    What a node knows shows in what it has told before, and in what was added at it.
    """
    if (case.off_by or 0) >= 0 or any(add.value < 0 for add in case.adds):
        return []
    acknowledged = _acknowledged(case)
    told: dict[tuple[str, str], tuple[int, int]] = {}
    for message in case.dossier.between:
        for key, count in _counts_in(message):
            own = acknowledged.get(key, []) if key == message.src else []
            known = told.get((message.src, key), (0, 0))
            known = max([known, *(each for each in own if each[1] <= message.sent_ns)])
            if count >= known[0]:
                told[message.src, key] = known if count == known[0] else (count, message.sent_ns)
            elif source := _source_of(case, message, key, known):
                return [_Part(case.off_by, *_replaced(message, source, key, known))]
    return []


def _acknowledged(case: _Wrong) -> dict[str, list[tuple[int, int]]]:
    """What had been added at each node, and since when that was acknowledged."""
    ended_ns = {b.index: e.time_ns for b, e in case.dossier.operations if e is not None}
    found = {}
    for node, own in case.added.items():
        by_end = sorted((ended_ns[add.index], int(add.value)) for add in own)
        sums = accumulate(value for _, value in by_end)
        found[node] = [(total, time_ns) for total, (time_ns, _) in zip(sums, by_end, strict=True)]
    return found


def _source_of(
    case: _Wrong, message: Envelope, key: str, known: tuple[int, int]
) -> Envelope | None:
    """The last message that had told the sender less of a key than it knew, since it knew that."""
    most, since_ns = known
    fitting = [
        other
        for other in case.dossier.between
        if other.dest == message.src
        and other.arrived_ns is not None
        and since_ns <= other.arrived_ns <= message.sent_ns
        and dict(_counts_in(other)).get(key, most) < most
    ]
    return max(fitting, key=lambda other: other.arrived_ns or 0, default=None)


def _replaced(
    message: Envelope, source: Envelope, key: str, known: tuple[int, int]
) -> tuple[str, tuple[int, ...]]:
    """What to say of a count that became smaller, and the ids of the messages."""
    smaller = dict(_counts_in(source))[key]
    words = (
        f"{message.src} knew {known[0]} of {said(key)} {at(known[1])}, and tells "
        f"{dict(_counts_in(message))[key]} {at(message.sent_ns)}: in between, "
        f"{at(source.arrived_ns)}, {source.src}'s `{source.type}` came with {smaller}, and a "
        "smaller count replaced a larger one"
    )
    return words, (source.id, message.id)


def _twice(case: _Wrong) -> list[_Part]:
    """Additions that the node was told of twice."""
    found = []
    for delta in dict.fromkeys(add.value for add in case.adds):
        for repeat in repeats(case.dossier, case.dossier.carrying(delta)):
            before = [
                add
                for add in case.adds
                if add.value == delta and add.time_ns <= repeat.first.sent_ns
            ]
            if repeat.second.dest == case.node and before:
                ids = (*case.dossier.exchange(before[-1]), *repeat.ids)
                found.append(_Part(delta, f"{delta} counts twice: {repeat}", ids))
    return _fitting(found, case.off_by)


def _lost(case: _Wrong) -> list[_Part]:
    """Additions of which the message that tells the node was lost, and none arrived."""
    found = []
    for add in case.adds:
        carrying = case.dossier.carrying(add.value)
        known = losses.learned(carrying, case.dossier.node_of(add), add.time_ns)
        lost = losses.lost_news(carrying, known)
        if lost and case.node not in known.when_ns:
            ids = (*case.dossier.exchange(add), *(message.id for message in lost))
            words = f"{lost[0].src} {losses.why_lost(case.dossier, lost[0])}"
            found.append(_Part(-add.value, words, ids))
    return _fitting(found, case.off_by)


def _swollen(case: _Wrong) -> list[_Part]:
    """The first message that tells more of a node's additions than there were."""
    if (case.off_by or 0) <= 0:
        return []
    heard: dict[tuple[str, str], list[Envelope]] = {}
    for message in case.dossier.between:
        for key, count in _counts_in(message):
            limit = _added_by(case, key, message.sent_ns)
            if limit is None:
                continue
            if count > limit:
                told = heard.get((message.src, key), [])
                before = [m for m in told if (m.arrived_ns or 0) <= message.sent_ns]
                return [_Part(case.off_by, *_too_much(message, key, count, limit, before))]
            if message.arrived_ns is not None:
                heard.setdefault((message.dest, key), []).append(message)
    return []


def _too_much(
    message: Envelope, key: str, count: int, limit: int, before: list[Envelope]
) -> tuple[str, tuple[int, ...]]:
    """What to say of a message with a count that is too large, and the ids of what led to it."""
    src, few = message.src, before[-_SOURCES:]
    told = [f"{dict(_counts_in(m))[key]} by {m.src} {at(m.arrived_ns)}" for m in few]
    why = f"; before that {src} had been told {listed(told)}, and counted it again" if told else ""
    words = (
        f"{src}'s `{message.type}` to {message.dest} {at(message.sent_ns)} is the first to carry "
        f"too much: {count} for {said(key)}, where {limit} had been added{why}"
    )
    return words, (*(m.id for m in few), message.id)


def _counts_in(message: Envelope) -> Iterator[tuple[str, int]]:
    """The whole numbers in the maps that a message carries, by their keys."""
    for part in message.body.values():
        for key, count in part.items() if isinstance(part, Mapping) else ():
            if type(count) is int:
                yield str(key), count


def _added_by(case: _Wrong, key: str, until_ns: int) -> int | None:
    """What had been added at the node that a key begins with; None: it begins with no node's name.

    A key may name a life of the node as well.
    """
    node = re.split(r"[^\w]", key, maxsplit=1)[0]
    if node not in case.dossier.nodes:
        return None
    asked = (b for b, _ in case.dossier.operations if b.f == "add" and b.time_ns <= until_ns)
    return sum(int(b.value) for b in asked if case.dossier.node_of(b) == node)


def _stored(case: _Wrong) -> list[_Part]:
    """What the node was told by a service, where nodes do not talk to each other."""
    nodes = frozenset(case.dossier.nodes)
    if any(m.src in nodes and m.dest in nodes for m in case.dossier.between):
        return []
    asked = losses.inquiries(case.dossier, case.began, case.ended)
    told = next((m for m in reversed(asked) if m.dest == case.node), None)
    if told is None:
        return []
    ids = (*case.dossier.exchange(*case.adds), *(message.id for message in asked))
    value = said(told.body.get("text" if told.type == "error" else "value"))
    words = f"{told.src} had answered {case.node} with {value} {at(told.arrived_ns)}"
    return [_Part(case.off_by, words, ids)]


def _silent(case: _Wrong) -> list[_Part]:
    """Nodes with additions that the node did not hear of in time."""
    reasons: dict[str, list[str]] = {}
    messages: dict[str, list[int]] = {}
    for node, own in case.added.items():
        if node == case.node or not any(add.value for add in own):
            continue
        times = own[0].time_ns, case.ended.time_ns
        why, ids = losses.silence(case.dossier, node, case.node, *times)
        reasons.setdefault(why, []).append(node)
        messages.setdefault(why, []).extend((*case.dossier.exchange(*own), *ids))
    return [
        _Part(None, f"{listed(nodes)} {why}", tuple(messages[why]))
        for why, nodes in reasons.items()
        if why
    ]


def _as_if(case: _Wrong) -> list[_Part]:
    """Of few additions the last that makes up for the difference, whatever became of it."""
    for add in reversed(case.adds if len(case.adds) <= _FEW else []):
        seems = {-add.value: "be missing", add.value: "count twice"}.get(case.off_by or 0)
        if seems:
            several = sum(other.value == add.value for other in case.adds) > 1
            whose = f"{case.dossier.node_of(add)}'s addition of {add.value} {at(add.time_ns)}"
            words = f"{whose}{', or another one,' if several else ''} seems to {seems}"
            return [_Part(case.off_by, words, case.dossier.exchange(add))]
    return []
