"""What a container held when one last looked: a list, and that list's pointers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from glomers.bench.pointers import WIDTH, pointers

SEAM = (object(),)
"""Stands before what a source gives, so that nothing moves unseen from one to the next."""


class Held(NamedTuple):
    """What the sources of a container gave, each behind a seam."""

    items: list[Any]
    pointers: bytes

    @classmethod
    def by(cls, sources: Iterable[Iterable[Any]]) -> Held:
        """What sources give now."""
        items: list[Any] = []
        for source in sources:
            items += SEAM
            items += source
        return cls(items, pointers(items))

    def entries(self) -> tuple[list[Any], list[Any], bytes]:
        """Names or keys, their values, and the pointers of the former."""
        middle = len(self.items) // 2
        return self.items[1:middle], self.items[middle + 1 :], self.pointers[WIDTH : middle * WIDTH]


def differing(before: Held, after: Held) -> tuple[int, list[Any], list[Any]]:
    """Where two begin to differ, and what they have between what is the same."""
    most = min(len(before.items), len(after.items))
    first = _same_beginning(before.pointers, after.pointers, most)
    last = _same_end(before.pointers, after.pointers, most - first)
    return (
        first,
        before.items[first : len(before.items) - last],
        after.items[first : len(after.items) - last],
    )


def _same_beginning(old: bytes, new: bytes, most: int) -> int:
    """How many items are the same in the beginning, of so many."""
    first = 0
    while first < most:
        middle = (first + most + 1) // 2
        part = slice(first * WIDTH, middle * WIDTH)
        if old[part] == new[part]:
            first = middle
        else:
            most = middle - 1
    return first


def _same_end(old: bytes, new: bytes, most: int) -> int:
    """How many items are the same in the end, of so many."""
    last, old_stop, new_stop = 0, len(old), len(new)
    while last < most:
        middle = (last + most + 1) // 2
        start, stop = middle * WIDTH, last * WIDTH
        if old[old_stop - start : old_stop - stop] == new[new_stop - start : new_stop - stop]:
            last = middle
        else:
            most = middle - 1
    return last


NOTHING = Held.by([])
