"""A variable that holds others, as a node's program has it at hand: what kind it is, what it holds.

What a container holds is read by the built-in type's own iterator and counted by its own `__len__`,
whatever the class of the object says.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from types import MemberDescriptorType
from typing import Any

from glomers.bench.held import NOTHING, Held
from glomers.bench.pointers import NO_TAG, SetById, tag_of
from glomers.bench.shown import (
    FIXED,
    attributes_of,
    attributes_reader,
    ids_of,
    is_fixed,
    is_one,
    slots_of,
)

MAX_NESTED = 128
"""How many members a list can have that others are nested in, and how many these are in all."""
NESTED_DEPTH = 3
"""How deep the text of a member goes."""
UNSET = object()
"""Stands for a slot that is not set."""
_KINDS: dict[type, str] = {
    dict: "dict",
    set: "set",
    frozenset: "set",
    list: "list",
    tuple: "list",
    deque: "list",
}
_KINDS_BY_ID = {id(kind): name for kind, name in _KINDS.items()}
_ITERABLE = (set, frozenset, list, tuple, deque)
_EXACT = ids_of(*_ITERABLE)


class Watched:
    """A container at a path.

    `kind` is `module`, `object`, `dict`, `set` or `list`.  `sources` are what to iterate over for
    all that it holds: of what has names or keys, these and then the values; of a list that others
    are nested in, those as well.  `texts` are the members of such a list; of a set, `seen`
    are the members when one last looked; of an object, `names` are the attributes, which `read`
    reads of those of its `type`.  `below` are the paths of what it holds; `size` is how many
    members there are of one that is told by that number alone.  `held` is what the sources gave
    when one last looked, and `seen_tag` what the tag was then, if there is one.
    """

    __slots__ = (
        "above",
        "below",
        "depth",
        "held",
        "kind",
        "names",
        "path",
        "read",
        "seen",
        "seen_tag",
        "size",
        "sources",
        "tag",
        "texts",
        "type",
        "value",
    )

    def __init__(self, path: str, kind: str, value: Any, depth: int, above: Watched | None) -> None:
        self.path = path
        self.kind = kind
        self.value = value
        self.depth = depth
        self.above = above
        self.sources: list[Iterable[Any]] = []
        self.type: type | None = None
        self.read: Callable[[Any], Any] | None = None
        self.names: dict[str, Any] | None = None
        self.texts: list[str] | None = None
        self.seen: SetById | None = None
        self.below: set[str] = set()
        self.size: int | None = None
        self.tag = NO_TAG
        self.seen_tag = b""
        self.held = NOTHING

    @property
    def has_names(self) -> bool:
        """Whether it is a module or an object, which have names where dicts have keys."""
        return self.kind in ("module", "object")

    def hold(self, sources: list[Iterable[Any]]) -> None:
        """Have these sources from now on, all of which count as seen."""
        self.sources = sources
        table: Any = self.names if self.kind == "object" else self.value
        has_tag = bool(sources) and self.kind in ("module", "object", "dict") and table is not None
        self.tag = tag_of(table) if has_tag else NO_TAG
        self.look()

    def look(self) -> None:
        """Know what there is now; what should change from here on is seen in the next look."""
        self.seen_tag = self.tag.tobytes()
        self.held = Held.by(self.sources)

    def know_attributes(self) -> None:
        """Know where an object has its attributes."""
        self.type = type(self.value)
        self.read = attributes_reader(self.type)
        self.names = attributes_of(self.value)

    def is_adrift(self) -> bool:
        """Whether something has changed that the sources do not show.

        That is the number of members that a container is told by; or where an object has its
        attributes, which may be another dict.
        """
        value = self.value
        if self.size is not None:
            return count(value) != self.size
        if type(value) is self.type:
            return self.read is not None and self.read(value) is not self.names
        return attributes_of(value) is not self.names


def kind_of(value: Any) -> str | None:
    """What kind of container a value is; None: it is none."""
    kind = type(value)
    if id(kind) in FIXED:
        return None
    name = _KINDS_BY_ID.get(id(kind))
    if name is not None:
        return name
    base = next((base for base in _KINDS if issubclass(kind, base)), None)
    if base is not None:
        return _KINDS[base]
    return "object" if attributes_of(value) is not None or slots_of(value) else None


def count(value: Any) -> int:
    """How many members a container has, of an object the attributes."""
    if id(type(value)) in _KINDS_BY_ID:
        return len(value)
    for base in _KINDS:
        if is_one(value, base):
            return base.__len__(value)  # type: ignore[attr-defined, no-any-return]
    return len(attributes_of(value) or slots_of(value))


def sources_of(value: Any) -> list[Iterable[Any]]:
    """What to iterate over for all that a value holds."""
    kind = type(value)
    if id(kind) in _EXACT:
        return [value]
    if issubclass(kind, dict):
        return [dict.keys(value), dict.values(value)]
    base = next((base for base in _ITERABLE if issubclass(kind, base)), None)
    if base is not None:
        return [_Members(value, base.__iter__, base.__len__)]
    names = attributes_of(value)
    if names is not None:
        return [names.keys(), names.values()]
    slots = slots_of(value)
    return [tuple(slots), _Members(value, _reader(slots), lambda value: len(slots))]


def nested_sources(value: Any) -> list[Iterable[Any]] | None:
    """The sources of a list and of what is nested in it; None when that is too much."""
    sources = sources_of(value)
    level = [item for source in sources for item in source]
    for _ in range(NESTED_DEPTH):
        holders = [item for item in level if not is_fixed(item)]
        found = [source for item in holders for source in sources_of(item)]
        sources += found
        if len(sources) > MAX_NESTED or sum(map(len, sources)) > 8 * MAX_NESTED:  # type: ignore[arg-type]
            return None
        level = [item for source in found for item in source]
    return sources


class _Members:
    """The members of an object of a class of the program's own."""

    __slots__ = ("_iterate", "_length", "_value")

    def __init__(
        self, value: Any, iterate: Callable[[Any], Iterator[Any]], length: Callable[[Any], int]
    ) -> None:
        self._value = value
        self._iterate = iterate
        self._length = length

    def __iter__(self) -> Iterator[Any]:
        return self._iterate(self._value)

    def __len__(self) -> int:
        return self._length(self._value)


def _reader(slots: dict[str, MemberDescriptorType]) -> Callable[[Any], Iterator[Any]]:
    def read(value: Any) -> Iterator[Any]:
        for slot in slots.values():
            try:
                yield slot.__get__(value)
            except AttributeError:
                yield UNSET

    return read
