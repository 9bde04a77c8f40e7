"""Whether a list holds the very same objects as another, without asking any object.

To compare two objects means to call code of theirs, `__eq__` and `__hash__`; which objects they are
is told by where they are.  CPython's lists keep that as an array of pointers, which is compared
thirty times as quickly as the results of `id`.  Where it cannot be read, `id` is asked.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable
from typing import Any

WIDTH = array("Q").itemsize
"""Bytes for each object."""


def _by_id(items: list[Any]) -> bytes:
    return array("Q", map(id, items)).tobytes()


def _from_memory() -> Callable[[list[Any]], bytes] | None:
    """A function that reads the array of a list, if lists here are laid out as it thinks."""
    try:
        from ctypes import c_void_p, sizeof, string_at
    except ImportError:  # a Python without ctypes
        return None
    if sys.implementation.name != "cpython" or sizeof(c_void_p) != WIDTH:
        return None
    array_at = list.__basicsize__ - 2 * WIDTH  # behind it is how many items there is room for
    from_address = c_void_p.from_address

    def pointers(items: list[Any]) -> bytes:
        count = len(items)
        return (
            string_at(from_address(id(items) + array_at).value or 0, count * WIDTH)
            if count
            else b""
        )

    return pointers


pointers: Callable[[list[Any]], bytes] = _from_memory() or _by_id
"""Where the items of an exact list are: equal for lists of the very same objects.

It says so only as long as both lists are kept: else their objects may have gone, and others come
to be in their places.
"""
