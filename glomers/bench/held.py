"""What a container holds, as a part of a list and of that list's pointers."""

from __future__ import annotations

from typing import Any, NamedTuple

from glomers.bench.pointers import WIDTH, pointers


class Held(NamedTuple):
    """The part `where` of a list with these pointers."""

    items: list[Any]
    pointers: bytes
    where: slice

    @classmethod
    def all(cls, items: list[Any]) -> Held:
        """A whole list."""
        return cls(items, pointers(items), slice(0, len(items)))

    def halves(self) -> tuple[list[Any], list[Any]]:
        """Names or keys and their values, each of which stand behind a seam."""
        start, stop = self.where.start, self.where.stop
        middle = (start + stop) // 2
        return self.items[start + 1 : middle], self.items[middle + 1 : stop]


def differing(before: Held, after: Held) -> tuple[int, list[Any], list[Any]]:
    """Where two parts begin to differ, and what they have between what is the same."""
    here, there = before.pointers, after.pointers
    old, new = before.where.start * WIDTH, after.where.start * WIDTH
    old_end, new_end = before.where.stop * WIDTH, after.where.stop * WIDTH
    first, most = 0, min(old_end - old, new_end - new) // WIDTH
    shorter = most
    while first < most:  # the largest number of items that are the same in the beginning
        middle = (first + most + 1) // 2
        start, stop = first * WIDTH, middle * WIDTH
        if here[old + start : old + stop] == there[new + start : new + stop]:
            first = middle
        else:
            most = middle - 1
    last, most = 0, shorter - first
    while last < most:  # and in the end
        middle = (last + most + 1) // 2
        start, stop = middle * WIDTH, last * WIDTH
        if here[old_end - start : old_end - stop] == there[new_end - start : new_end - stop]:
            last = middle
        else:
            most = middle - 1
    return (
        first,
        before.items[before.where.start + first : before.where.stop - last],
        after.items[after.where.start + first : after.where.stop - last],
    )
