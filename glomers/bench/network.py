"""The simulated network: delays, partitions, the journal and the counts of messages.

Delays apply between servers (nodes and services) only, so that clients seem to sit beside their
node; a partition drops a message when it would be delivered, and cuts links between nodes only
(`MAELSTROM` documentation, "network").  In virtual time every hop also costs a little, drawn at
random: it stands for the time that a real node needs to read, handle and write a message.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

from glomers.bench.checkers.net import NetStats
from glomers.bench.clock import Clock
from glomers.bench.errors import BrokenTest
from glomers.formats.journal import JournalWriter
from glomers.protocol import dumps

Deliver = Callable[[str, dict[str, Any], bytes], None]

NS_PER_MS = 1_000_000
HOP_NS_MIN = 20_000
HOP_NS_RANGE = 180_000
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
        latency_ms: mean delay between servers.
        distribution: `constant`, `uniform` (0 to twice the mean) or `exponential`.
        rng: decides delays and the cost of hops.
    """

    def __init__(
        self,
        clock: Clock,
        journal: JournalWriter,
        latency_ms: int,
        distribution: str,
        rng: random.Random,
    ) -> None:
        self.stats = NetStats()
        self._now_ns = clock.now_ns
        self._at = clock.at
        self._journal = journal
        self._latency_ns = latency_ms * NS_PER_MS
        self._distribution = distribution
        self._rng = rng
        self._random = rng.random
        self._hop_cost = clock.name == "virtual"
        self._is_constant = distribution == "constant" or latency_ms == 0
        self._endpoints: dict[str, Deliver] = {}
        self._cut: Mapping[str, frozenset[str]] = {}
        self._last_due_ns: dict[tuple[str, str], int] = {}
        self._next_id = 0
        self._in_flight = 0

    def connect(self, name: str, deliver: Deliver) -> None:
        """Let `deliver(source, body, line)` have the messages sent to `name`."""
        self._endpoints[name] = deliver

    def disconnect(self, name: str) -> None:
        """Forget `name`: messages on their way to it are lost."""
        del self._endpoints[name]

    def partition(self, grudge: Mapping[str, frozenset[str]]) -> None:
        """From now on each node of `grudge` drops what the nodes named there send it."""
        self._cut = grudge

    def heal(self) -> None:
        """End every partition."""
        self._cut = {}

    def send(self, src: str, dest: str, body: dict[str, Any]) -> None:
        """Send `body`, encoded here, as clients and services do."""
        self.send_line(src, dest, body, dumps({"src": src, "dest": dest, "body": body}))

    def send_line(self, src: str, dest: str, body: dict[str, Any], line: bytes) -> None:
        """Send a message that stands encoded in `line` already.

        Raises:
            UnknownAddress: when the network has no such source or destination.
            BrokenTest: when more messages are under way than any sensible node sends.
        """
        if src not in self._endpoints or dest not in self._endpoints:
            unknown = dest if src in self._endpoints else src
            raise UnknownAddress(f"there is no {unknown!r} in the network")
        message_id = self._next_id
        self._next_id += 1
        self._in_flight += 1
        if self._in_flight > MAX_IN_FLIGHT:
            raise BrokenTest(
                f"more than {MAX_IN_FLIGHT:,} messages are under way at once, the last from "
                f"{src} to {dest}: a node floods the network"
            )
        to_client = src.startswith(CLIENT) or dest.startswith(CLIENT)
        now_ns = due_ns = self._now_ns()
        self._journal.send(now_ns, message_id, line)
        self.stats.count_send(to_client)
        if not to_client:
            due_ns += self._latency_ns if self._is_constant else self._draw_latency_ns()
        if self._hop_cost:
            due_ns = self._add_hop(src, dest, due_ns)
        self._at(due_ns, self._arrive, message_id, src, dest, body, line, to_client)

    def _draw_latency_ns(self) -> int:
        if self._distribution == "uniform":
            return self._rng.randrange(2 * self._latency_ns + 1)
        return round(self._rng.expovariate(1 / self._latency_ns))

    def _add_hop(self, src: str, dest: str, due_ns: int) -> int:
        """Add the cost of a hop; messages that are equally delayed do not overtake each other."""
        due_ns += HOP_NS_MIN + int(self._random() * HOP_NS_RANGE)
        if self._is_constant:
            link = (src, dest)
            before_ns = self._last_due_ns.get(link, 0)
            if due_ns <= before_ns:
                due_ns = before_ns + 1
            self._last_due_ns[link] = due_ns
        return due_ns

    def _arrive(
        self,
        message_id: int,
        src: str,
        dest: str,
        body: dict[str, Any],
        line: bytes,
        to_client: bool,
    ) -> None:
        self._in_flight -= 1
        deliver = self._endpoints.get(dest)
        if deliver is None:
            return
        now_ns = self._now_ns()
        if self._cut and src in self._cut.get(dest, ()):
            self._journal.drop(now_ns, message_id)
            return
        self._journal.recv(now_ns, message_id)
        self.stats.count_recv(to_client)
        deliver(src, body, line)
