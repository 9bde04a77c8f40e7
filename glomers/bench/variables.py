"""What has changed in a node's variables since one last looked: exactly, and without asking them.

A variable that holds others is *watched*: the names of the module, dicts, sets, lists, and the
attributes of simple objects, down to some depth.  Of each container one knows what it held: as long
as it holds the very same objects, nothing has changed, because whatever is not watched is shown by
a text that stays the same.  Of dicts, where they have tags, the tag alone says that they still hold
the same; all others are read in each look, into one list, and only if that is another one, or a tag
is, are containers compared one by one.  (For sets, see `glomers.bench.pointers.SetByTable`, which
knows the one change that may be told some steps late.)

Bounds keep a look cheap whatever a program holds: a container with too many members is told by
their number, and what lies too deep, or would be one container too many, by its kind.
"""

from __future__ import annotations

from collections.abc import Iterable
from operator import methodcaller
from typing import Any

from glomers.bench.held import NOTHING, SEAM, Held, differing
from glomers.bench.pointers import NO_TAG, ListCopy, SetById, SetCopy
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

_has_changed = methodcaller("has_changed")


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
        self._sets: list[SetById] = []
        self._loose: list[Watched] = []
        """Containers of which something can change that their sources do not show."""
        self._told = ToldChanges()
        self._module = Watched("", "module", names, 0, None)
        self._watched[""] = self._module
        self._is_arranged = False
        self._order: list[Watched] = []
        self._source_count = self._held_count = 0
        self._tags: list[memoryview] = []
        self._seen_tags: list[bytes] = []
        self._untagged: list[Watched] = []
        """Containers of which no tag tells whether they hold something else."""
        self._sources: list[Iterable[Any]] = []
        self._held = ListCopy([])
        """What the sources of these gave."""

    def changes(self) -> dict[str, Change]:
        """What has changed since the last call, as `glomers.formats.node_state` has it.

        The first call tells everything.
        """
        tags = [*map(memoryview.tobytes, self._tags)]
        is_rest_same = not self._untagged or self._held.is_same(_all_of(self._sources))
        is_same = is_rest_same and tags == self._seen_tags
        sets = [*filter(_has_changed, self._sets)]
        is_adrift = self._loose and any(map(Watched.is_adrift, self._loose))
        if is_same and not sets and not is_adrift and self._order:
            return {}
        self._told = ToldChanges()
        if not self._order:
            names = self._module.value
            self._module.hold([names.keys(), names.values()])
            self._tell_entries(self._module, NOTHING, self._module.held)
        elif not is_same:
            self._compare_held(tags, is_rest_same)
        for watched in self._order if sets else ():
            if watched.seen in sets and self._known.get(watched.path) is watched:
                self._compare_sets(watched)
        if self._loose:
            self._compare_loose()
        if not self._is_arranged:
            self._arrange()
        elif not is_same:
            self._keep()
        return self._told.by_path

    def _compare_loose(self) -> None:
        for watched in [each for each in self._loose if each.is_adrift()]:
            if self._known.get(watched.path) is watched:
                if watched.size is not None and _is_large(watched):
                    self._tell_other_number(watched)
                else:
                    self._begin_again(watched)

    def _arrange(self) -> None:
        """Watch other containers, or other sources of theirs, than before."""
        self._order = list(self._watched.values())
        self._source_count = len(self._order) + sum(len(each.sources) for each in self._order)
        self._tags = [each.tag for each in self._order]
        self._untagged = [each for each in self._order if each.sources and each.tag is NO_TAG]
        seamed = ((SEAM, source) for watched in self._untagged for source in watched.sources)
        self._sources = [part for pair in seamed for part in pair]
        self._sets = [each.seen for each in self._order if each.seen and each.size is None]
        self._keep()
        self._is_arranged = True

    def _keep(self) -> None:
        """What is held now is what is compared with in the next look."""
        self._held_count = sum(len(each.held.items) for each in self._order)
        self._seen_tags = [each.seen_tag for each in self._order]
        self._held = ListCopy(_all_of(each.held.items for each in self._untagged))

    # Where something has changed.

    def _compare_held(self, tags: list[bytes], is_rest_same: bool) -> None:
        """Compare the containers that may hold something else than what they held."""
        rest = () if is_rest_same else self._untagged
        for watched, seen, tag in zip(self._order, self._seen_tags, tags, strict=True):
            if seen == tag and watched not in rest:
                continue
            if self._known.get(watched.path, self._module) is watched:
                before = watched.held
                watched.look()
                if watched.held.pointers != before.pointers:
                    self._compare(watched, before, watched.held)

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
        old_keys, old_values, old_pointers = before.entries()
        keys, values, key_pointers = after.entries()
        gone: list[Any] = []
        if key_pointers.startswith(old_pointers):
            added = keys[len(old_keys) :]
            old_values += [UNSET] * len(added)
            entries = zip(keys, old_values, values, strict=True)
            changed = [(key, value) for key, old, value in entries if old is not value]
        else:
            olds = dict(zip(map(id, old_keys), old_values, strict=True))
            there = set(map(id, keys))
            gone = [key for key in old_keys if id(key) not in there]
            added = [key for key in keys if id(key) not in olds]
            pairs = zip(keys, values, strict=True)
            changed = [
                (key, value) for key, value in pairs if olds.get(id(key), UNSET) is not value
            ]
        if watched.kind == "dict" and (gone or added):
            self._tell_members(watched, gone, added)
        if gone:
            self._let_go(watched, gone, added)
        for key, value in changed:
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
            watched.hold(sources)
        if watched.kind in ("dict", "object"):
            self._tell_entries(watched, NOTHING, watched.held)
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
            watched.value, self._is_arranged = value, False
            watched.seen.rebind(value)
            self._compare_sets(watched)
            return
        before, watched.value = watched.held, value
        self._hold(watched, sources_of(value))
        self._compare(watched, before, watched.held)

    def _hold(self, watched: Watched, sources: list[Iterable[Any]]) -> None:
        """Let a container have other sources."""
        watched.hold(sources)
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
        return self._held_count + count(watched.value) > MAX_WATCHED


def count_is_too_large(watched: Watched) -> bool:
    """Whether a container is to be told by how many members it has."""
    if watched.kind == "module":
        return False
    most = MAX_MEMBERS[watched.kind] if watched.texts is None else MAX_NESTED
    return count(watched.value) > most


def _is_large(watched: Watched) -> bool:
    """Whether a container has too many members to be told by anything but their number."""
    return watched.kind != "object" and count(watched.value) > MAX_MEMBERS[watched.kind]


def _all_of(sources: Iterable[Iterable[Any]]) -> list[Any]:
    """All that sources give."""
    items: list[Any] = []
    for source in sources:
        items += source
    return items


def _text(value: Any) -> str:
    return text_of(value, MAX_MEMBER_CHARACTERS)


def _texts_of(value: Any) -> list[str]:
    return [_text(item) for item in sources_of(value)[0]]
