"""What is wrong with a log (kafka): messages that are missing, there twice, or out of order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from glomers.bench.checkers.kafka.ops import polls, sends
from glomers.explore.causes import transactions
from glomers.explore.causes.cause import Case, Explanation, explained, first_case, told_again
from glomers.explore.story import Operation, Story, listed, shown
from glomers.formats.edn import equality_key, freeze, kw
from glomers.formats.history import Op
from glomers.reading.wording import at

KEY, VALUE, VALUES = kw("key"), kw("value"), kw("values")


def explain(story: Story, anomaly: str) -> Explanation | None:
    """How the first case of an anomaly came about."""
    case = first_case(story, anomaly)
    if not isinstance(case, dict):
        return None
    if kw("steps") in case:
        return transactions.cycle(story, case, anomaly)
    tell = _TELLERS.get(anomaly)
    told = tell(story, case) if tell else None
    return replace(told, key=case[KEY]) if told and KEY in case else told


def _twice(story: Story, case: Case) -> Explanation:
    """A message that stands at several offsets: who says so, and how it came there."""
    key, value = case[KEY], case[VALUE]
    says = [_claim(story, key, offset, value) for offset in case[kw("offsets")][:2]]
    text = f"Message {shown(value)} of key {shown(key)} is there twice: {_in_order(says)}"
    ids = story.exchange(*(operation for _, operation in says))
    sent = _send(story, key, value)
    if sent:
        ids += [*story.exchange(sent), *_passed_on(story, sent, key, value)]
        for again in story.delivered_again(value):
            if _is_within(again.first.sent_ns, sent):
                return explained(f"{text}; {told_again(story, again)}.", [*ids, *again.ids])
    return explained(f"{text}.", ids)


def _two_at_one(story: Story, case: Case) -> Explanation:
    """An offset that has several messages: who says so."""
    key, offset = case[KEY], case[kw("offset")]
    values = sorted(case[VALUES], key=str)[:2]
    says = [_claim(story, key, offset, value) for value in values]
    text = f"Offset {offset} of key {shown(key)} holds two messages: {_in_order(says)}"
    return explained(f"{text}.", story.exchange(*(operation for _, operation in says)))


Claim = tuple[str, Operation | None]
"""What an answer says, in words, and the operation that got it."""


def _in_order(says: list[Claim]) -> str:
    """Claims in the order in which they were made."""

    def made(claim: Claim) -> int:
        ended = claim[1][1] if claim[1] else None
        return ended.index if ended else -1

    return " and ".join(words for words, _ in sorted(says, key=made))


def _claim(story: Story, key: Any, offset: Any, value: Any) -> Claim:
    """The first answer that says that a message stands at an offset, in words."""
    for operation, ended in _oks(story):
        node = story.node_of(ended)
        for sent_to, (told, sent) in sends(ended):
            if sent_to == freeze(key) and told == offset and _same(sent, value):
                words = f"{node} gave {shown(value)} offset {offset} {at(ended.time_ns)}"
                return words, operation
        if any(told == offset and _same(each, value) for told, each in _polled(ended, key)):
            words = f"a poll at {node} showed {shown(value)} at offset {offset}"
            words += f" {at(ended.time_ns)}"
            return words, operation
    return f"{shown(value)} stands at {offset}", None


def _lost(story: Story, case: Case) -> Explanation:
    """A message that no poll shows, though polls show what comes after it."""
    key, value = case[KEY], case[VALUE]
    later = story.of_record(case[kw("max-read")])
    text, ids = _acknowledged(story, key, value)
    if later:
        text += f", and a poll at {story.node_of(later[0])} showed what comes after it, but not it"
    return explained(f"{text}.", [*ids, *story.exchange(later)])


def _unseen(story: Story, case: Case) -> Explanation:
    """A message that no poll ever showed."""
    key, values = next(iter(case[kw("messages")].items()))
    text, ids = _acknowledged(story, key, values[0])
    last = [operation for operation, ended in _oks(story) if ended.f == "poll"][-1:]
    end = f"not even the last one, at {story.node_of(last[0][0])}" if last else "there was none"
    ids += story.exchange(*last)
    return explained(f"{text}, and no poll showed it, {end}.", ids, key)


def _acknowledged(story: Story, key: Any, value: Any) -> tuple[str, list[int]]:
    """Who acknowledged a message, and what was lost on the way then."""
    sent = _send(story, key, value)
    if sent is None or sent[1] is None:
        return f"Message {shown(value)} was sent to key {shown(key)}", []
    node, ended = story.node_of(sent[0]), sent[1]
    did = "acknowledged" if ended.type == "ok" else "was given"
    offset = next((told for k, (told, v) in sends(ended) if _same(v, value)), None)
    place = f" at offset {offset}" if offset is not None else ""
    text = f"{node} {did} message {shown(value)} of key {shown(key)}{place} {at(ended.time_ns)}"
    lost = [m for m in story.lost_from(node, sent) if m.carries(value)]
    if lost:
        text += f", {story.reason(lost[0])}"
    ids = _passed_on(story, sent, key, value)
    return text, [*story.exchange(sent), *ids, *(m.id for m in lost)]


def _passed_on(story: Story, sent: Operation, key: Any, value: Any) -> list[int]:
    """The first message in which the node that was sent a message handed it on."""
    began = sent[0]
    handed = (
        m.id
        for m in story.between
        if m.src == story.node_of(began) and m.sent_ns >= began.time_ns and m.carries(value, key)
    )
    return [*handed][:1]


def _skipped(story: Story, case: Case) -> Explanation:
    """Polls that leave out messages."""
    key, left_out = case[KEY], list(case[kw("skipped")])
    text, ids = _step(story, case, "and left out")
    text += f" {listed(map(shown, left_out[:3]))}{' and more' if len(left_out) > 3 else ''}"
    return explained(f"{text}.", [*ids, *story.exchange(_send(story, key, left_out[0]))])


def _backwards(story: Story, case: Case) -> Explanation:
    """Polls that go back."""
    end = "for a second time" if case[kw("delta")] == 0 else "though it comes before that"
    text, ids = _step(story, case, end)
    return explained(f"{text}.", ids)


def _step(story: Story, case: Case, end: str) -> tuple[str, list[int]]:
    """One poll that shows two messages, or two polls of a client, in words."""
    key = case[KEY]
    records = case.get(kw("ops")) or [case[kw("op")]]
    polled = [operation for record in records if (operation := story.of_record(record))]
    node = story.node_of(polled[0][0])
    if VALUES in case:
        first, second = case[VALUES]
    else:  # the last one of a poll and the first one of the next
        first, second = (
            _polled(operation[1], key)[place][1]
            for operation, place in zip(polled, (-1, 0), strict=True)
        )
    whose = "A poll" if len(polled) == 1 else "Two polls of a client"
    text = f"{whose} at {node} showed {shown(first)} and next {shown(second)} of key {shown(key)}"
    return f"{text}, {end}", story.exchange(*polled)


def _sent_backwards(story: Story, case: Case) -> Explanation:
    """Sends of a client that got offsets in another order."""
    first, second = case[VALUES]
    records = case.get(kw("ops")) or [case[kw("op")]]
    sent = [operation for record in records if (operation := story.of_record(record))]
    text = (
        f"A client sent {story.node_of(sent[0][0])} message {shown(first)} and next "
        f"{shown(second)} of key {shown(case[KEY])}, and the second did not get the higher offset"
    )
    return explained(f"{text}.", story.exchange(*sent))


def _failed(story: Story, case: Case) -> Explanation:
    """A poll of a message whose send had failed."""
    reader, writer = story.of_record(case[kw("reader")]), story.of_record(case[kw("writer")])
    node = story.node_of(reader[0]) if reader else "a node"
    refused = f", which {story.node_of(writer[0])} had refused" if writer else ""
    text = f"A poll at {node} showed message {shown(case[VALUE])} of key {shown(case[KEY])}"
    return explained(f"{text}{refused} (G1a).", story.exchange(reader, writer))


def _send(story: Story, key: Any, value: Any) -> Operation | None:
    """The operation that sent a message."""
    for operation in story.operations:
        for sent_to, (_, sent) in sends(operation[0]):
            if sent_to == freeze(key) and _same(sent, value):
                return operation[0], operation[1]
    return None


def _oks(story: Story) -> Iterator[tuple[Operation, Op]]:
    """The operations that succeeded, in the order of their ends."""
    oks = [(each, each[1]) for each in story.operations if each[1] and each[1].type == "ok"]
    return iter(sorted(oks, key=lambda ok: ok[1].index))


def _polled(ended: Op | None, key: Any) -> list[Any]:
    """What a poll showed of a key: messages with their offsets before them."""
    return list(polls(ended).get(freeze(key), ())) if ended else []


def _is_within(time_ns: int, operation: Operation) -> bool:
    began, ended = operation
    return began.time_ns <= time_ns and (ended is None or time_ns <= ended.time_ns)


def _same(one: Any, other: Any) -> bool:
    return bool(equality_key(one) == equality_key(other))


_TELLERS: dict[str, Callable[[Story, Case], Explanation]] = {
    "duplicate": _twice,
    "inconsistent-offsets": _two_at_one,
    "lost-write": _lost,
    "unseen": _unseen,
    "poll-skip": _skipped,
    "int-poll-skip": _skipped,
    "nonmonotonic-poll": _backwards,
    "int-nonmonotonic-poll": _backwards,
    "nonmonotonic-send": _sent_backwards,
    "int-nonmonotonic-send": _sent_backwards,
    "G1a": _failed,
}
