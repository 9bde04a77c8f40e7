"""Consistent hashing: which node owns a key, such that few keys move when nodes come and go.

Nodes and keys are hashed to positions on a ring; a key belongs to the next node that follows it.
Each node stands at many places, so that the stretches of ring before it even out.

Source: Karger et al., "Consistent hashing and random trees", STOC 1997.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable
from hashlib import sha256


class HashRing:
    """A ring of `names`, each at `places` positions.

    >>> ring, larger = HashRing(["n0", "n1"]), HashRing(["n2", "n1", "n0"])
    >>> [ring.owner(key) for key in "abcdef"]
    ['n0', 'n1', 'n1', 'n0', 'n1', 'n1']
    >>> [larger.owner(key) for key in "abcdef"]
    ['n0', 'n2', 'n2', 'n0', 'n1', 'n2']
    """

    def __init__(self, names: Iterable[str], places: int = 128) -> None:
        points = sorted((_position(f"{name} {i}"), name) for name in names for i in range(places))
        self._positions = [position for position, _ in points]
        self._names = [name for _, name in points]

    def owner(self, key: str) -> str:
        """The name that owns `key`: the same on every node that has the same names.

        Raises:
            ValueError: when the ring has no names.
        """
        if not self._names:
            raise ValueError("a ring without nodes owns nothing")
        index = bisect(self._positions, _position(key)) % len(self._names)
        return self._names[index]


def _position(text: str) -> int:
    """A place on a ring of 2^64; not `hash()`, which differs from process to process."""
    return int.from_bytes(sha256(text.encode()).digest()[:8], "big")
