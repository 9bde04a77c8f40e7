"""Whether a node acknowledges a message before the service that is to keep it has been told.

Nothing is asked of nodes that keep messages by themselves alone, or have others keep them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

FEW = 3
"""So many messages have to be kept late before that is no coincidence of numbers."""
_WORDS = re.compile(r"\w+")


class Keeping:
    """Watches what nodes acknowledge, and what they write to services.

    A write is taken for one of a message when its key names the log and its value holds the
    message.
    """

    def __init__(self) -> None:
        self._asked: dict[str, dict[str, set[Any]]] = defaultdict(lambda: defaultdict(set))
        self._early: dict[str, dict[str, set[Any]]] = defaultdict(lambda: defaultdict(set))
        self.late = 0
        """How many messages were written to a service only after they were acknowledged."""

    def asked(self, node: str, key: str, message: Any) -> None:
        """A client asks a node to append a message to a log."""
        self._asked[node][key].add(message)

    def acknowledged(self, node: str, key: str, message: Any) -> None:
        """The node says that it has done so."""
        if message in self._asked[node][key]:  # else it has been written
            self._asked[node][key].discard(message)
            self._early[node][key].add(message)

    def written(self, node: str, body: Mapping[str, Any]) -> None:
        """A node writes something to a service."""
        value = body.get("value", body.get("to"))
        for key in _WORDS.findall(str(body.get("key"))):
            _take_held(self._asked[node][key], value)
            self.late += len(_take_held(self._early[node][key], value))


def _take_held(messages: set[Any], value: Any) -> set[Any]:
    """Take those messages out of the set that the value holds."""
    held = {message for message in messages if _holds(value, message)}
    messages -= held
    return held


def _holds(value: Any, message: Any) -> bool:
    if isinstance(value, Mapping):
        return any(_holds(part, message) for part in value.values())
    if isinstance(value, list):
        return any(_holds(part, message) for part in value)
    return bool(value == message)
