"""The simulated network: delays, partitions, the journal and the counts of messages.

Delays apply between servers (nodes and services) only, so that clients seem to sit beside their
node; a partition drops a message when it would be delivered, and cuts links between nodes only
(`MAELSTROM` documentation, "network").  In virtual time every hop also costs a little, drawn at
random: it stands for the time that a real node needs to read, handle and write a message.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from glomers.bench.checkers.net import MessageCounts, NetStats
from glomers.bench.clock import Clock
from glomers.bench.errors import BrokenTest
from glomers.bench.faults.cuts import Grudge
from glomers.bench.record import Journal
from glomers.bench.transit import Transit
from glomers.protocol import dumps, loads, reread

Deliver = Callable[[str, dict[str, Any], bytes], None]

CLIENT = "c"
"""The first letter of clients' names, and of no others, as in Maelstrom."""
MAX_IN_FLIGHT = 200_000


class UnknownAddress(LookupError):
    """A message names a source or destination that the network does not have."""


class Network:
    """Carries messages between endpoints, each a function that takes what arrives.

    Args:
        clock: tells when a message is due.
        journal: gets every send, receipt and drop.
        transit: decides when messages arrive, and whether.
    """

    def __init__(self, clock: Clock, journal: Journal, transit: Transit) -> None:
        self.stats = NetStats()
        self._now_ns = clock.now_ns
        self._at = clock.at
        self._journal = journal
        self._fate = transit.fate
        self._endpoints: dict[str, Deliver] = {}
        self._links: dict[tuple[str, str], MessageCounts] = {}
        """The links in use, and the count that their messages belong to."""
        self._grudges: dict[str, Grudge] = {}
        self._cut: Grudge = {}
        self._down: set[str] = set()
        self._next_id = 0
        self._in_flight = 0

    def connect(self, name: str, deliver: Deliver) -> None:
        """Let `deliver(source, body, line)` have the messages sent to `name`.

        The body is the receiver's own: nobody else has it, and it may be changed.
        """
        self._endpoints[name] = deliver
        self._links.clear()

    def disconnect(self, name: str) -> None:
        """Forget `name`: messages on their way to it are lost."""
        del self._endpoints[name]
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
        line = dumps({"src": src, "dest": dest, "body": body})
        self.send_line(src, dest, reread(line)["body"], line)

    def send_line(self, src: str, dest: str, body: dict[str, Any], line: bytes) -> None:
        """Send a message that was read from `line`.

        Raises:
            UnknownAddress: when the network has no such source or destination.
            BrokenTest: when more messages are under way than any sensible node sends.
        """
        counts = self._links.get((src, dest)) or self._open_link(src, dest)
        now_ns = self._now_ns()
        message_id = self._next_id
        self._next_id = message_id + 1
        self._journal.send(now_ns, message_id, line)
        counts.sent += 1
        fate = self._fate(src, dest, body, now_ns, counts is self.stats.clients)
        if not fate:
            self._journal.drop(now_ns, message_id)
            return
        self._in_flight += len(fate)
        if self._in_flight > MAX_IN_FLIGHT:
            raise BrokenTest(
                f"more than {MAX_IN_FLIGHT:,} messages are under way at once, the last from "
                f"{src} to {dest}: a node floods the network"
            )
        self._at(fate[0], self._arrive, message_id, src, dest, body, line, counts)
        for due_ns in fate[1:]:  # copies are messages of their own
            copy_id = self._next_id
            self._next_id = copy_id + 1
            self._journal.send(now_ns, copy_id, line)
            self._at(due_ns, self._arrive, copy_id, src, dest, _body(line), line, counts)

    def _open_link(self, src: str, dest: str) -> MessageCounts:
        if src not in self._endpoints or dest not in self._endpoints:
            unknown = dest if src in self._endpoints else src
            raise UnknownAddress(f"there is no {unknown!r} in the network")
        to_client = src.startswith(CLIENT) or dest.startswith(CLIENT)
        counts = self.stats.clients if to_client else self.stats.servers
        self._links[src, dest] = counts
        return counts

    def _arrive(
        self,
        message_id: int,
        src: str,
        dest: str,
        body: dict[str, Any],
        line: bytes,
        counts: MessageCounts,
    ) -> None:
        self._in_flight -= 1
        deliver = self._endpoints.get(dest)
        if deliver is None:
            return
        now_ns = self._now_ns()
        if (self._cut and src in self._cut.get(dest, ())) or dest in self._down:
            self._journal.drop(now_ns, message_id)
            return
        self._journal.recv(now_ns, message_id)
        counts.received += 1
        deliver(src, body, line)


def _body(line: bytes) -> dict[str, Any]:
    body: dict[str, Any] = loads(line)["body"]
    return body
