"""Counts what happens in a run: which messages, which faults, and which of both together."""

from __future__ import annotations

from collections import Counter
from typing import Any

from glomers.formats.journal import Journal
from glomers.formats.names import is_node
from glomers.protocol import loads


class Tally(Journal):
    """A journal that keeps counts instead of messages.

    `messages` counts all of them, `types` those between nodes by type; `pairs` those sent while a
    fault was at work, by type and fault; `effects` how often each fault did something: dropped,
    copied, delayed or overtook a message, or had a node miss one.  `wrong` has what a tally finds
    wrong by itself, by name and in a sentence: this one nothing.
    """

    def __init__(self) -> None:
        self.messages = 0
        self.types: Counter[str] = Counter()
        self.pairs: Counter[tuple[str, str]] = Counter()
        self.effects: Counter[str] = Counter()
        self.wrong: dict[str, str] = {}
        self._active: dict[str, Any] = {}
        self._links: dict[int, tuple[str, str]] = {}
        self._last_line: bytes = b""
        self._last_arrived: dict[tuple[str, str], int] = {}

    def fault_began(self, fault: str, target: Any) -> None:
        self._active[fault] = target

    def fault_ended(self, fault: str) -> None:
        self._active.pop(fault, None)

    def send(self, time_ns: int, message_id: int, line: bytes) -> None:
        self.messages += 1
        message = loads(line)
        src, dest = message["src"], message["dest"]
        self._links[message_id] = src, dest
        if line is self._last_line:
            self.effects["duplicate"] += 1
            return
        self._last_line = line
        self.heard(time_ns, message)
        if not (is_node(src) and is_node(dest)):
            return
        kind = message["body"].get("type")
        self.types[kind] += 1
        for fault, target in self._active.items():
            self.pairs[kind, fault] += 1
            if fault in ("slow", "skew") and target["node"] in (src, dest):
                self.effects[fault] += 1

    def heard(self, time_ns: int, message: dict[str, Any]) -> None:
        """For those who look at what is said: called for each message that is sent, once."""

    def recv(self, time_ns: int, message_id: int) -> None:
        link = self._links.pop(message_id)
        if message_id < self._last_arrived.get(link, 0):
            if "reorder" in self._active:
                self.effects["reorder"] += 1
        else:
            self._last_arrived[link] = message_id
        paused = self._active.get("pause")
        if paused and paused["node"] == link[1]:
            self.effects["pause"] += 1

    def drop(self, time_ns: int, message_id: int) -> None:
        src, dest = self._links.pop(message_id)
        for fault in ("partition", "one-way"):
            if src in self._active.get(fault, {}).get(dest, ()):
                self.effects[fault] += 1
                return
        killed = self._active.get("kill")
        self.effects["kill" if killed and killed["node"] == dest else "loss"] += 1
