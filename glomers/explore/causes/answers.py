"""Causes that show in one answer: it is wrong, was given before, or never came."""

from __future__ import annotations

from typing import Any

from glomers.bench.checkers.excerpt import TIMEOUTS
from glomers.explore.causes.cause import Explanation, explained
from glomers.explore.story import Operation, Story, listed, shown
from glomers.formats.edn import Keyword, equality_key, kw
from glomers.formats.history import Op
from glomers.reading.wording import at

_NEVER_DONE = frozenset({"crash", "debug-topic-partitions"})
"""Functions that no node carries out."""
_ERROR_CHARACTERS = 300
_STATES = {"kill": "was down", "pause": "stood still"}


def not_echoed(story: Story, anomaly: str) -> Explanation | None:
    """An echo that differs from what was sent."""
    for operation in story.operations:
        began, ended = operation
        if ended is None or ended.type == "info":
            continue
        text = f"{story.node_of(began)} was to echo {shown(began.value)} {at(began.time_ns)}"
        echoed = ended.value.get(kw("echo")) if isinstance(ended.value, dict) else None
        if ended.type == "fail":
            text += f", and failed: {error_of(ended)}"
        elif equality_key(began.value) != equality_key(echoed):
            text += f", and answered {shown(echoed)}"
        else:
            continue
        return explained(f"{text}.", story.exchange(operation))
    return None


def given_twice(story: Story, anomaly: str) -> Explanation | None:
    """An id that was given out more than once."""
    given: dict[Any, list[Operation]] = {}
    for operation in story.operations:
        ended = operation[1]
        if ended and ended.type == "ok":
            given.setdefault(equality_key(ended.value), []).append(operation)
    twice = next((each for each in given.values() if len(each) > 1), None)
    if twice is None:
        return None
    ends = [ended for _, ended in twice if ended]
    givers = listed(dict.fromkeys(map(story.node_of, ends)))
    moments = listed(at(ended.time_ns) for ended in ends)
    text = f"{givers} gave out the id {shown(ends[0].value)} {len(ends)} times, {moments}."
    return explained(text, story.exchange(*twice))


def never_done(story: Story) -> Explanation | None:
    """A function of which no operation succeeded."""
    by_f = story.results.get(kw("stats"), {}).get(kw("by-f"), {})
    for f, result in by_f.items():
        tried = [each for each in story.operations if each[0].f == f.name]
        if result[kw("valid?")] is True or f.name in _NEVER_DONE or not tried:
            continue
        why, ids = _failure(story, tried[0])
        begin = f"None of {len(tried):,} operations {f.name!r} succeeded; the first"
        if len(tried) == 1:
            begin = f"The only operation {f.name!r} did not succeed"
        return explained(f"{begin}: {why}.", ids)
    return None


def not_done(story: Story) -> Explanation | None:
    """Operations that did not succeed, where more should."""
    failed = [each for each in story.operations if each[1] is None or each[1].type != "ok"]
    text = f"{len(failed):,} of {len(story.operations):,} operations did not succeed"
    for operation in failed:
        if operation[0].f not in _NEVER_DONE:
            why, ids = _failure(story, operation)
            return explained(f"{text}; the first {operation[0].f!r}: {why}.", ids)
    return Explanation(f"{text}: clients crashed.")


def broken(story: Story) -> Explanation:
    """What ended the test, and what the node at fault was asked last."""
    if story.broken is None:
        return Explanation("The test broke.")
    node = story.broken.node_id
    arrived = [m for m in story.messages if m.dest == node and m.arrived_ns is not None]
    last = max(arrived, key=lambda m: (m.arrived_ns or 0, m.id), default=None)
    return Explanation(str(story.broken), [last.id] if last else [])


def _failure(story: Story, operation: Operation) -> tuple[str, list[int]]:
    """How an operation failed, as the end of a sentence, and the messages with it."""
    began, ended = operation
    node, ids = story.node_of(began), story.exchange(operation)
    if ended is not None and not _is_late(ended):
        return f"{node} answered {at(ended.time_ns)} with {error_of(ended)}", ids
    lost = story.lost_from(node, operation)[:1]
    why = f": {node} {story.reason(lost[0])}" if lost else ""
    for span in story.faults(node, began.time_ns, began.time_ns):
        why = f": it {_STATES[span.fault]} then" if span.fault in _STATES else why
    text = f"{node} did not answer what it was asked {at(began.time_ns)}{why}"
    return text, [*ids, *(message.id for message in lost)]


def _is_late(ended: Op) -> bool:
    return isinstance(ended.error, Keyword | str) and ended.error in TIMEOUTS


def error_of(ended: Op) -> str:
    """The error of an operation in words."""
    error = ended.error
    if isinstance(error, list | tuple) and len(error) == 2:
        return f"error {getattr(error[0], 'name', error[0])}: {shown(error[1])}"
    text = error.removeprefix("indeterminate: ") if isinstance(error, str) else shown(error)
    text = text.removesuffix(".")
    return text if len(text) <= _ERROR_CHARACTERS else text[: _ERROR_CHARACTERS - 1] + "…"
