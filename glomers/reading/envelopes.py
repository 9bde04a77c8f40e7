"""The messages of a run, each with what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from glomers.formats.edn import equality_key
from glomers.formats.journal import Event

ENVELOPE = frozenset({"msg_id", "in_reply_to", "type"})


@dataclass(slots=True)
class Envelope:
    """A message of the run, and what became of it; times in ns."""

    id: int
    sent_ns: int
    src: str
    dest: str
    body: dict[str, Any]
    end_ns: int | None = None
    lost: bool = False

    @property
    def type(self) -> str:
        """The kind of message, as text."""
        return str(self.body.get("type"))

    @property
    def arrived_ns(self) -> int | None:
        """When it reached the one it was sent to; None: it did not."""
        return None if self.lost else self.end_ns

    @property
    def said(self) -> Any:
        """The same for messages that say the same on the same way."""
        return self.src, self.dest, equality_key({**self.body, "msg_id": None})

    def carries(self, value: Any, key: Any = None) -> bool:
        """Whether `value` is somewhere in the body and, if there is a key, that as well.

        Without a key, a value may also stand as the key of a map, which in JSON is always text.
        """
        return self.names(key) and any(_holds(part, value, key is None) for part in self._parts)

    def names(self, key: Any) -> bool:
        """Whether `key`, if there is one, is somewhere in the body."""
        return key is None or any(_holds(part, key, True) for part in self._parts)

    @property
    def _parts(self) -> Iterator[Any]:
        return (part for name, part in self.body.items() if name not in ENVELOPE)


def _holds(part: Any, value: Any, in_keys: bool) -> bool:
    if isinstance(part, dict):
        is_key = in_keys and str(value) in part
        return is_key or any(_holds(item, value, in_keys) for item in part.values())
    if isinstance(part, list):
        return any(_holds(item, value, in_keys) for item in part)
    if type(part) is str:  # it may travel as text
        return part == str(value)
    return type(part) is type(value) and bool(part == value)


def messages_of(events: Iterable[Event]) -> list[Envelope]:
    """The messages of a journal's events, in the order in which they were sent."""
    messages: dict[int, Envelope] = {}
    for kind, time_ns, number, sent in events:
        if kind == "send":
            if sent is not None and type(sent.get("body")) is dict:
                body = sent["body"]
                messages[number] = Envelope(number, time_ns, sent["src"], sent["dest"], body)
        elif (message := messages.get(number)) is not None:
            message.end_ns = time_ns
            message.lost = kind == "drop"
    return list(messages.values())
