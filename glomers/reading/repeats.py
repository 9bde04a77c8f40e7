"""Messages that were delivered twice, so that what they say may count twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from glomers.reading.dossier import Dossier
from glomers.reading.envelopes import Envelope
from glomers.reading.wording import at


@dataclass(frozen=True)
class Repeat:
    """A message that was delivered a second time; `reply` is that to the first, if there was."""

    first: Envelope
    second: Envelope
    reply: Envelope | None

    @property
    def ids(self) -> tuple[int, ...]:
        """The ids of all three."""
        return tuple(m.id for m in (self.first, self.reply, self.second) if m is not None)

    def __str__(self) -> str:
        """That it was, and why, as a sentence without its end."""
        first, second, reply = self.first, self.second, self.reply
        src, dest = first.src, first.dest
        early_ns, late_ns = sorted((first.arrived_ns or 0, second.arrived_ns or 0))
        text = (
            f"{src}'s `{first.type}` reached {dest} {at(early_ns)} and again {at(late_ns)}, since "
        )
        if first.sent_ns == second.sent_ns:
            return text + "the network delivered it twice"
        if reply is None:
            return text + f"{dest} did not answer the first"
        if reply.lost:
            return text + f"{dest}'s answer to the first was lost"
        if (first.arrived_ns or 0) > second.sent_ns:
            return text + f"the first was so long under way that {src} sent it again"
        return text + f"{dest}'s answer to the first came too late"


def repeats(dossier: Dossier, carrying: Iterable[Envelope]) -> Iterator[Repeat]:
    """Those of the messages that arrived twice without need.

    Either the network copied the message, or its sender repeated a request of which it had got no
    answer.
    """
    last: dict[Any, Envelope] = {}
    for second in carrying:
        if second.arrived_ns is None:
            continue
        first = last.get(second.said)
        if first and (repeat := _repeat(dossier, first, second)):
            yield repeat
        last[second.said] = second


def _repeat(dossier: Dossier, first: Envelope, second: Envelope) -> Repeat | None:
    is_copy = first.sent_ns == second.sent_ns
    if not is_copy and "msg_id" not in first.body:
        return None  # nobody waits for an answer: it is said anew on purpose
    reply = None if is_copy else dossier.reply(first)
    answered_ns = reply.arrived_ns if reply else None
    if answered_ns is not None and answered_ns <= second.sent_ns:
        return None
    return Repeat(first, second, reply)
