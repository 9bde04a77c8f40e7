"""What a space-time diagram shows: messages as arrows, and stretches of time as bands."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from glomers.drawing.values import is_acknowledgement
from glomers.formats.journal import Event
from glomers.formats.names import SERVICES, is_client


@dataclass(slots=True)
class Arrow:
    """A message from `src` to `dest`, with times in seconds since the start of the run.

    `recv_s` is when it arrived or, if it was `lost`, when it was dropped; None: it was still under
    way at the end, or nobody knows.  `body` is anything that JSON can hold.  Where some messages
    are `decisive`, those are drawn thick, and the others pale; the one that is `wrong` is the
    answer that breaks the promise.
    """

    send_s: float
    recv_s: float | None
    src: str
    dest: str
    type: str
    body: Any
    lost: bool = False
    decisive: bool = False
    wrong: bool = False

    @property
    def end_s(self) -> float:
        """When it arrived or was dropped, or else when it was sent."""
        return self.send_s if self.recv_s is None else self.recv_s

    @property
    def is_reply(self) -> bool:
        """Whether it answers another message."""
        return isinstance(self.body, dict) and self.body.get("in_reply_to") is not None

    @property
    def is_acknowledgement(self) -> bool:
        """Whether it answers another message and says nothing else."""
        return is_acknowledgement(self.body)


@dataclass(frozen=True, slots=True)
class Band:
    """A stretch of time to shade, such as a partition, with its name."""

    start_s: float
    end_s: float
    label: str


def arrows_of(
    events: Iterable[Event], highlight: Collection[int] = (), wrong: int | None = None
) -> list[Arrow]:
    """The messages of a journal (see `glomers.formats.journal`) in the order they were sent.

    Those with an id in `highlight` are decisive, and the one with the id `wrong` is the answer
    that breaks the promise.
    """
    arrows: dict[int, Arrow] = {}
    for event in events:
        if event.kind == "send":
            message = event.message if isinstance(event.message, dict) else {}
            arrow = _sent(event.time_ns / 1e9, message)
            arrow.decisive, arrow.wrong = event.id in highlight, event.id == wrong
            arrows[event.id] = arrow
        elif event.id in arrows:
            arrow = arrows[event.id]
            arrow.recv_s, arrow.lost = event.time_ns / 1e9, event.kind == "drop"
    return list(arrows.values())


def _sent(time_s: float, message: dict[str, Any]) -> Arrow:
    body = message.get("body")
    kind = body.get("type", "") if isinstance(body, dict) else ""
    return Arrow(time_s, None, str(message.get("src")), str(message.get("dest")), str(kind), body)


def column_order(arrows: Iterable[Arrow]) -> list[str]:
    """Columns for everybody in `arrows`: nodes by number, each after its clients, then services."""
    partner: dict[str, str] = {}
    for arrow in arrows:
        partner.setdefault(arrow.src, arrow.dest)
        partner.setdefault(arrow.dest, arrow.src)
    return sorted(partner, key=lambda name: _column_key(name, partner[name]))


def _column_key(name: str, partner: str) -> tuple[int, int, str, int, int]:
    beside = partner if is_client(name) and not is_client(partner) else name
    return beside in SERVICES, _number(beside), beside, not is_client(name), _number(name)


def _number(name: str) -> int:
    digits = re.search(r"\d{1,9}$", name)
    return int(digits[0]) if digits else -1
