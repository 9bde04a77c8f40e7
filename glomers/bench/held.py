"""What a container holds, as a part of a list and of that list's pointers."""

from __future__ import annotations

from typing import Any, NamedTuple

from glomers.bench.pointers import WIDTH, pointers

Part = tuple[bytes, int, int]
"""A part of some pointers: from which item to which."""


class Held(NamedTuple):
    """The part `where` of a list with these pointers."""

    items: list[Any]
    pointers: bytes
    where: slice

    @classmethod
    def all(cls, items: list[Any]) -> Held:
        """A whole list."""
        return cls(items, pointers(items), slice(0, len(items)))

    @property
    def size(self) -> int:
        """How many items there are."""
        size: int = self.where.stop - self.where.start
        return size

    def halves(self) -> tuple[Held, Held]:
        """Names or keys and their values, each of which stand behind a seam."""
        start, stop = self.where.start, self.where.stop
        middle = (start + stop) // 2
        return self._part(min(start + 1, stop), middle), self._part(min(middle + 1, stop), stop)

    def beginning(self, count: int) -> Held:
        """The first items."""
        return self._part(self.where.start, self.where.start + count)

    def _part(self, start: int, stop: int) -> Held:
        return Held(self.items, self.pointers, slice(start, stop))

    def begins_with(self, other: Held) -> bool:
        """Whether the first items are those of another part."""
        if other.size > self.size:
            return False
        return self.beginning(other.size)._bytes() == other._bytes()

    def _bytes(self) -> bytes:
        return self.pointers[self.where.start * WIDTH : self.where.stop * WIDTH]

    def listed(self, which: slice) -> list[Any]:
        """Some of the items."""
        start, stop, _ = which.indices(self.size)
        return self.items[self.where.start + start : self.where.start + stop]


def differing(before: Held, after: Held) -> tuple[int, list[Any], list[Any]]:
    """Where two parts begin to differ, and what they have between what is the same."""
    here, there = before.where, after.where
    parts = (before.pointers, here.start, here.stop), (after.pointers, there.start, there.stop)
    first = same_beginning(*parts)
    last = _same_end(*parts, first)
    return (
        first,
        before.items[here.start + first : here.stop - last],
        after.items[there.start + first : there.stop - last],
    )


def same_beginning(before: Part, after: Part) -> int:
    """How many items are the same in the beginning of two parts."""
    (old, old_start, old_stop), (new, new_start, new_stop) = before, after
    first, most = 0, min(old_stop - old_start, new_stop - new_start)
    old_start, new_start = old_start * WIDTH, new_start * WIDTH
    while first < most:
        middle = (first + most + 1) // 2
        start, stop = first * WIDTH, middle * WIDTH
        if old[old_start + start : old_start + stop] == new[new_start + start : new_start + stop]:
            first = middle
        else:
            most = middle - 1
    return first


def _same_end(before: Part, after: Part, first: int) -> int:
    """The same for the end, of what is left behind the first items."""
    (old, old_start, old_stop), (new, new_start, new_stop) = before, after
    last, most = 0, min(old_stop - old_start, new_stop - new_start) - first
    old_stop, new_stop = old_stop * WIDTH, new_stop * WIDTH
    while last < most:
        middle = (last + most + 1) // 2
        start, stop = middle * WIDTH, last * WIDTH
        if old[old_stop - start : old_stop - stop] == new[new_stop - start : new_stop - stop]:
            last = middle
        else:
            most = middle - 1
    return last


NOTHING = Held.all([])
