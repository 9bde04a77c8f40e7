"""What has changed in a node's variables since one last looked: exactly, and without asking them.

A variable that holds others is *watched*: the names of the module, dicts, sets, lists, and the
attributes of simple objects, down to some depth.  All that these hold stands in one list, the
*flat* one: as long as it has the very same objects, nothing has changed, because whatever is not
watched is shown by a text that stays the same.  Else the containers that hold something else are
compared, each with what it held before.  (For sets, see `glomers.bench.pointers.SetByTable`, which
knows the one change that may be told some steps late.)

Bounds keep a look cheap whatever a program holds: a container with too many members is told by
their number, and what lies too deep, or would be one container too many, by its kind.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from itertools import accumulate
from typing import Any

from glomers.bench.held import NOTHING, Held, differing, same_beginning
from glomers.bench.pointers import HAS_TAGS, DictTags, ListCopy, SetById, SetCopy, pointers
from glomers.bench.shown import (
    MAX_MEMBER_CHARACTERS,
    class_name,
    is_fixed,
    is_state,
    key_text,
    text_of,
)
from glomers.bench.told_changes import Change, ToldChanges
from glomers.bench.watched import (
    MAX_NESTED,
    UNSET,
    Watched,
    count,
    kind_of,
    nested_sources,
    sources_of,
)

MAX_NAMES = 256
"""How many variables of a module, or attributes of an object, are told."""
MAX_DEPTH = 4
"""How many names and keys there are in a path."""
MAX_CONTAINERS = 32
"""How many containers of a node are watched."""
MAX_SOURCES = 64
"""With how many sources, those of nested lists included; the last one may go beyond."""
MAX_MEMBERS = {"set": 4096, "list": 4096, "dict": 512, "object": MAX_NAMES}
MAX_WATCHED = 16_384
"""How many members the containers of a node can have together."""

_SEAM = (object(),)
"""Stands before what a source gives, so that nothing moves unseen from one to the next."""


class Variables:
    """The variables of a node's program.

    Args:
        names: the names of its module.
        ignored: those that are not the program's own, such as what it imports.
    """

    def __init__(self, names: dict[str, Any], ignored: frozenset[str] = frozenset()) -> None:
        self._ignored = ignored
        self._known: dict[str, str | Watched] = {}
        """What was told of each path."""
        self._watched: dict[str, Watched] = {}
        """Those above come before those below."""
        self._sets: list[tuple[Watched, SetById]] = []
        self._loose: list[Watched] = []
        """Containers of which something can change that the flat list does not show."""
        self._told = ToldChanges()
        self._module = Watched("", "module", names, 0, None)
        self._module.sources = [names.keys(), names.values()]
        self._watched[""] = self._module
        self._is_arranged = False
        self._order: list[Watched] = []
        self._source_count = 0
        self._lengths: list[int] = []
        self._starts = [0]
        """Where in the flat list begins what each container holds, and where the last one ends."""
        self._sources: list[Iterable[Any]] = []
        self._flat: list[Any] = []
        self._before = b""
        self._tags, self._tags_before = DictTags([]), [b""]
        self._untagged: list[Iterable[Any]] = []
        """Those of the sources of which no tag says whether they hold something else now."""
        self._held = ListCopy([])
        """What these held."""

    def changes(self) -> dict[str, Change]:
        """What has changed since the last call, as `glomers.formats.node_state` has it.

        The first call tells everything.
        """
        # Tags are read first: what might change from here on is seen in the next look.
        tags = self._tags.now()
        is_flat_same = tags == self._tags_before
        if is_flat_same and self._untagged:
            is_flat_same = self._held.is_same(_all_of(self._untagged))
        sets = [watched for watched, seen in self._sets if seen.has_changed()]
        is_adrift = self._loose and any(map(Watched.is_adrift, self._loose))
        if is_flat_same and not sets and not is_adrift:
            return {}
        self._told = ToldChanges()
        flat = self._flat if is_flat_same else _all_of(self._sources)
        where = self._before if is_flat_same else pointers(flat)
        if not self._order:
            self._tell_entries(self._module, NOTHING, _held_by(self._module))
        elif not is_flat_same:
            self._compare_flat(flat, where)
        for watched in sets:
            if self._known.get(watched.path) is watched and not watched.is_rebound:
                self._compare_sets(watched)
        if self._loose:
            self._compare_loose()
        if not self._is_arranged:
            self._arrange()
        elif not is_flat_same:
            self._starts = [0, *accumulate(self._lengths)]
            self._keep(tags, flat, where)
        return self._told.by_path

    def _compare_loose(self) -> None:
        for watched in [each for each in self._loose if each.is_adrift()]:
            if self._known.get(watched.path) is watched:
                if watched.size is not None and _is_large(watched):
                    self._tell_other_number(watched)
                else:
                    self._begin_again(watched)

    def _keep(self, tags: list[bytes], flat: list[Any], where: bytes) -> None:
        """What is flat now is what is compared with in the next look."""
        self._tags_before, self._flat, self._before = tags, flat, where
        if self._untagged:
            self._held = ListCopy(_all_of(self._untagged))

    def _arrange(self) -> None:
        """Make the flat list anew, for other containers than before."""
        self._order = list(self._watched.values())
        for number, watched in enumerate(self._order):
            watched.at, watched.stale, watched.is_rebound = number, None, False
        self._lengths = [*map(_held, self._order)]
        self._source_count = len(self._order) + sum(len(each.sources) for each in self._order)
        self._starts = [0, *accumulate(self._lengths)]
        self._sources = _seamed(self._order)
        tables = [each.table if HAS_TAGS else None for each in self._order]
        self._tags = DictTags(table for table in tables if table is not None)
        self._untagged = _seamed(each for each in self._order if tables[each.at] is None)
        tags = self._tags.now()
        self._sets = [(each, each.seen) for each in self._order if each.seen and each.size is None]
        flat = _all_of(self._sources)
        self._keep(tags, flat, pointers(flat))
        self._is_arranged = True

    # Where something has changed.

    def _compare_flat(self, flat: list[Any], where: bytes) -> None:
        """Compare the containers that hold something else than what they held."""
        starts, order, before = self._starts, self._order, self._before
        end, new_end = starts[-1], len(flat)
        number = start = 0
        while number < len(order):
            old_start = starts[number]
            same = same_beginning((before, old_start, end), (where, start, new_end))
            if old_start + same == end and start + same == new_end:
                return
            # Where the next one begins, this one has got more.
            found = bisect_left(starts, old_start + same) - 1
            start += starts[found] - old_start
            watched = order[found]
            self._lengths[found] = _held(watched)
            stop = start + self._lengths[found]
            if self._known.get(watched.path, self._module) is watched and not watched.is_rebound:
                was, now = slice(starts[found], starts[found + 1]), slice(start, stop)
                self._compare(watched, Held(self._flat, before, was), Held(flat, where, now))
            number, start = found + 1, stop

    def _compare(self, watched: Watched, before: Held, after: Held) -> None:
        """Tell what has changed in a container that held `before`."""
        if watched.size is not None:
            return
        if count_is_too_large(watched):
            self._tell_number(watched)
        elif watched.kind == "list":
            self._compare_lists(watched, before, after)
        else:
            self._tell_entries(watched, before, after)

    def _compare_sets(self, watched: Watched) -> None:
        if watched.size is not None:
            return
        if count_is_too_large(watched):
            self._tell_number(watched)
            return
        assert watched.seen is not None
        self._tell_members(watched, *watched.seen.changes())

    def _compare_lists(self, watched: Watched, before: Held, after: Held) -> None:
        if watched.texts is not None:
            self._compare_nested(watched)
            return
        at, removed, added = differing(before, after)
        if all(map(is_fixed, added)):
            self._told.splice(watched.path, at - 1, [*map(_text, removed)], [*map(_text, added)])
        else:
            self._begin_again(watched)

    def _compare_nested(self, watched: Watched) -> None:
        sources = nested_sources(watched.value)
        if sources is None:
            self._tell_number(watched)
            return
        self._hold(watched, sources)
        before, watched.texts = watched.texts or [], _texts_of(watched.value)
        after = watched.texts
        shorter = range(min(len(before), len(after)))
        first = next((at for at in shorter if before[at] != after[at]), len(shorter))
        last = 0
        while last < len(shorter) - first and before[-1 - last] == after[-1 - last]:
            last += 1
        removed = before[first : len(before) - last]
        self._told.splice(watched.path, first, removed, after[first : len(after) - last])

    def _tell_entries(self, watched: Watched, before: Held, after: Held) -> None:
        """Tell what has become of names or keys, and of what belongs to them."""
        (old_keys, old_values), (keys, values) = before.halves(), after.halves()
        held, rest = old_keys.size, slice(old_keys.size, None)
        gone: list[Any] = []
        if keys.begins_with(old_keys):
            added = keys.listed(rest)
            at, olds, news = differing(old_values, values.beginning(held))
            same_keys = zip(keys.listed(slice(at, at + len(news))), olds, news, strict=True)
            entries = [(key, value) for key, old, value in same_keys if old is not value]
            entries += zip(added, values.listed(rest), strict=True)
        else:
            everything = slice(None)
            was = old_keys.listed(everything), old_values.listed(everything)
            now = keys.listed(everything), values.listed(everything)
            olds_by_key = dict(zip(map(id, was[0]), was[1], strict=True))
            there = set(map(id, now[0]))
            gone = [key for key in was[0] if id(key) not in there]
            added = [key for key in now[0] if id(key) not in olds_by_key]
            pairs = zip(*now, strict=True)
            entries = [
                (k, value) for k, value in pairs if olds_by_key.get(id(k), UNSET) is not value
            ]
        if watched.kind == "dict":
            self._tell_members(watched, gone, added)
        if gone:
            self._let_go(watched, gone, added)
        for key, value in entries:
            path = self._path(watched, key)
            if path is not None:
                self._tell(path, value, watched)

    def _let_go(self, watched: Watched, gone: list[Any], added: list[Any]) -> None:
        """Forget what belonged to keys that are gone, unless others of the same text came."""
        kept = {self._path(watched, key) for key in added}
        for path in (self._path(watched, key) for key in gone):
            if path is not None and path not in kept:
                self._forget(path)
                watched.below.discard(path)

    # Telling it.

    def _tell(self, path: str, value: Any, above: Watched) -> None:
        """Tell that there is `value` at `path` now."""
        known = self._known.get(path)
        if above.has_names and (value is UNSET or not is_state(value)):
            self._forget(path)
            above.below.discard(path)
            return
        kind = kind_of(value)
        if kind is None:
            self._tell_text(path, text_of(value), above)
        elif type(known) is Watched and known.kind == kind and known.size is None:
            if known.value is not value:
                self._rebind(known, value)
        elif above.depth + 1 < MAX_DEPTH and self._has_room():
            self._begin(Watched(path, kind, value, above.depth + 1, above))
        else:
            name = class_name(type(value))
            self._tell_text(path, name if kind == "object" else f"{name} …", above)

    def _tell_text(self, path: str, text: str, above: Watched) -> None:
        known = self._known.get(path)
        if known == text if type(known) is str else False:
            return
        if known is not None:
            self._forget(path)
        self._know(path, text, above)
        self._told.text(path, text)

    def _know(self, path: str, what: str | Watched, above: Watched) -> None:
        if path not in self._known:
            self._told.new(path)
        self._known[path] = what
        above.below.add(path)

    def _begin(self, watched: Watched) -> None:
        """Watch a container, and tell all that it holds."""
        assert watched.above is not None
        path, value = watched.path, watched.value
        if path in self._known:
            self._forget(path)
        self._know(path, watched, watched.above)
        self._watched[path] = watched
        self._is_arranged = False
        if watched.kind == "object":
            watched.know_attributes()
            self._loose.append(watched)
            self._told.text(path, class_name(type(value)))
        else:
            self._told.container(path, watched.kind)
        sources = sources_of(value)
        if watched.kind == "list" and not all(map(is_fixed, sources[0])):
            nested = nested_sources(value)
            watched.texts = _texts_of(value) if nested else None
            sources = nested or []
        if not sources or count_is_too_large(watched) or self._is_too_much(watched):
            self._tell_number(watched)
            return
        self._source_count += 1 + len(sources)
        if watched.kind == "set":
            watched.seen = SetCopy(value)
        else:
            watched.sources = sources
        if watched.kind in ("dict", "object"):
            self._tell_entries(watched, NOTHING, _held_by(watched))
        elif watched.texts is not None:
            self._told.splice(watched.path, 0, [], watched.texts)
        else:
            self._tell_members(watched, [], sources[0])

    def _begin_again(self, watched: Watched) -> None:
        """Forget a container, and watch what is at its path as another one."""
        assert watched.above is not None
        self._forget(watched.path)
        kind = kind_of(watched.value)
        assert kind is not None
        path, value, above = watched.path, watched.value, watched.above
        self._begin(Watched(path, kind, value, above.depth + 1, above))

    def _rebind(self, watched: Watched, value: Any) -> None:
        """Tell what has changed at a path that has another container of the same kind now."""
        if watched.kind == "object":
            watched.value = value
            self._begin_again(watched)
            return
        if watched.kind == "set":
            assert watched.seen is not None
            watched.value, watched.is_rebound, self._is_arranged = value, True, False
            watched.seen.rebind(value)
            self._compare_sets(watched)
            return
        was = slice(self._starts[watched.at], self._starts[watched.at + 1])
        watched.value, watched.is_rebound = value, True
        self._hold(watched, sources_of(value))
        self._compare(watched, Held(self._flat, self._before, was), _held_by(watched))

    def _hold(self, watched: Watched, sources: list[Iterable[Any]]) -> None:
        """Let a container have other sources; those that the flat list was made of are kept."""
        if watched.stale is None:
            watched.stale = watched.sources
        watched.sources = sources
        self._is_arranged = False

    def _forget(self, path: str) -> None:
        """Tell that there is nothing at a path any more, nor below it."""
        known = self._known.pop(path, None)
        if known is None:
            return
        if type(known) is Watched:
            for below in sorted(known.below):
                self._forget(below)
            del self._watched[path]
            self._loose = [each for each in self._loose if each is not known]
            self._source_count -= 1 + len(known.sources)
            self._is_arranged = False
        self._told.gone(path)

    def _tell_number(self, watched: Watched) -> None:
        """Tell a container by how many members it has, and watch nothing else of it."""
        for path in sorted(watched.below):
            self._forget(path)
        watched.below.clear()
        watched.size = count(watched.value)
        self._hold(watched, [])
        if watched not in self._loose:
            self._loose.append(watched)
        if watched.kind != "object":
            self._told.container(watched.path, watched.kind, watched.size)

    def _tell_other_number(self, watched: Watched) -> None:
        """Tell how many members there are now of a container that was told by another number."""
        watched.size = count(watched.value)
        self._told.container(watched.path, watched.kind, watched.size)
        self._loose.remove(watched)
        self._loose.append(watched)  # as if it had begun anew

    def _tell_members(self, watched: Watched, gone: Iterable[Any], added: Iterable[Any]) -> None:
        self._told.members(watched.path, [*map(_text, gone)], [*map(_text, added)])

    # Names and bounds.

    def _path(self, above: Watched, key: Any) -> str | None:
        """The path of a name or key; None when it has none."""
        if not above.has_names:
            text = key_text(key)
            return None if text is None else f"{above.path}[{text}]"
        if type(key) is not str or len(key) > MAX_MEMBER_CHARACTERS or key.startswith("__"):
            return None
        path = f"{above.path}.{key}" if above.path else key
        if above is self._module and key in self._ignored:
            return None
        return path if len(above.below) < MAX_NAMES or path in above.below else None

    def _has_room(self) -> bool:
        return len(self._watched) < MAX_CONTAINERS and self._source_count < MAX_SOURCES

    def _is_too_much(self, watched: Watched) -> bool:
        return len(self._flat) + count(watched.value) > MAX_WATCHED


def count_is_too_large(watched: Watched) -> bool:
    """Whether a container is to be told by how many members it has."""
    if watched.kind == "module":
        return False
    most = MAX_MEMBERS[watched.kind] if watched.texts is None else MAX_NESTED
    return count(watched.value) > most


def _is_large(watched: Watched) -> bool:
    """Whether a container has too many members to be told by anything but their number."""
    return watched.kind != "object" and count(watched.value) > MAX_MEMBERS[watched.kind]


def _seamed(order: Iterable[Watched]) -> list[Iterable[Any]]:
    """The sources of containers, each behind a seam."""
    seamed = ((_SEAM, source) for watched in order for source in watched.sources)
    return [part for pair in seamed for part in pair]


def _all_of(sources: list[Iterable[Any]]) -> list[Any]:
    """All that sources give."""
    flat: list[Any] = []
    for source in sources:
        flat += source
    return flat


def _held(watched: Watched) -> int:
    """How long a part of the flat list a container has."""
    sources = watched.sources if watched.stale is None else watched.stale
    return len(sources) + sum(map(len, sources))  # type: ignore[arg-type]


def _held_by(watched: Watched) -> Held:
    """What a container holds now, as it stands in a flat list."""
    return Held.all([item for source in watched.sources for item in (*_SEAM, *source)])


def _text(value: Any) -> str:
    return text_of(value, MAX_MEMBER_CHARACTERS)


def _texts_of(value: Any) -> list[str]:
    return [_text(item) for item in sources_of(value)[0]]
