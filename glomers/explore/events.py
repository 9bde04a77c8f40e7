"""A journal in memory: every event of a run, to be looked at afterwards."""

from __future__ import annotations

from glomers.formats.journal import Event, Journal
from glomers.protocol import reread


class Events(Journal):
    """Keeps what happens to messages in `events`."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def send(self, time_ns: int, message_id: int, line: bytes) -> None:
        self.events.append(Event("send", time_ns, message_id, reread(line)))

    def recv(self, time_ns: int, message_id: int) -> None:
        self.events.append(Event("recv", time_ns, message_id))

    def drop(self, time_ns: int, message_id: int) -> None:
        self.events.append(Event("drop", time_ns, message_id))
