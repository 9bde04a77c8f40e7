"""What becomes of messages on their way: when they arrive, and whether they do, once or twice.

A *fate* is a tuple of moments at which a message arrives: one as a rule, none when it is lost,
two when it is duplicated.  Fates are drawn as the command line asks for, or read from a script.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Protocol

NS_PER_MS = 1_000_000
HOP_NS_MIN = 20_000
HOP_NS_RANGE = 180_000
SCRIPTED_HOP_NS = 100_000
"""What a hop costs in a script that does not say otherwise: about the mean of what is drawn."""

LATENCY_FACTOR_MAX = {"constant": 1, "uniform": 2, "exponential": 20}
"""How many times the mean a delay can be; an exponential one is longer once in 500 million."""

Fate = tuple[int, ...]
Disturbance = Callable[[str, str, Fate], Fate]
"""Changes the fate of a message between two nodes: source, destination, fate so far."""
Fates = dict[str, list[list[int] | None]]
"""For each kind of message, in order of sending: its delays in ns; None for the usual one."""


def longest_transit_ns(latency_ms: int, distribution: str) -> int:
    """How long a message is under way at most when no fault holds it up; hops take less than 1 ms.

    A message that takes longer enters its receiver's queue that much later, so that it does not
    hold up the others as well.
    """
    return (LATENCY_FACTOR_MAX[distribution] * latency_ms + 1) * NS_PER_MS


class Transit(Protocol):
    """Decides the fates of messages."""

    longest_ns: int
    """See `longest_transit_ns`."""

    def fate(
        self, src: str, dest: str, body: Mapping[str, Any], now_ns: int, to_client: bool
    ) -> Fate:
        """When a message arrives that is sent now; `to_client`: from or to one."""

    def disturb(self, name: str, disturbance: Disturbance | None) -> None:
        """Let a fault called `name` change fates from now on; None: no longer."""


class Drawn:
    """Fates drawn at random.

    Args:
        latency_ms: mean delay between servers.
        distribution: `constant`, `uniform` (0 to twice the mean) or `exponential`.
        rng: decides delays and the cost of hops.
        hop_cost: whether every hop costs a little, as in virtual time.
    """

    def __init__(
        self, latency_ms: int, distribution: str, rng: random.Random, hop_cost: bool
    ) -> None:
        self.longest_ns = longest_transit_ns(latency_ms, distribution)
        self._latency_ns = latency_ms * NS_PER_MS
        self._distribution = distribution
        self._rng = rng
        self._random = rng.random
        self._hop_cost = hop_cost
        self._is_constant = distribution == "constant" or latency_ms == 0
        self._last_due_ns: dict[tuple[str, str], int] = {}
        self._disturbances: dict[str, Disturbance] = {}

    def fate(
        self, src: str, dest: str, body: Mapping[str, Any], now_ns: int, to_client: bool
    ) -> Fate:
        due_ns = now_ns
        if not to_client:
            due_ns += self._latency_ns if self._is_constant else self._draw_latency_ns()
        if self._hop_cost:
            due_ns += HOP_NS_MIN + int(self._random() * HOP_NS_RANGE)
            if self._is_constant:  # equally delayed messages do not overtake each other
                link = src, dest
                before_ns = self._last_due_ns.get(link, 0)
                if due_ns <= before_ns:
                    due_ns = before_ns + 1
                self._last_due_ns[link] = due_ns
        fate: Fate = (due_ns,)
        if self._disturbances and not to_client:
            for disturbance in self._disturbances.values():
                fate = disturbance(src, dest, fate)
        return fate

    def disturb(self, name: str, disturbance: Disturbance | None) -> None:
        if disturbance is None:
            self._disturbances.pop(name, None)
        else:
            self._disturbances[name] = disturbance

    def _draw_latency_ns(self) -> int:
        if self._distribution == "uniform":
            return self._rng.randrange(2 * self._latency_ns + 1)
        return round(self._rng.expovariate(1 / self._latency_ns))


def message_kind(src: str, dest: str, body: Mapping[str, Any]) -> str:
    """The name under which a script counts a message, such as `n0>n1 share`."""
    return f"{src}>{dest} {body.get('type')}"


class Recorded:
    """The fates that another transit decides, kept so that a script can repeat them."""

    def __init__(self, transit: Transit) -> None:
        self.fates: Fates = {}
        self.longest_ns = transit.longest_ns
        self.disturb = transit.disturb
        self._decide = transit.fate

    def fate(
        self, src: str, dest: str, body: Mapping[str, Any], now_ns: int, to_client: bool
    ) -> Fate:
        fate = self._decide(src, dest, body, now_ns, to_client)
        delays = [due_ns - now_ns for due_ns in fate]
        self.fates.setdefault(message_kind(src, dest, body), []).append(delays)
        return fate


class Scripted:
    """Fates as a script has them, and a constant delay for messages that it does not mention.

    A script counts the messages of the program that it was recorded with; of another one, the
    same number may be sent at any other time.  So nothing is lost, copied or held up unless a
    fault is at work that may do such things: else a message takes no longer than the latency
    that is asked for can give.
    """

    def __init__(self, fates: Fates, latency_ms: int, distribution: str) -> None:
        self.longest_ns = longest_transit_ns(latency_ms, distribution)
        self._fates = fates
        self._latency_ns = latency_ms * NS_PER_MS
        self._disturbances: set[str] = set()
        self._sent: Counter[str] = Counter()

    def fate(
        self, src: str, dest: str, body: Mapping[str, Any], now_ns: int, to_client: bool
    ) -> Fate:
        delays = self._told(src, dest, body) if self._fates else None
        if delays is not None and not self._disturbances:
            delays = [min(delay_ns, self.longest_ns) for delay_ns in delays[:1]] or None
        if delays is None:
            delays = [SCRIPTED_HOP_NS + (0 if to_client else self._latency_ns)]
        return tuple(now_ns + delay_ns for delay_ns in delays)

    def _told(self, src: str, dest: str, body: Mapping[str, Any]) -> list[int] | None:
        """The delays that the script has for this message."""
        kind = message_kind(src, dest, body)
        number = self._sent[kind]
        self._sent[kind] += 1
        told = self._fates.get(kind, ())
        return told[number] if number < len(told) else None

    def disturb(self, name: str, disturbance: Disturbance | None) -> None:
        """Remember which faults are at work: what they did to messages is in their fates."""
        (self._disturbances.discard if disturbance is None else self._disturbances.add)(name)
