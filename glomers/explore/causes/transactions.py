"""What is wrong with transactions: what one of them read, or a circle of several."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from glomers.explore.causes.cause import Case, Explanation, explained, first_case, records_in
from glomers.explore.story import Operation, Story, listed, shown
from glomers.formats.edn import Symbol, equality_key, kw
from glomers.reading.wording import at

_MOST_STEPS = 4


def explain(story: Story, anomaly: str) -> Explanation | None:
    """How the first case of an anomaly came about."""
    case = first_case(story, anomaly)
    if not isinstance(case, dict):
        return None
    if kw("steps") in case:
        return cycle(story, case, anomaly)
    tell = _TELLERS.get(anomaly)
    told = tell(story, case) if tell else None
    return told and explained(f"{told.sentence} ({anomaly}).", told.decisive, told.key)


def cycle(story: Story, case: Case, anomaly: str) -> Explanation:
    """Operations of which each comes before the next, and the last before the first."""
    members = [story.of_record(record) for record in case[kw("cycle")][:-1]]
    names = [
        f"T{number} at {story.node_of(member[0])}" if member else f"T{number}"
        for number, member in enumerate(members, start=1)
    ]
    steps = [step[kw("words")] for step in case[kw("steps")]]
    more = f"; and {len(steps) - _MOST_STEPS} steps more" if len(steps) > _MOST_STEPS else ""
    told = "; ".join(steps[:_MOST_STEPS])
    return explained(
        f"No order fits {listed(names)}: {told}{more} ({anomaly}).", story.exchange(*members)
    )


def _internal(story: Story, case: Case) -> Explanation:
    """A transaction that does not see what it did itself."""
    operation = story.of_record(case[kw("op")])
    _, key, value = case[kw("mop")]
    expected = case[kw("expected")]
    own = shown(expected)
    if isinstance(expected, list) and expected[:1] == [Symbol("...")]:
        own = f"a list that ends with {shown(expected[1:])}"
    text = (
        f"{_whose(story, operation)} read {shown(value)} of key {shown(key)}, where its own "
        f"operations before give {own}"
    )
    return explained(text, story.exchange(operation), key)


def _aborted(story: Story, case: Case) -> Explanation:
    """A read of what a transaction wrote that was aborted."""
    return _read_of(story, case, "which was aborted")


def _intermediate(story: Story, case: Case) -> Explanation:
    """A read of what its writer then overwrote itself."""
    return _read_of(story, case, "which went on to write the key again")


def _read_of(story: Story, case: Case, end: str) -> Explanation:
    reader, writer = story.of_record(case[kw("op")]), story.of_record(case[kw("writer")])
    _, key, value = case[kw("mop")]
    value = case.get(kw("element"), value)
    text = (
        f"{_whose(story, reader)} read {shown(value)} of key {shown(key)}, written by "
        f"{_whose(story, writer).lower()}, {end}"
    )
    return explained(text, story.exchange(reader, writer), key)


def _lost_update(story: Story, case: Case) -> Explanation:
    """Transactions that all read one value of a key and then wrote the key."""
    members = [story.of_record(record) for record in records_in(case)]
    nodes = listed(dict.fromkeys(story.node_of(each[0]) for each in members if each))
    text = (
        f"{len(members)} transactions at {nodes} read {shown(case[kw('value')])} of key "
        f"{shown(case[kw('key')])} and then wrote the key, each as if there were no other"
    )
    return explained(text, story.exchange(*members), case[kw("key")])


def _other_order(story: Story, case: Case) -> Explanation:
    """Two reads of a list, neither of which can have grown into the other."""
    key, (one, other) = case[kw("key")], case[kw("values")]
    readers = [_reader(story, key, one), _reader(story, key, other)]
    nodes = [f"at {story.node_of(reader[0])}" if reader else "once" for reader in readers]
    text = (
        f"The list of key {shown(key)} was {shown(one)} {nodes[0]} and {shown(other)} {nodes[1]}, "
        "and neither grows into the other"
    )
    return explained(text, story.exchange(*readers), key)


def _there_twice(story: Story, case: Case) -> Explanation:
    """A list with an element that was appended once and is there twice."""
    operation = story.of_record(case[kw("op")])
    _, key, _ = case[kw("mop")]
    element = next(iter(case[kw("duplicates")]))
    text = f"{_whose(story, operation)} read {shown(element)} of key {shown(key)} more than once"
    writer = _writer(story, key, element)
    return explained(text, story.exchange(operation, writer), key)


def _reader(story: Story, key: Any, value: Any) -> Operation | None:
    """The first transaction that read a value of a key."""
    return _of_micro_op(story, 1, lambda f, k, v: f == "r" and _is(k, key) and _is(v, value))


def _writer(story: Story, key: Any, value: Any) -> Operation | None:
    """The transaction that wrote, or appended, a value to a key."""
    return _of_micro_op(story, 0, lambda f, k, v: f != "r" and _is(k, key) and _is(v, value))


def _of_micro_op(story: Story, end: int, fits: Callable[[str, Any, Any], bool]) -> Operation | None:
    """The first transaction with a micro-operation that fits, as asked (0) or answered (1)."""
    for operation in story.operations:
        op = operation[end]
        if op and any(fits(f.name, key, value) for f, key, value in op.value or ()):
            return operation
    return None


def _is(one: Any, other: Any) -> bool:
    return bool(equality_key(one) == equality_key(other))


def _whose(story: Story, operation: Operation | None) -> str:
    if operation is None:
        return "A transaction"
    return f"A transaction at {story.node_of(operation[0])} {at(operation[0].time_ns)}"


_TELLERS: dict[str, Callable[[Story, Case], Explanation]] = {
    "internal": _internal,
    "G1a": _aborted,
    "G1b": _intermediate,
    "lost-update": _lost_update,
    "incompatible-order": _other_order,
    "duplicate-elements": _there_twice,
}
