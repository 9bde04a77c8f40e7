"""Which objects containers hold, without asking any object.

To compare two objects means to call code of theirs, `__eq__` and `__hash__`; which objects they are
is told by where they are.  CPython keeps that in arrays: of a list one pointer for each item, of a
set pointer and hash for each slot of its table.  To compare these arrays is many times as quick as
to go through the objects, of which none is touched.  Where they cannot be read, `id` is asked.

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
_NEAR = 16 * _SLOT
"""How far from what changed last one looks first for what has."""
_LIST_ARRAY = list.__basicsize__ - 2 * WIDTH  # behind it is how many items there is room for
_SET_MASK, _SET_TABLE = (object.__basicsize__ + n * WIDTH for n in (2, 3))


def by_id(items: list[Any]) -> bytes:
    """Where the items of an exact list are."""
    return array("Q", map(id, items)).tobytes()


def _from_memory(items: list[Any]) -> bytes:
    count = len(items)
    return ctypes.string_at(_number_at(id(items) + _LIST_ARRAY), count * WIDTH) if count else b""


def _number_at(address: int) -> int:
    return ctypes.c_void_p.from_address(address).value or 0


class SetById:
    """The members of a set as they were when one last looked."""

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
    """The same, by a copy of the set's table."""

    def __init__(self, members: Any) -> None:
        super().__init__(members)
        self._copy()

    def rebind(self, members: Any) -> None:
        super().rebind(members)
        self._find()

    def _find(self) -> None:
        """Find what says how large the table is now, and where."""
        self._mask_now = ctypes.c_size_t.from_address(id(self._set) + _SET_MASK)
        self._table_now = ctypes.c_void_p.from_address(id(self._set) + _SET_TABLE)

    def _copy(self) -> None:
        self._find()
        self._near = 0, 0
        """Around what changed last: of numbers that come one after another, so are the slots."""
        self._mask = self._mask_now.value
        self._bytes = (self._mask + 1) * _SLOT
        self._all = ctypes.c_size_t(self._bytes)
        self._table = ctypes.create_string_buffer(self._bytes)
        self._address = ctypes.addressof(self._table)
        self._start = ctypes.c_void_p(self._address)
        self._before = memoryview(self._table).cast("B")
        table = self._table_now.value or 0
        self._look_at(table)
        self._before[:] = self._now_there

    def _look_at(self, table: int) -> None:
        """Look at the table where it is; it is there as long as the set says so."""
        self._seen_at = table
        there = (ctypes.c_char * self._bytes).from_address(table)
        self._now_there = memoryview(there).cast("B")

    def has_changed(self) -> bool:
        if self._mask_now.value != self._mask:
            return True
        return bool(_same_bytes(self._table_now, self._start, self._all))

    def changes(self) -> tuple[list[Any], list[Any]]:
        if self._mask_now.value != self._mask:  # it has been laid out anew
            changes = super().changes()
            self._copy()
            return changes
        table = self._table_now.value or 0
        if table != self._seen_at:
            self._look_at(table)
        was, now = self._differing(table)
        objects = self._objects
        # What is none of a member's stands for a free slot, or for one that has become free.
        gone = [objects.pop(key) for key in was if key in objects and key not in now]
        new = [key for key in now if key not in objects and key not in _FREE]
        added = [ctypes.cast(key, ctypes.py_object).value for key in new]
        objects.update(zip(new, added, strict=True))
        return gone, added

    def _differing(self, table: int) -> tuple[list[int], list[int]]:
        """What was in the slots that have changed, and what is, which is copied."""
        copy, (start, stop), end = self._address, self._near, self._bytes
        if _same_bytes(table, copy, start) or _same_bytes(table + stop, copy + stop, end - stop):
            start = self._first(table)
            stop = start + _SLOT
            if _same_bytes(table + stop, copy + stop, end - stop):
                stop = end
        was, now = bytes(self._before[start:stop]), bytes(self._now_there[start:stop])
        if _SLOT < len(was) <= 2 * _NEAR:
            first, last = _differing_slots(was, now)
            was, now, start = was[first:last], now[first:last], start + first
        self._before[start : start + len(now)] = now
        self._near = max(start - _NEAR, 0), min(start + _NEAR, end)
        return _keys_in(was), _keys_in(now)

    def _first(self, table: int) -> int:
        """Where the first slot begins that has changed; the last one if none has."""
        copy, low, high = self._address, 0, self._mask + 1
        while high - low > 1:
            middle = (low + high) // 2
            start = low * _SLOT
            if _same_bytes(table + start, copy + start, middle * _SLOT - start):
                high = middle
            else:
                low = middle
        return low * _SLOT


def _differing_slots(was: bytes, now: bytes) -> tuple[int, int]:
    """From where to where slots differ."""
    bits = int.from_bytes(was, "little") ^ int.from_bytes(now, "little")
    first, last = (bits & -bits).bit_length() - 1, bits.bit_length() - 1
    return (first // 8 // _SLOT * _SLOT, (last // 8 // _SLOT + 1) * _SLOT) if bits else (0, 0)


def _keys_in(table: bytes) -> list[int]:
    return array("Q", table)[::2].tolist()


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
    found = set(_keys_in(watched._table.raw))
    free = found - set(map(id, probe))
    probe.discard(1)
    watched._copy()
    found = set(_keys_in(watched._table.raw))
    free |= found - set(map(id, probe))  # 1 was there
    return frozenset(free) if found == free | set(map(id, probe)) and 0 in free else None


_free = _free_keys()
_FREE: frozenset[int] = _free or frozenset()
pointers: Callable[[list[Any]], bytes] = by_id if _free is None else _from_memory
SetCopy: type[SetById] = SetById if _free is None else SetByTable
