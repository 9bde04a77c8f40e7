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

    _same_bytes = ctypes.CDLL(None).memcmp
    _same_bytes.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)
    _POINTER_BYTES = ctypes.sizeof(ctypes.c_void_p)
except (ImportError, OSError, TypeError, AttributeError):  # no ctypes, or no such library
    _POINTER_BYTES = 0

WIDTH = array("Q").itemsize
"""Bytes for each object."""
_SLOT = 2 * WIDTH
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

    def _copy(self) -> None:
        self._slots = self._slots_now()
        self._table = ctypes.create_string_buffer(self._slots * _SLOT)
        self._address = ctypes.addressof(self._table)
        ctypes.memmove(self._address, _number_at(id(self._set) + _SET_TABLE), self._slots * _SLOT)

    def _slots_now(self) -> int:
        return _number_at(id(self._set) + _SET_MASK) + 1

    def has_changed(self) -> bool:
        if self._slots_now() != self._slots:
            return True
        return not self._is_same(_number_at(id(self._set) + _SET_TABLE), 0, self._slots)

    def _is_same(self, table: int, start: int, stop: int) -> bool:
        """Whether the slots from `start` to `stop` are what they were."""
        offset, length = start * _SLOT, (stop - start) * _SLOT
        return bool(_same_bytes(table + offset, self._address + offset, length) == 0)

    def changes(self) -> tuple[list[Any], list[Any]]:
        if self._slots_now() != self._slots:  # it has been laid out anew
            changes = super().changes()
            self._copy()
            return changes
        table = _number_at(id(self._set) + _SET_TABLE)
        start, stop = self._differing(table)
        was, now = self._keys(self._address, start, stop), self._keys(table, start, stop)
        offset = start * _SLOT
        ctypes.memmove(self._address + offset, table + offset, (stop - start) * _SLOT)
        still, objects = set(now), self._objects
        # What is none of a member's stands for a free slot, or for one that has become free.
        gone = [objects.pop(key) for key in was if key in objects and key not in still]
        new = [key for key in now if key not in objects and key not in _FREE]
        added = [ctypes.cast(key, ctypes.py_object).value for key in new]
        objects.update(zip(new, added, strict=True))
        return gone, added

    def _differing(self, table: int) -> tuple[int, int]:
        """Where in the table what has changed begins and ends, at most."""
        first, most = 0, self._slots
        while first < most:  # the largest number of slots that are the same in the beginning
            middle = (first + most + 1) // 2
            if self._is_same(table, first, middle):
                first = middle
            else:
                most = middle - 1
        is_one = self._is_same(table, first + 1, self._slots) if first < self._slots else True
        return first, min(first + 1, self._slots) if is_one else self._slots

    @staticmethod
    def _keys(table: int, start: int, stop: int) -> list[int]:
        return _keys_in(ctypes.string_at(table + start * _SLOT, (stop - start) * _SLOT))


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
