"""The keys that transactions and logs work on: a pool in which keys are used up and replaced."""

from __future__ import annotations

import random
from bisect import bisect
from itertools import accumulate

KEY_COUNT = 10


class KeyPool:
    """A few keys at a time, each twice as likely as the one before it, each written so often.

    Every write to a key has a value of its own: 1, 2, …  A key that has had all its writes makes
    way for the next integer.

    Args:
        size: how many keys there are at a time.
        max_writes: how many writes a key gets.
        rng: decides which key is next.
    """

    def __init__(self, size: int | None, max_writes: int, rng: random.Random) -> None:
        self._keys = list(range(size or KEY_COUNT))
        self._cumulated_weights = list(accumulate(2**i for i in range(len(self._keys))))
        self._writes = dict.fromkeys(self._keys, 0)
        self._max_writes = max_writes
        self._rng = rng

    def draw(self) -> int:
        """A key to read."""
        return self._keys[self._draw_index()]

    def draw_write(self) -> tuple[int, int] | None:
        """A key to write and the value; None when the key drawn was used up and is replaced."""
        index = self._draw_index()
        key = self._keys[index]
        if self._writes[key] == self._max_writes:
            del self._writes[key]
            self._keys[index] = max(self._keys) + 1
            self._writes[self._keys[index]] = 0
            return None
        self._writes[key] += 1
        return key, self._writes[key]

    def _draw_index(self) -> int:
        weights = self._cumulated_weights
        return bisect(weights, self._rng.random() * weights[-1])
