"""Why a counter's sum is wrong: an addition is missing in it, or counts twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from glomers.explore.causes.cause import Explanation, explained, told_again
from glomers.explore.story import Message, Operation, Story, shown
from glomers.formats.edn import kw
from glomers.formats.history import Op
from glomers.reading.wording import at


@dataclass(frozen=True)
class _Wrong:
    """A read that gives no sum: by how much it is off, and the additions before it."""

    story: Story
    read: Operation
    answer: Op
    off_by: int
    adds: list[Operation]

    @property
    def lacks(self) -> str:
        """The node that answered."""
        return self.story.node_of(self.answer)

    def nodes(self) -> dict[str, list[Operation]]:
        """The additions by the node that was asked for them."""
        by_node: dict[str, list[Operation]] = {}
        for add in self.adds:
            by_node.setdefault(self.story.node_of(add[0]), []).append(add)
        return by_node


@dataclass(frozen=True)
class _Part:
    """The end of a sentence, and the messages that it speaks of."""

    words: str
    ids: list[int]


def wrong(story: Story, anomaly: str) -> Explanation | None:
    """The last sum that no additions give, and what makes the difference."""
    acceptable = story.workload.get(kw("acceptable"))
    errors = story.workload.get(kw("errors"))
    read = story.of_record(errors[-1]) if errors else None
    if not acceptable or read is None or read[1] is None:
        return None
    adds = [each for each in story.operations if each[0].f == "add" and _is_ok(each)]
    low, high, answer = acceptable[0][0], acceptable[-1][1], read[1]
    off_by = answer.value - (high if answer.value > high else low)
    case = _Wrong(story, read, answer, off_by, adds)
    sums = (f"{sum(a[0].value for a in own)} at {node}" for node, own in case.nodes().items())
    text = (
        f"{case.lacks} answered {answer.value} in the end, and right is "
        f"{low if low == high else f'between {low} and {high}'}: added were "
        f"{', '.join(sums) or 'nothing'}"
    )
    looks: list[Callable[[_Wrong], list[_Part]]] = [_twice, _lost, _stored, _silent, _as_if]
    parts = next((parts for look in looks if (parts := look(case))), [])
    ids = [id_ for part in parts for id_ in part.ids] or story.exchange(*adds)
    ends = "".join(f"; {part.words}" for part in parts)
    return explained(f"{text}{ends}.", [*ids, *story.exchange(read)])


def _is_ok(operation: Operation) -> bool:
    return operation[1] is not None and operation[1].type == "ok"


def _twice(case: _Wrong) -> list[_Part]:
    """Additions that the node was told of twice."""
    found = []
    for delta in dict.fromkeys(add[0].value for add in case.adds if add[0].value):
        for again in case.story.delivered_again(delta):
            adds = [a for a in case.adds if a[0].value == delta]
            before = [a for a in adds if a[0].time_ns <= again.first.sent_ns]
            if again.second.dest == case.lacks and before:
                found.append((before[-1], again))
    fitting = [each for each in found if each[0][0].value == case.off_by][:1]
    if not fitting and sum(add[0].value for add, _ in found) == case.off_by:
        fitting = found
    return [
        _Part(
            f"{add[0].value} counts twice: {told_again(case.story, again)}",
            [*case.story.exchange(add), *again.ids],
        )
        for add, again in fitting
    ]


def _lost(case: _Wrong) -> list[_Part]:
    """Additions of which the message that tells the node was lost, and none arrived."""
    found = []
    for add in case.adds:
        node, delta = case.story.node_of(add[0]), add[0].value
        learned = case.story.learned(delta, node, add[0].time_ns)
        lost = case.story.lost_on_the_way(delta, learned)
        if delta and lost and case.lacks not in learned.when_ns:
            found.append((add, lost))
    fitting = [each for each in found if each[0][0].value == -case.off_by][:1]
    if not fitting and sum(add[0].value for add, _ in found) == -case.off_by:
        fitting = found
    return [
        _Part(
            f"{lost[0].src} {case.story.reason(lost[0])}",
            [*case.story.exchange(add), *(message.id for message in lost)],
        )
        for add, lost in fitting
    ]


def _stored(case: _Wrong) -> list[_Part]:
    """What the node was told by a service, where nodes do not talk to each other."""
    if any(m.src in case.story.nodes and m.dest in case.story.nodes for m in case.story.between):
        return []
    asked = case.story.inquiries(case.read)
    told = next((m for m in reversed(asked) if m.dest == case.lacks), None)
    if told is None:
        return []
    ids = [*case.story.exchange(*case.adds), *(message.id for message in asked)]
    value = shown(told.body.get("text" if told.kind == "error" else "value"))
    words = f"{told.src} had answered {case.lacks} with {value} {at(told.arrived_ns)}"
    return [_Part(words, ids)]


def _silent(case: _Wrong) -> list[_Part]:
    """Nodes with additions that the node did not hear of in time."""
    parts = []
    for node, own in case.nodes().items():
        if node != case.lacks and any(add[0].value for add in own):
            why, last = _silence(case, node, own[0][0].time_ns)
            ids = [*case.story.exchange(*own), *(message.id for message in last)]
            parts += [_Part(f"{node} {why}", ids)] if why else []
    return parts


def _silence(case: _Wrong, src: str, since_ns: int) -> tuple[str, list[Message]]:
    """Why nothing from `src` reached the node from a moment on, and the last message."""
    dest, until_ns = case.lacks, case.answer.time_ns
    sent = [m for m in case.story.between if (m.src, m.dest) == (src, dest)]
    if not sent:
        asked = [m for m in case.story.between if (m.src, m.dest) == (dest, src)][-1:]
        if asked and not asked[0].lost and (asked[0].end_ns or until_ns) >= until_ns:
            return f"was asked by {dest}, which came too late", asked
        return f"never told {dest} anything", []
    if any(m.arrived_ns is not None and since_ns <= m.arrived_ns <= until_ns for m in sent):
        return "", []
    last = sent[-1]
    if last.lost:
        return case.story.reason(last), [last]
    if last.end_ns is None or last.end_ns > until_ns:
        return f"told {dest} something that came too late", [last]
    return f"never told {dest} afterwards", []


def _as_if(case: _Wrong) -> list[_Part]:
    """The last addition that makes up for the difference, whatever became of it in the node."""
    for add in reversed(case.adds):
        began = add[0]
        what = f"it is as if the {began.value} that {case.story.node_of(began)} took"
        when = at(began.time_ns)
        if began.value == -case.off_by:
            return [_Part(f"{what} {when} were missing", case.story.exchange(add))]
        if began.value == case.off_by:
            return [_Part(f"{what} {when} counted twice", case.story.exchange(add))]
    return []
