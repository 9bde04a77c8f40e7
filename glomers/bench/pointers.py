"""Which objects containers hold, without asking any object.

To compare two objects means to call code of theirs, `__eq__` and `__hash__`; which objects they are
is told by where they are.  CPython keeps that in arrays: of a list one pointer for each item, of a
set pointer and hash for each slot of its table.  To compare these arrays is many times as quick as
to go through the objects, of which none is touched.  Where they cannot be read, `id` is asked.
A dict has a tag in CPython up to 3.12 (PEP 509), so that one need not even look at what it holds.

Pointers say that objects are the same only as long as these are kept: else they may have gone, and
others come to be in their places.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable, Iterator
from typing import Any

try:
    import ctypes

    _same_bytes = ctypes.PyDLL(None).memcmp
    _same_bytes.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)
    _POINTER_BYTES = ctypes.sizeof(ctypes.c_void_p)
except (ImportError, OSError, TypeError, AttributeError):  # no ctypes, or no such library
    _POINTER_BYTES = 0

WIDTH = array("Q").itemsize
"""Bytes for each object."""
_SLOT = 2 * WIDTH
_SLOT_BITS = 8 * _SLOT
_FEW = 8
"""So many slots are looked at one by one, of more their halves are."""
_NEAR = 16
"""How many slots from what changed last one looks first for what has."""
_EDGE = 8
"""As near to the end of these what has changed is what one looks around from then on."""
_LIST_ARRAY = list.__basicsize__ - 2 * WIDTH  # behind it is how many items there is room for
_SET_HEAD = object.__basicsize__
_DICT_TAG = object.__basicsize__ + WIDTH  # behind how many keys there are
_LAST_WITH_TAGS = (3, 12)  # PEP 699 has done away with them
NO_TAG = memoryview(b"")
_SMALL = 64 * _SLOT
"""A table of so many bytes is compared as a whole in each look, a larger one by such parts."""
_LOOKS_PER_WINDOW = 8
"""In one of so many looks, as much of it."""


def by_id(items: list[Any]) -> bytes:
    """Where the items of an exact list are."""
    return array("Q", map(id, items)).tobytes()


def _from_memory(items: list[Any]) -> bytes:
    count = len(items)
    return ctypes.string_at(_number_at(id(items) + _LIST_ARRAY), count * WIDTH) if count else b""


def _number_at(address: int) -> int:
    return ctypes.c_void_p.from_address(address).value or 0


class ListById:
    """The items of a list, to be compared with those of others by where they are."""

    def __init__(self, items: list[Any]) -> None:
        self.items = items

    def is_same(self, others: list[Any]) -> bool:
        """Whether another list holds the very same objects."""
        return by_id(others) == by_id(self.items)


class ListByArray(ListById):
    """The same, by the list's array; the list is not to change."""

    def __init__(self, items: list[Any]) -> None:
        super().__init__(items)
        self._array = ctypes.c_void_p.from_address(id(items) + _LIST_ARRAY)
        self._count = len(items)
        self._bytes = ctypes.c_size_t(self._count * WIDTH)

    def is_same(self, others: list[Any]) -> bool:
        if len(others) != self._count:
            return False
        array = ctypes.c_void_p.from_address(id(others) + _LIST_ARRAY)
        return not _same_bytes(array, self._array, self._bytes)


def _no_tag(names: dict[Any, Any]) -> memoryview:
    """What stands for the tag of a dict that has none."""
    return NO_TAG


def _read_tag(names: dict[Any, Any]) -> memoryview:
    """The tag that CPython gives a dict (PEP 509), now and later, as long as the dict lives.

    It is one that no dict has had before whenever a key or value comes, goes or is another object.
    """
    return _numbers_at(id(names) + _DICT_TAG, 1)


class SetById:
    """The members of a set as they were when one last looked."""

    __slots__ = ("_objects", "_set")

    def __init__(self, members: Any) -> None:
        self._set = members
        self._objects = self._now()

    def rebind(self, members: Any) -> None:
        """Look at another set from now on."""
        self._set = members

    def has_changed(self) -> bool:
        """Whether the set has other members now."""
        return self._now().keys() != self._objects.keys()

    def changes(self) -> tuple[list[Any], list[Any]]:
        """The members that are gone, and those that have come; they count as seen from now on."""
        before, now = self._objects, self._now()
        self._objects = now
        gone = [member for pointer, member in before.items() if pointer not in now]
        return gone, [member for pointer, member in now.items() if pointer not in before]

    def _now(self) -> dict[int, Any]:
        return {id(member): member for member in members_of(self._set)}


class SetByTable(SetById):
    """The same, by a copy of the set's table.

    A member that comes takes a slot that was free, and so another number of them is.  As that is
    kept by the set itself, it is seen at once that members came or went, of a table of any size.
    One thing alone leaves it as it was: to clear a set and to fill it with just as many others.
    For this the table is compared in each look, a large one by parts, now and then another one: it
    may take some looks until the last of the others are seen.
    """

    __slots__ = (
        "_address",
        "_before",
        "_bytes",
        "_bytes_now",
        "_head",
        "_head_now",
        "_near",
        "_near_before",
        "_near_there",
        "_now_there",
        "_part",
        "_seen_at",
        "_table",
        "_until_window",
        "_window",
    )

    def __init__(self, members: Any) -> None:
        super().__init__(members)
        self._copy()

    def rebind(self, members: Any) -> None:
        super().rebind(members)
        self._find()
        self._seen_at = 0  # all of it is to be looked at, whatever it says of itself

    def _find(self) -> None:
        """Find what the set says of itself.

        That is how many slots are not free, how many members there are, the size of the table, and
        where it is.
        """
        self._head_now = _numbers_at(id(self._set) + _SET_HEAD, 4)

    def _copy(self) -> None:
        self._find()
        self._head = self._head_now.tolist()
        self._window, self._until_window = 0, 0
        self._bytes = (self._head[2] + 1) * _SLOT
        self._part = min(self._bytes, _SMALL)
        self._table = ctypes.create_string_buffer(self._bytes)
        self._address = ctypes.addressof(self._table)
        self._before = memoryview(self._table).cast("B").cast("Q")
        self._look_at(self._head[3])
        self._before[:] = self._now_there

    def _look_at(self, table: int) -> None:
        """Look at the table where it is; it is there as long as the set says so."""
        self._seen_at = table
        self._now_there = _numbers_at(table, self._bytes // WIDTH)
        self._bytes_now = self._now_there.cast("B")
        self._near = 0
        """Where the part begins around what changed last: where numbers lie that come in order."""
        self._near_there = self._bytes_now[:0]
        self._near_before = 0
        """What this part held, as one number."""

    def has_changed(self) -> bool:
        if self._head_now.tolist() != self._head:
            return True
        if self._until_window:
            self._until_window -= 1
            return False
        start = self._window
        if self._part < self._bytes:
            self._window = (start + self._part) % self._bytes
            self._until_window = _LOOKS_PER_WINDOW - 1
        return bool(_same_bytes(self._seen_at + start, self._address + start, self._part))

    def changes(self) -> tuple[list[Any], list[Any]]:
        before, head = self._head, self._head_now.tolist()
        if head[2] != before[2]:  # it has been laid out anew
            changes = super().changes()
            self._copy()
            return changes
        self._head = head
        if head[3] != self._seen_at:
            self._look_at(head[3])
        elif head[0] - before[0] == head[1] - before[1] > 0:  # members came, and none went
            added = self._come(head[1] - before[1])
            if added:
                return [], added
        return self._differing()

    def _come(self, count: int) -> list[Any]:
        """So many members that have come, if all of them are near what came last; else none."""
        now = int.from_bytes(self._near_there, "little")
        bits = now ^ self._near_before
        if not bits:
            return []
        first = ((bits & -bits).bit_length() - 1) // _SLOT_BITS
        last = (bits.bit_length() - 1) // _SLOT_BITS
        slots = [self._near + first]
        if first != last:
            slots = self._slots_that_differ(self._near + first, self._near + last + 1)
        if len(slots) != count:
            return []
        self._near_before = now
        if not _EDGE <= first <= 2 * _NEAR - _EDGE:
            self._be_near(slots[0])
        return [*map(self._take, slots)]

    def _take(self, slot: int) -> Any:
        """The member in a slot, which counts as seen."""
        at, now = 2 * slot, self._now_there
        key = self._before[at] = now[at]
        self._before[at + 1] = now[at + 1]
        member = ctypes.py_object.from_address(self._seen_at + slot * _SLOT).value
        self._objects[key] = member
        return member

    def _be_near(self, slot: int) -> None:
        """Look first at the part of the table around a slot, all of which has been seen."""
        self._near = max(slot - _NEAR, 0)
        self._near_there = self._bytes_now[self._near * _SLOT : (slot + _NEAR) * _SLOT]
        self._near_before = int.from_bytes(self._near_there, "little")

    def _differing(self) -> tuple[list[Any], list[Any]]:
        """The members that are gone, and those that have come, wherever."""
        before, now_there, objects = self._before, self._now_there, self._objects
        slots = self._slots_that_differ(0, self._bytes // _SLOT)
        was = [before[2 * slot] for slot in slots]
        there = {now_there[2 * slot] for slot in slots}
        # What is none of a member's stands for a free slot, or for one that has become free.
        gone = [objects.pop(key) for key in was if key in objects and key not in there]
        come = []
        for slot in slots:
            key = now_there[2 * slot]
            if key not in objects and key not in _FREE:
                come.append(self._take(slot))
            else:
                before[2 * slot : 2 * slot + 2] = now_there[2 * slot : 2 * slot + 2]
        if slots:
            self._be_near(slots[0])
        return gone, come

    def _slots_that_differ(self, low: int, high: int) -> list[int]:
        """The slots of a part that have changed, by halves, of which most are the same."""
        table, copy, before, now = self._seen_at, self._address, self._before, self._now_there
        found: list[int] = []
        parts = [(low, high)]
        while parts:
            low, high = parts.pop()
            start = low * _SLOT
            if not _same_bytes(table + start, copy + start, high * _SLOT - start):
                continue
            if high - low <= _FEW:
                halves = range(2 * low, 2 * high)
                found += sorted({half // 2 for half in halves if before[half] != now[half]})
            else:
                middle = (low + high) // 2
                parts += (middle, high), (low, middle)
        return found


def _numbers_at(address: int, count: int) -> memoryview:
    """So many numbers as they are in memory, now and later."""
    return memoryview((ctypes.c_size_t * count).from_address(address)).cast("B").cast("Q")


def members_of(members: Any) -> Iterator[Any]:
    """The members of a set or frozenset, whatever its class says."""
    kind = set if issubclass(type(members), set) else frozenset
    return kind.__iter__(members)


def _free_keys() -> frozenset[int] | None:
    """What stands in a table where there is no member; None when it cannot be read like that."""
    if sys.implementation.name != "cpython" or _POINTER_BYTES != WIDTH:
        return None
    item = object()
    if _from_memory([item]) != by_id([item]):
        return None
    probe = set(range(1, 6))
    watched = SetByTable(probe)
    found = set(watched._before[::2])
    free = found - set(map(id, probe))
    probe.discard(1)
    watched._copy()
    found = set(watched._before[::2])
    free |= found - set(map(id, probe))  # 1 was there
    return frozenset(free) if found == free | set(map(id, probe)) and 0 in free else None


def _has_tags() -> bool:
    """Whether dicts have tags, which are where they are thought to be."""
    if _free is None or sys.version_info[:2] > _LAST_WITH_TAGS:
        return False
    probe: dict[int, object] = {}
    tag, seen = _read_tag(probe), set()
    changes: tuple[Callable[[], None], ...] = (
        lambda: probe.update({1: object(), 2: object()}),
        lambda: probe.__setitem__(1, object()),
        lambda: probe.__delitem__(1),
        probe.clear,
    )
    for change in changes:
        seen.add(tag.tobytes())
        change()
    return len(seen | {tag.tobytes()}) == len(changes) + 1


_free = _free_keys()
_FREE: frozenset[int] = _free or frozenset()
pointers: Callable[[list[Any]], bytes] = by_id if _free is None else _from_memory
ListCopy: type[ListById] = ListById if _free is None else ListByArray
SetCopy: type[SetById] = SetById if _free is None else SetByTable
tag_of: Callable[[dict[Any, Any]], memoryview] = _read_tag if _has_tags() else _no_tag
