"""A link to a peer: items travel in batches, arrive once each and in order, whatever gets lost.

Both ends number their items. A batch says at which number its items begin (`from`) and how many
of the other end's items have arrived (`ack`), so acknowledgements ride on the traffic that flows
anyway. Only what stays unacknowledged for too long is sent again, and when there is nothing to
say, nothing is sent. These are TCP's cumulative acknowledgements and retransmission time-out
(RFC 9293, section 3), over batches.

    link = Link()
    link.push(item)  # whenever there is news for the peer
    batch = link.batch(time.monotonic())  # whenever it is time to send; None: nothing to say
    items = link.accept(message.body, time.monotonic())  # whenever a batch has arrived
"""

from __future__ import annotations

from typing import Any

Batch = dict[str, Any]


class Link:
    """One end of a link between two nodes.

    Args:
        overdue_s: how long to wait for an acknowledgement before items are sent again. An
            acknowledgement that finds no batch to ride on goes alone after half of that, so ask
            for batches more often than every quarter, and let messages take less than one.
    """

    def __init__(self, overdue_s: float = 2.0) -> None:
        self._overdue_s = overdue_s
        self._kept: list[Any] = []  # pushed and not acknowledged, the first being number _acked
        self._acked = 0
        self._sent = 0
        self._waiting_since_s = 0.0  # of what is sent and not acknowledged
        self._received = 0
        self._owing_since_s: float | None = None  # an acknowledgement
        self._gap = False

    @property
    def has_news(self) -> bool:
        """Whether there are items that have not been sent yet."""
        return self._sent < self._acked + len(self._kept)

    def push(self, item: Any) -> None:
        """Let the peer have `item`, a JSON value, with the next batch."""
        self._kept.append(item)

    def batch(self, now_s: float) -> Batch | None:
        """What to send now: new and overdue items, an overdue acknowledgement, or None."""
        in_flight = self._sent > self._acked
        if in_flight and now_s - self._waiting_since_s >= self._overdue_s:
            in_flight, self._sent = False, self._acked
        if not self.has_news and not self._must_acknowledge(now_s):
            return None
        if not in_flight:
            self._waiting_since_s = now_s
        batch: Batch = {
            "from": self._sent,
            "items": self._kept[self._sent - self._acked :],
            "ack": self._received,
        }
        if self._gap:
            batch["gap"] = True
        self._sent = self._acked + len(self._kept)
        self._owing_since_s, self._gap = None, False
        return batch

    def _must_acknowledge(self, now_s: float) -> bool:
        if self._gap:
            return True
        owing_since_s = self._owing_since_s
        return owing_since_s is not None and now_s - owing_since_s >= self._overdue_s / 2

    def accept(self, batch: Batch, now_s: float) -> list[Any]:
        """Take a batch that arrived; returns the items that are new, in the order of pushing."""
        self._settle(batch["ack"], now_s)
        if batch.get("gap"):
            self._sent = self._acked  # the peer misses something: begin there again
        start, items = batch["from"], batch["items"]
        if start > self._received:
            self._gap = True
            return []
        if items and self._owing_since_s is None:
            self._owing_since_s = now_s
        new: list[Any] = items[self._received - start :]
        self._received += len(new)
        return new

    def _settle(self, ack: int, now_s: float) -> None:
        """Forget what the peer has; an acknowledgement that was overtaken says nothing new."""
        if ack <= self._acked:
            return
        del self._kept[: ack - self._acked]
        self._acked = ack
        self._sent = max(self._sent, ack)
        self._waiting_since_s = now_s
