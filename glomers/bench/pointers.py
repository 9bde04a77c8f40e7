"""Whether containers hold the very same objects as before, without asking any object.

To compare two objects means to call code of theirs, `__eq__` and `__hash__`; which objects they are
is told by where they are.  CPython keeps that in arrays: of a list one pointer for each item, of a
set pointer and hash for each slot of its table.  To read these arrays is many times as quick as to
go through the objects, of which none is touched.  Where they cannot be read, `id` is asked.

What is read says that objects are the same only as long as they are kept: else they may have gone,
and others come to be in their places.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable
from typing import Any, NamedTuple

WIDTH = array("Q").itemsize
"""Bytes for each object."""
_HEADER = object.__basicsize__


class Reader(NamedTuple):
    """How containers are read.

    `pointers` gives where the items of an exact list are, `table` where the members of a set are,
    with something else behind each, and `object_at` the member that is at a pointer.
    """

    pointers: Callable[[list[Any]], bytes]
    table: Callable[[Any], bytes]
    object_at: Callable[[Any, int], Any]
    nothing: frozenset[int]
    """The pointers in a table that are none of members."""


def _ids(items: list[Any]) -> bytes:
    return array("Q", map(id, items)).tobytes()


def _ids_in_set(members: Any) -> bytes:
    kind = set if issubclass(type(members), set) else frozenset
    return array("Q", [n for item in kind.__iter__(members) for n in (id(item), 0)]).tobytes()


def _found(members: Any, pointer: int) -> Any:
    kind = set if issubclass(type(members), set) else frozenset
    return next(item for item in kind.__iter__(members) if id(item) == pointer)


BY_ID = Reader(_ids, _ids_in_set, _found, frozenset())
"""Works with any Python."""


def _from_memory() -> Reader | None:
    """A reader of memory, if containers here are laid out as it thinks."""
    try:
        from ctypes import c_void_p, cast, py_object, sizeof, string_at
    except ImportError:  # a Python without ctypes
        return None
    if sys.implementation.name != "cpython" or sizeof(c_void_p) != WIDTH:
        return None
    array_at = list.__basicsize__ - 2 * WIDTH  # behind it is how many items there is room for
    mask_at, table_at = _HEADER + 2 * WIDTH, _HEADER + 3 * WIDTH  # before: slots in use, members
    number_at = c_void_p.from_address

    def pointers(items: list[Any]) -> bytes:
        count = len(items)
        return (
            string_at(number_at(id(items) + array_at).value or 0, count * WIDTH) if count else b""
        )

    def table(members: Any) -> bytes:
        where = id(members)
        slots = (number_at(where + mask_at).value or 0) + 1
        return string_at(number_at(where + table_at).value or 0, slots * 2 * WIDTH)

    def object_at(members: Any, pointer: int) -> Any:
        return cast(pointer, py_object).value

    probe, item = set(range(5)), object()
    if array("Q", pointers([item])).tolist() != [id(item)]:
        return None
    empty = set(keys_in(table(probe))) - set(map(id, probe))
    probe.discard(1)
    empty |= set(keys_in(table(probe))) - set(map(id, probe))  # a member was there
    fits = set(map(id, probe)) | empty == set(keys_in(table(probe))) and 0 in empty
    return Reader(pointers, table, object_at, frozenset(empty)) if fits else None


def keys_in(table: bytes) -> list[int]:
    """The pointers in a set's table."""
    return array("Q", table)[::2].tolist()


READER = _from_memory() or BY_ID
pointers = READER.pointers
