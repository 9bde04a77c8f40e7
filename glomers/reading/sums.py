"""Counters in words: what was added, reads that show another sum, and what makes the difference."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from glomers.formats.edn import kw
from glomers.formats.history import Op
from glomers.reading import losses
from glomers.reading.dossier import Dossier
from glomers.reading.finding import Finding, Kind
from glomers.reading.repeats import repeats
from glomers.reading.wording import at, in_order, listed, said


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
    looks: list[Callable[[_Wrong], list[_Part]]] = [_twice, _lost, _stored, _silent, _as_if]
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
    """An addition that makes up for the difference, whatever became of it in the node."""
    for size, verdict in ((-(case.off_by or 0), "were missing"), (case.off_by, "counted twice")):
        fitting = [add for add in case.adds if add.value == size]
        for add in fitting[-1:]:
            whose = f"that {case.dossier.node_of(add)} took {at(add.time_ns)}"
            words = f"it is as if the {add.value} {whose} {verdict}"
            if len(fitting) > 1:
                words = (
                    f"it is as if an addition of {add.value}, such as the one {whose}, {verdict}"
                )
            return [_Part(size, words, case.dossier.exchange(add))]
    return []
