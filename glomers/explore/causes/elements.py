"""Why an element of a set is missing (broadcast, g-set)."""

from __future__ import annotations

from typing import Any

from glomers.explore.causes.cause import Explanation, explained, fate
from glomers.explore.story import Operation, Story
from glomers.formats.edn import equality_key, kw


def lost(story: Story, anomaly: str) -> Explanation | None:
    """The first element that is lost."""
    values = story.workload.get(kw("lost"))
    return missing(story, values[0]) if anomaly == "lost" and values else None


def missing(story: Story, value: Any) -> Explanation | None:
    """Who acknowledged an element, whose last read lacks it, and what went on between both."""
    adds = [each for each in story.operations if each[0].f != "read" and each[0].value == value]
    reads = [each for each in story.operations if _lacks(each, value)]
    if not adds or not reads:
        return None
    added, read = adds[0], reads[-1]
    began, acknowledged = added
    knows, lacks = story.node_of(began), story.node_of(read[0])
    did = "acknowledged" if acknowledged and acknowledged.type == "ok" else "was given"
    text, told = fate(story, f"{knows} {did} {value}", value, knows, lacks, began.time_ns)
    return explained(text, [*story.exchange(added, read), *told])


def _lacks(operation: Operation, value: Any) -> bool:
    """Whether it is a read that does not show `value`."""
    began, ended = operation
    if began.f != "read" or ended is None or ended.type != "ok":
        return False
    return equality_key(value) not in map(equality_key, ended.value or ())
