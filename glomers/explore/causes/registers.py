"""Why no order explains an answer about a register (lin-kv)."""

from __future__ import annotations

from typing import Any

from glomers.explore.causes.cause import Explanation, explained
from glomers.explore.story import Message, Operation, Story, shown
from glomers.formats.edn import Tagged, equality_key, kw
from glomers.formats.history import Op
from glomers.reading.wording import at


def explain(story: Story, anomaly: str) -> Explanation | None:
    """The answer that does not fit, and the operation that it should have known of."""
    failures = story.workload.get(kw("failures"))
    if anomaly != "nonlinearizable" or not failures:
        return None
    result = story.workload[kw("results")][failures[0]][kw("linearizable")]
    odd = story.operation(result[kw("op")][kw("index")])
    if odd is None or odd[1] is None:
        return None
    node, possible = story.node_of(odd[0]), _possible(result)
    source = _writer(story, odd[1], possible[0]) if len(possible) == 1 else None
    held = " or ".join(map(shown, possible))
    since = f": {_done(story, source)}" if source else ""
    asked = story.inquiries(odd, failures[0])
    why = _why(story, node, asked, odd[1].value[1])
    text = f"{_done(story, odd)}, when it held {held}{since}{why}."
    return explained(text, [*story.exchange(odd, source), *(m.id for m in asked)], odd[1].value[0])


def _why(story: Story, node: str, asked: list[Message], answered: Any) -> str:
    """What a node that gave an odd answer had asked others itself, and with what success."""
    lost = next((m for m in asked if m.lost), None)
    if lost:
        return f"; {node} {story.reason(lost)}"
    told = next((m for m in reversed(asked) if m.dest == node and m.carries(answered)), None)
    if told:
        return f"; {told.src} had told {node} so {at(told.arrived_ns)}"
    unanswered = next((m for m in asked if m.src == node and story.answer(m) not in asked), None)
    return f"; {unanswered.dest} did not answer {node} in time" if unanswered else ""


def _possible(result: dict[Any, Any]) -> list[Any]:
    """What the register may have held before the answer."""
    models = [each[kw("model")] for each in result[kw("configs")]]
    values = [m.value[kw("value")] for m in models if isinstance(m, Tagged)]
    return [*{equality_key(value): value for value in values}.values()]


def _writer(story: Story, odd: Op, value: Any) -> Operation | None:
    """The last operation before an answer that set its register to `value`."""
    key = equality_key(odd.value[0])
    found = None
    for operation in story.operations:
        began, ended = operation
        if ended is None or ended.type != "ok" or ended.index >= odd.index or began.f == "read":
            continue
        new = ended.value[1] if began.f == "write" else ended.value[1][1]
        if equality_key(ended.value[0]) == key and equality_key(new) == equality_key(value):
            found = operation
    return found


def _done(story: Story, operation: Operation) -> str:
    """What a node did, in words."""
    began, ended = operation
    assert ended is not None
    (key, value), node = ended.value, story.node_of(began)
    if began.f == "read":
        did = f"answered a read of key {shown(key)} with {shown(value)}"
    elif began.f == "write":
        did = f"had acknowledged a write of {shown(value)}"
    else:
        did = f"changed key {shown(key)} from {shown(value[0])} to {shown(value[1])}"
    return f"{node} {did} {at(ended.time_ns)}"
