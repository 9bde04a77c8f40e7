"""A node's values as short texts, without ever calling the program's own code.

No `repr`, no `==`, no attribute of an object that its class could answer for: types are looked at,
and only what the built-in types themselves can do is done, `int.__repr__(x)` in place of `repr(x)`.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from types import (
    BuiltinFunctionType,
    FunctionType,
    GenericAlias,
    GetSetDescriptorType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
)
from typing import Any

from glomers.node import Node

MAX_CHARACTERS = 200
"""How long the text of a variable can be."""
MAX_MEMBER_CHARACTERS = 60
"""The same of a member of a container, and of a key in a path."""
_MAX_BITS = 512
_DEPTH = 3


def ids_of(*kinds: type) -> frozenset[int]:
    """Where types are: to ask a type whether it is one of them, `in` would ask its metaclass."""
    return frozenset(map(id, kinds))


FIXED = ids_of(int, float, complex, bool, type(None), str, bytes, type(Ellipsis), range)
"""Kinds of values that hold nothing and stay what they are, by id."""
_TUPLES = ids_of(tuple, frozenset)
_CONSTANTS = ids_of(bool, type(None))
_NOT_STATE = (FunctionType, BuiltinFunctionType, MethodType, ModuleType, GenericAlias, type, Node)
_CONTAINERS = (list, tuple, set, frozenset, dict, deque)
_mro_of = type.__dict__["__mro__"].__get__
_names_of = type.__dict__["__dict__"].__get__
_name_of = type.__dict__["__name__"].__get__
_bits_of = int.bit_length
_digits_of = int.__repr__


def is_one(value: Any, kinds: type | tuple[type, ...]) -> bool:
    """`isinstance`, but what the value itself says about its class does not count."""
    return issubclass(type(value), kinds)


def is_state(value: Any) -> bool:
    """Whether a value can be a variable of interest: no function, class, module, nor the node."""
    return not is_one(value, _NOT_STATE)


def is_fixed(value: Any, depth: int = _DEPTH) -> bool:
    """Whether a value is what it is for ever, as far as its text shows it."""
    kind = type(value)
    if id(kind) in FIXED:
        return True
    if id(kind) in _TUPLES:
        items: Iterable[Any] = value
        return depth == 0 or all(is_fixed(item, depth - 1) for item in items)
    return not issubclass(kind, _CONTAINERS)


def text_of(value: Any, room: int = MAX_CHARACTERS) -> str:
    """A value in at most about `room` characters."""
    simple = _TEXTS_BY_ID.get(id(type(value)))
    if simple is not None:
        text = simple(value)
        return text if len(text) <= room else f"{text[: room - 1]}…"
    parts: list[str] = []
    left = room
    for part in _parts(value, room, _DEPTH):
        parts.append(part)
        left -= len(part)
        if left < 0:
            return "".join(parts)[: room - 1] + "…"
    return "".join(parts)


def key_text(key: Any) -> str | None:
    """The text of a dict's key, if no other key of the dict can have the same."""
    kind = type(key)
    if kind is str:
        return _text(key) if len(key) <= MAX_MEMBER_CHARACTERS else None
    if (kind is int and key.bit_length() <= _MAX_BITS) or id(kind) in _CONSTANTS:
        return repr(key)
    if kind is tuple and len(key) <= MAX_MEMBER_CHARACTERS:
        parts = [key_text(part) for part in key]
        texts = [part for part in parts if part is not None]
        whole = f"({', '.join(texts)})"
        fits = len(texts) == len(parts) and len(whole) <= MAX_MEMBER_CHARACTERS
        return whole if fits else None
    return None


def class_name(kind: type) -> str:
    """The name of a class, cut."""
    return str.__str__(_name_of(kind))[:MAX_MEMBER_CHARACTERS]


def attributes_of(value: Any) -> dict[str, Any] | None:
    """The dict of an object's attributes; None of one that has none, or is not simple.

    Simple are the objects of classes that the program defines, and of our helpers: not what the
    standard library makes, and not the node itself.
    """
    read = attributes_reader(type(value))
    names = None if read is None else read(value)
    return names if type(names) is dict else None


def attributes_reader(kind: type) -> Callable[[Any], Any] | None:
    """What reads the attributes of the objects of a class; None when they have none to be read."""
    if not _is_simple(kind):
        return None
    for each in _mro_of(kind):
        found = _names_of(each).get("__dict__")
        if found is not None:  # a class may have put something else there
            return found.__get__ if type(found) is GetSetDescriptorType else None
    return None


def slots_of(value: Any) -> dict[str, MemberDescriptorType]:
    """The slots of a simple object, by name, set or not."""
    kind = type(value)
    if not _is_simple(kind):
        return {}
    return {
        name: slot
        for each in reversed(_mro_of(kind))
        for name, slot in _names_of(each).items()
        if type(slot) is MemberDescriptorType and type(name) is str
    }


def _is_simple(kind: type) -> bool:
    """Whether objects of a class may hold state that is the program's."""
    if issubclass(kind, (*_CONTAINERS, int, str, float, bytes, *_NOT_STATE, BaseException)):
        return False
    home = _names_of(kind).get("__module__")
    if type(home) is not str or home.startswith(("glomers.node", "glomers.bench")):
        return False
    return home.partition(".")[0] not in sys.stdlib_module_names or home == "__main__"


def _parts(value: Any, room: int, depth: int) -> Iterator[str]:
    """The text of a value, piece by piece, so that whoever has enough can stop."""
    kind = type(value)
    simple = _TEXTS_BY_ID.get(id(kind))
    if simple is not None:
        yield simple(value)
    elif issubclass(kind, _CONTAINERS):
        name = "" if id(kind) in _PLAIN_CONTAINERS else class_name(kind)
        yield from _container(value, name, room, depth)
    else:
        base = next((base for base in _TEXTS if issubclass(kind, base)), None)
        yield _TEXTS[base](value) if base else class_name(kind)


def _container(value: Any, name: str, room: int, depth: int) -> Iterator[str]:
    opening, closing, items = _opened(value)
    yield f"{name}{opening}"
    if depth == 0:
        yield "…"
    else:
        for number, item in enumerate(islice(items, room)):
            yield ", " if number else ""
            if opening == "{" and is_one(value, dict):
                yield from _parts(item[0], room, depth - 1)
                yield ": "
                item = item[1]
            yield from _parts(item, room, depth - 1)
    yield closing


def _opened(value: Any) -> tuple[str, str, Iterator[Any]]:
    """The brackets of a container, and what is in it, by the built-in type's own iterator."""
    if is_one(value, dict):
        return "{", "}", iter(dict.items(value))
    if is_one(value, set):
        return "{", "}", set.__iter__(value)
    if is_one(value, frozenset):
        return "{", "}", frozenset.__iter__(value)
    if is_one(value, tuple):
        return "(", ",)" if tuple.__len__(value) == 1 else ")", tuple.__iter__(value)
    return "[", "]", (list if is_one(value, list) else deque).__iter__(value)


def _integer(value: int) -> str:
    bits = _bits_of(value)
    return _digits_of(value) if bits <= _MAX_BITS else f"an integer of {bits:,} bits"


def _text(value: str) -> str:
    return _cut(str.__len__(value), str.__getitem__(value, slice(MAX_CHARACTERS)))


def _bytes(value: bytes) -> str:
    return _cut(bytes.__len__(value), bytes.__getitem__(value, slice(MAX_CHARACTERS)))


def _cut(length: int, beginning: str | bytes) -> str:
    return repr(beginning) + (f"… of {length:,}" if length > len(beginning) else "")


_TEXTS: dict[type, Callable[[Any], str]] = {
    bool: repr,
    int: _integer,
    float: float.__repr__,
    complex: complex.__repr__,
    type(None): repr,
    str: _text,
    bytes: _bytes,
    range: repr,
    type(Ellipsis): repr,
}
_TEXTS_BY_ID = {id(kind): text for kind, text in _TEXTS.items()}
_PLAIN_CONTAINERS = ids_of(*_CONTAINERS)
