"""The messages of a run, each with what became of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from glomers.formats.journal import Event

ENVELOPE = frozenset({"msg_id", "in_reply_to", "type"})


@dataclass(slots=True)
class Message:
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
    def has_arrived(self) -> bool:
        """Whether it reached the one it was sent to."""
        return self.end_ns is not None and not self.lost

    def carries(self, value: Any) -> bool:
        """Whether `value` is somewhere in the body."""
        return any(_holds(part, value) for name, part in self.body.items() if name not in ENVELOPE)


def _holds(part: Any, value: Any) -> bool:
    if isinstance(part, dict):
        return str(value) in part or any(_holds(item, value) for item in part.values())
    if isinstance(part, list):
        return any(_holds(item, value) for item in part)
    if type(part) is str:  # it may travel as text
        return part == str(value)
    return type(part) is type(value) and bool(part == value)


def messages_of(events: Iterable[Event]) -> list[Message]:
    """The messages of a journal's events, in the order in which they were sent."""
    messages: dict[int, Message] = {}
    for kind, time_ns, number, sent in events:
        if kind == "send":
            if sent is not None and type(sent.get("body")) is dict:
                body = sent["body"]
                messages[number] = Message(number, time_ns, sent["src"], sent["dest"], body)
        elif (message := messages.get(number)) is not None:
            message.end_ns = time_ns
            message.lost = kind == "drop"
    return list(messages.values())
