"""The simulated network: queues, delays, partitions, the journal and the counts of messages.

Delays apply between servers (nodes and services) only, so that clients seem to sit beside their
node; a partition cuts links between nodes only.  In virtual time every hop also costs a little,
drawn at random: it stands for the time that a real node needs to read, handle and write a message.

Each receiver takes one message after the other, as in Maelstrom (`src/maelstrom/net.clj`, `recv!`):
of those that wait in its queue the one that is due first.  If the sender is cut off at that moment,
the message is dropped at once; else the receiver waits until it is due, and only then takes the
next.  So a client's request, due at once, waits behind a message that is still on its way.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

from glomers.bench.checkers.net import MessageCounts, NetStats
from glomers.bench.clock import Clock
from glomers.bench.faults.cuts import Grudge
from glomers.bench.transit import Transit
from glomers.errors import BrokenTest
from glomers.formats.journal import Journal
from glomers.formats.names import is_client
from glomers.protocol import loads, packed, reread

Deliver = Callable[[str, dict[str, Any], bytes], None]

Parcel = tuple[int, int, str, str, dict[str, Any], bytes, MessageCounts]
"""A message under way: when it is due, its id, source, destination, body, line and count."""

MAX_IN_FLIGHT = 200_000
MIN_IN_FLIGHT = 50_000
IN_FLIGHT_PER_PAIR = 5
"""Between these two, the more may be under way at once, the more pairs there are that can talk."""
COUNTED = 25_000
MIN_PER_S = 100_000
PER_S_AND_PAIR = 200
"""So many messages in a second, counted over COUNTED of them, no sensible node goes on to send."""
AT_ONCE_PER_REQUEST = 8
"""So many more there may be at once for each message of a client so far.

Once clients poll whole logs again, as they do in the end, a node that has its messages in lin-kv
asks for each of them, for every client that polls before it knows them: a request and a reply each.
Of the series' own `log_buckets` that were 25,000 messages within a millisecond, and at most two for
each message of a client, which is a fourth of this.
"""


class UnknownAddress(LookupError):
    """A message names a source or destination that the network does not have."""


class Receiver:
    """Whoever takes messages, one after the other.

    `queue` is a heap of what has not been taken yet; `is_waiting` tells whether one has been taken
    that is not due yet; `deliver` is None once the receiver has left.
    """

    __slots__ = ("deliver", "is_waiting", "queue")

    def __init__(self, deliver: Deliver) -> None:
        self.deliver: Deliver | None = deliver
        self.queue: list[Parcel] = []
        self.is_waiting = False


class Network:
    """Carries messages between endpoints, each a function that takes what arrives.

    Args:
        clock: tells the time, and who wakes the network when a message is due.
        journal: gets every send, receipt and drop.
        transit: decides when messages arrive, and whether.
    """

    def __init__(self, clock: Clock, journal: Journal, transit: Transit) -> None:
        self.stats = NetStats()
        self._now_ns = clock.now_ns
        self._at = clock.at
        self._journal = journal
        self._fate = transit.fate
        self._longest_ns = transit.longest_ns
        self._receivers: dict[str, Receiver] = {}
        self._links: dict[tuple[str, str], tuple[MessageCounts, Receiver]] = {}
        """The links in use: the count that their messages belong to, and who gets them."""
        self._grudges: dict[str, Grudge] = {}
        self._cut: Grudge = {}
        self._down: set[str] = set()
        self._next_id = 0
        self._counted_id = COUNTED
        self._counted_ns = 0
        self._excess = 0
        self._watched_in_flight = min(MIN_IN_FLIGHT, MAX_IN_FLIGHT)
        self.in_flight = 0
        """How many messages are under way."""

    def connect(self, name: str, deliver: Deliver) -> None:
        """Let `deliver(source, body, line)` have the messages sent to `name`.

        The body is the receiver's own: nobody else has it, and it may be changed.
        """
        if name in self._receivers:  # a node's next life, which gets what still waits
            self._receivers[name].deliver = deliver
        else:
            self._receivers[name] = Receiver(deliver)

    def disconnect(self, name: str) -> None:
        """Forget `name`: messages on their way to it are lost."""
        self._receivers.pop(name).deliver = None
        self._links.clear()

    def cut(self, name: str, grudge: Grudge) -> None:
        """From now on each node of `grudge` drops what the nodes named there send it.

        Cuts of different names add up; an empty grudge ends the one called `name`.
        """
        self._grudges[name] = grudge
        self._cut = {}
        for part in self._grudges.values():
            for node, dropped in part.items():
                self._cut[node] = self._cut.get(node, frozenset()) | dropped

    def set_down(self, name: str, is_down: bool) -> None:
        """Drop what is sent to `name` while it is down."""
        (self._down.add if is_down else self._down.discard)(name)

    def send(self, src: str, dest: str, body: dict[str, Any]) -> None:
        """Send `body`, encoded here, as clients and services do."""
        line, message = packed(src, dest, body)
        self.send_line(src, dest, (message or reread(line))["body"], line)

    def send_line(self, src: str, dest: str, body: dict[str, Any], line: bytes) -> None:
        """Send a message that was read from `line`.

        Raises:
            UnknownAddress: when the network has no such source or destination.
            BrokenTest: when more messages are under way than any sensible node sends.
        """
        counts, receiver = self._links.get((src, dest)) or self._open_link(src, dest)
        now_ns = self._now_ns()
        message_id = self._next_id
        self._next_id = message_id + 1
        self._journal.send(now_ns, message_id, line)
        counts.sent += 1
        if message_id >= self._counted_id:
            self._look_at_rate(src, dest, body, now_ns)
        fate = self._fate(src, dest, body, now_ns, counts is self.stats.clients)
        if not fate:
            self._journal.drop(now_ns, message_id)
            return
        self.in_flight += len(fate)
        if self.in_flight > self._watched_in_flight:
            self._look_at_flood(src, dest, body)
        self._enqueue(receiver, (fate[0], message_id, src, dest, body, line, counts), now_ns)
        for due_ns in fate[1:]:  # copies are messages of their own
            copy_id = self._next_id
            self._next_id = copy_id + 1
            self._journal.send(now_ns, copy_id, line)
            copy = (due_ns, copy_id, src, dest, _body(line), line, counts)
            self._enqueue(receiver, copy, now_ns)

    def _look_at_flood(self, src: str, dest: str, body: dict[str, Any]) -> None:
        """Break the test when more is under way than any sensible node sends."""
        for_pairs = IN_FLIGHT_PER_PAIR * len(self._receivers) ** 2
        allowed = min(MAX_IN_FLIGHT, max(MIN_IN_FLIGHT, for_pairs, self._at_once))
        if self.in_flight > allowed:
            raise BrokenTest(
                f"more than {allowed:,} messages are under way at once, the last a "
                f"{body.get('type')!r} from {src} to {dest}: a node floods the network",
                src,
            )

    @property
    def _at_once(self) -> int:
        """How many messages the requests of clients so far may cause at once."""
        return AT_ONCE_PER_REQUEST * self.stats.clients.sent

    def _look_at_rate(self, src: str, dest: str, body: dict[str, Any], now_ns: int) -> None:
        """Break the test when messages bounce to and fro so fast that time hardly goes on.

        What is too fast adds up, and what is slower takes off from it: a burst is no flood.
        """
        since_ns = now_ns - self._counted_ns
        self._counted_id, self._counted_ns = self._next_id + COUNTED, now_ns
        allowed = max(MIN_PER_S, PER_S_AND_PAIR * len(self._receivers) ** 2)
        self._excess = max(0, self._excess + COUNTED - allowed * since_ns // 1_000_000_000)
        if self._excess > self._at_once:
            raise BrokenTest(
                f"{COUNTED:,} messages were sent within {since_ns / 1_000_000:.1f} ms, the last a "
                f"{body.get('type')!r} from {src} to {dest}: a node floods the network",
                src,
            )

    def _open_link(self, src: str, dest: str) -> tuple[MessageCounts, Receiver]:
        if src not in self._receivers or dest not in self._receivers:
            unknown = dest if src in self._receivers else src
            raise UnknownAddress(f"there is no {unknown!r} in the network")
        to_client = is_client(src) or is_client(dest)
        counts = self.stats.clients if to_client else self.stats.servers
        link = self._links[src, dest] = counts, self._receivers[dest]
        return link

    def _enqueue(self, receiver: Receiver, parcel: Parcel, now_ns: int) -> None:
        """Put a message into its receiver's queue: now, or later what a fault holds up."""
        enters_ns = parcel[0] - self._longest_ns
        if enters_ns > now_ns:
            self._at(enters_ns, self._put, receiver, parcel)
        else:
            self._put(receiver, parcel)

    def _put(self, receiver: Receiver, parcel: Parcel) -> None:
        heappush(receiver.queue, parcel)
        if not receiver.is_waiting:
            self._take_next(receiver)

    def _take_next(self, receiver: Receiver) -> None:
        """Take the message that is due first, and wait for it unless its sender is cut off."""
        queue = receiver.queue
        while queue:
            parcel = heappop(queue)
            if self._cut and parcel[2] in self._cut.get(parcel[3], ()):
                self._drop(parcel)
            else:
                receiver.is_waiting = True
                self._at(parcel[0], self._arrive, receiver, parcel)
                return
        receiver.is_waiting = False

    def _arrive(self, receiver: Receiver, parcel: Parcel) -> None:
        _, message_id, src, dest, body, line, counts = parcel
        deliver = receiver.deliver
        if deliver is None:
            self.in_flight -= 1 + len(receiver.queue)
            receiver.queue.clear()
            receiver.is_waiting = False
            return
        self._take_next(receiver)  # before the message is handled: the node does that by itself
        if dest in self._down:
            self._drop(parcel)
            return
        self.in_flight -= 1
        self._journal.recv(self._now_ns(), message_id)
        counts.received += 1
        deliver(src, body, line)

    def _drop(self, parcel: Parcel) -> None:
        self.in_flight -= 1
        self._journal.drop(self._now_ns(), parcel[1])


def _body(line: bytes) -> dict[str, Any]:
    body: dict[str, Any] = loads(line)["body"]
    return body
