"""What every node knew at a moment: the changes of its steps, folded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from glomers.formats.node_state import NodeStep


@dataclass(frozen=True)
class Members:
    """A container: its kind (`set`, `list` or `dict`, of which these are the keys) and members.

    `count` is how many there are; where it is more than `items` has, they are not kept.
    """

    kind: str
    items: tuple[str, ...]
    count: int


NodeState = dict[str, str | Members]
"""The variables of a node, by path: a text, or a container."""


def changed(state: Mapping[str, str | Members], step: NodeStep) -> NodeState:
    """What a node knows after `step`, of which it knew `state` before.

    Raises:
        KeyError, ValueError, TypeError: when the changes do not fit the state.
    """
    new: NodeState = {} if step.kind == "start" else dict(state)
    for path, change in step.changes.items():
        if "gone" in change:
            del new[path]
        elif "=" in change:
            new[path] = change["="]
        else:
            new[path] = _edited(new.get(path), change)
    return new


def states_after(steps: Iterable[NodeStep], number: int) -> dict[str, NodeState]:
    """What all nodes know after step `number`, by name.

    Raises:
        KeyError, ValueError, TypeError: when a change does not fit what was before it.
    """
    states: dict[str, NodeState] = {}
    for at, step in enumerate(steps):
        if at > number:
            break
        states[step.node] = changed(states.get(step.node, {}), step)
    return states


def _edited(before: str | Members | None, change: Mapping[str, Any]) -> Members:
    if "is" in change:
        before = Members(change["is"], (), 0)
    if not isinstance(before, Members):
        raise ValueError("only a container has members")
    items, added, removed = list(before.items), change.get("+", []), change.get("-", [])
    if "at" in change:
        at = change["at"]
        items[at : at + len(removed)] = added
    else:
        for item in removed:
            items.remove(item)
        items += added
    return Members(before.kind, tuple(items), change.get("of", len(items)))
