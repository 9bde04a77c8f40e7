"""A link to a peer: items travel in batches, arrive once each and in order, whatever gets lost.

Both ends number their items. A batch says at which number its items begin (`from`) and how many
of the other end's items have arrived (`ack`), so acknowledgements ride on the traffic that flows
anyway. Only what stays unacknowledged for too long is sent again, and when there is nothing to
say, nothing is sent. These are TCP's cumulative acknowledgements and retransmission time-out
(RFC 9293, section 3), over batches.

    link = Link(state)  # state() gives the items that tell a peer who knows nothing everything
    link.push(item)  # whenever there is news for the peer
    batch = link.batch(time.monotonic())  # whenever it is time to send; None: nothing to say
    items = link.accept(message.body, time.monotonic())  # whenever a batch has arrived

A node that restarts has forgotten what it had, and counts from zero. So every end has a **life**,
a name drawn at random when it is made, and a batch says whose life it is from (`life`) and to whose
it speaks (`to`). An end that hears another life than last time begins anew: it pushes `state()`,
and tells the peer that nothing before that number is of concern (`begin`). A new life speaks up by
itself, soon enough for that. Messages of a life that is over may still arrive: they cost another
beginning, and nothing else, because numbers are never used twice in one life.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from typing import Any, Protocol

Batch = dict[str, Any]


class Link:
    """One end of a link between two nodes.

    >>> here, there = Link(lambda: []), Link(lambda: [])
    >>> here.push("news")
    >>> batch = here.batch(now_s=0.0)
    >>> there.accept(batch, now_s=0.1), there.accept(batch, now_s=0.2)
    (['news'], [])

    It holds at any time that `_begin <= _acked <= _sent <= _acked + len(_kept)`. All of these but
    `_sent` only grow, so a number means one item as long as this end lives. The items from `_begin`
    on stand for all that was pushed; the life of the peer that was heard last has those before
    `_acked`, and `_kept` are the others.

    Args:
        state: gives items that stand for all that was pushed, and whatever else a peer should know
            that has lost its memory.
        overdue_s: how long to wait for an acknowledgement before items are sent again. An
            acknowledgement, or a first word, that finds no batch to ride on goes alone after half
            of that, so ask for batches more often than every quarter, and let messages take less
            than one.
    """

    def __init__(self, state: Callable[[], Iterable[Any]], overdue_s: float = 2.0) -> None:
        self._state = state
        self._overdue_s = overdue_s
        self._life = os.urandom(4).hex()
        self._peer: str | None = None  # the life that was heard last
        self._begin = 0  # where that begins to listen
        self._kept: list[Any] = []  # pushed and not acknowledged, the first being number _acked
        self._acked = 0
        self._sent = 0
        self._waiting_since_s = 0.0  # of what is sent and not acknowledged
        self._received: dict[str | None, int] = {}  # of each life of the peer, up to which number
        self._owing_since_s: float | None = None  # a word: that we live, or an acknowledgement
        self._has_spoken = False
        self._gap = False

    @property
    def has_news(self) -> bool:
        """Whether there are items that have not been sent yet."""
        return self._sent < self._end

    @property
    def _end(self) -> int:
        """The number of the next item."""
        return self._acked + len(self._kept)

    def push(self, item: Any) -> None:
        """Let the peer have `item`, a JSON value, with the next batch."""
        self._kept.append(item)

    def batch(self, now_s: float) -> Batch | None:
        """What to send now: new and overdue items, an overdue acknowledgement, or None."""
        if not self._has_spoken:
            self._has_spoken = True
            self._owe(now_s)
        in_flight = self._sent > self._acked
        if in_flight and now_s - self._waiting_since_s >= self._overdue_s:
            in_flight, self._sent = False, self._acked
        if not self.has_news and not self._must_speak(now_s):
            return None
        if not in_flight:
            self._waiting_since_s = now_s
        batch: Batch = {
            "life": self._life,
            "from": self._sent,
            "items": self._kept[self._sent - self._acked :],
            "to": self._peer,
            "ack": self._received.get(self._peer, 0),
        }
        if self._begin:
            batch["begin"] = self._begin
        if self._gap:
            batch["gap"] = True
        self._sent = self._end
        self._owing_since_s, self._gap = None, False
        return batch

    def _owe(self, now_s: float) -> None:
        if self._owing_since_s is None:
            self._owing_since_s = now_s

    def _must_speak(self, now_s: float) -> bool:
        if self._gap:
            return True
        owing_since_s = self._owing_since_s
        return owing_since_s is not None and now_s - owing_since_s >= self._overdue_s / 2

    def accept(self, batch: Batch, now_s: float) -> list[Any]:
        """Take a batch that arrived; returns the items that are new, in the order of pushing."""
        life = batch["life"]
        if life != self._peer:
            self._meet(life)
        if batch["to"] == self._life:
            self._settle(batch["ack"], now_s)
            if batch.get("gap"):
                self._sent = self._acked  # the peer misses something: begin there again
        assert self._begin <= self._acked <= self._sent <= self._end
        return self._take(life, batch, now_s)

    def _meet(self, life: str) -> None:
        """Speak to another life from now on: it knows nothing of what the one before was told."""
        if self._peer is not None:
            self._begin = self._acked = self._sent = self._end
            self._kept = list(self._state())
        self._peer = life

    def _settle(self, ack: int, now_s: float) -> None:
        """Forget what the peer has; an acknowledgement that was overtaken says nothing new."""
        assert ack <= self._end, "the peer acknowledges what was never pushed"
        if ack <= self._acked:
            return
        del self._kept[: ack - self._acked]
        self._acked = ack
        self._sent = max(self._sent, ack)
        self._waiting_since_s = now_s

    def _take(self, life: str, batch: Batch, now_s: float) -> list[Any]:
        """The items that follow the last one of that life, if these do."""
        start, items = batch["from"], batch["items"]
        received = max(self._received.get(life, 0), batch.get("begin", 0))
        self._received[life] = received
        if start > received:
            self._gap = True
            return []
        if items:
            self._owe(now_s)
        new: list[Any] = items[received - start :]
        self._received[life] += len(new)
        return new


class Letter(Protocol):
    """A message that carries a batch."""

    src: str
    body: Batch


class Sender(Protocol):
    """Sends messages: a node."""

    def send(self, dest: str, body: Batch) -> None:
        """Send a message and expect nothing."""


class Links:
    """A node's links to its neighbours, whose batches travel in messages of one type.

    Args:
        node: sends the messages.
        kind: their type.
        state: as of a `Link`.
    """

    def __init__(self, node: Sender, kind: str, state: Callable[[], Iterable[Any]]) -> None:
        self._node = node
        self._kind = kind
        self._state = state
        self._links: dict[str, Link] = {}

    def open(self, neighbours: Iterable[str]) -> None:
        """Have links to these nodes, from now on."""
        self._links.update({neighbour: Link(self._state) for neighbour in neighbours})

    def push(self, item: Any, but: str | None = None) -> None:
        """Let all neighbours, or all but one, have `item`, a JSON value."""
        for neighbour, link in self._links.items():
            if neighbour != but:
                link.push(item)

    def flush(self) -> None:
        """Send what there is to say; to be called at least twice a second."""
        for neighbour, link in self._links.items():
            if batch := link.batch(time.monotonic()):
                self._node.send(neighbour, {"type": self._kind, **batch})

    def accept(self, message: Letter) -> list[Any]:
        """The new items in a message from a neighbour, in the order of pushing."""
        return self._links[message.src].accept(message.body, time.monotonic())
