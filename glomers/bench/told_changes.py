"""The changes of a step, by path, as `glomers.formats.node_state` has them."""

from __future__ import annotations

from collections import Counter
from typing import Any

Change = dict[str, Any]


class ToldChanges:
    """Collects what has changed since one last looked."""

    __slots__ = ("_new", "by_path")

    def __init__(self) -> None:
        self.by_path: dict[str, Change] = {}
        self._new: set[str] = set()
        """Paths of which nobody was told before."""

    def new(self, path: str) -> None:
        """Nothing was known of a path; if it was told to be gone, that was in this step."""
        if "gone" not in self.by_path.get(path, ()):
            self._new.add(path)

    def text(self, path: str, text: str) -> None:
        """There is this text now."""
        self.by_path[path] = {"=": text}

    def container(self, path: str, kind: str, size: int | None = None) -> None:
        """There is a container now, told by how many members it has, or its members follow."""
        self.by_path[path] = {"is": kind} if size is None else {"is": kind, "of": size}

    def gone(self, path: str) -> None:
        """There is nothing any more."""
        if path in self._new:
            self._new.discard(path)
            self.by_path.pop(path, None)
        else:
            self.by_path[path] = {"gone": True}

    def members(self, path: str, gone: list[str], added: list[str]) -> None:
        """Members without an order are gone, and others have come."""
        if gone and added:  # one may have made way for another one with the same text
            minus, plus = Counter(gone), Counter(added)
            gone, added = [*(minus - plus).elements()], [*(plus - minus).elements()]
        self._add(path, {}, gone, added)

    def splice(self, path: str, at: int, gone: list[str], added: list[str]) -> None:
        """From a place in a list on, members are gone, and others stand there."""
        if gone != added:
            self._add(path, {"at": at}, gone, added)

    def _add(self, path: str, change: Change, gone: list[str], added: list[str]) -> None:
        """Note a change of members, without what is empty."""
        if added:
            change["+"] = added
        if gone:
            change["-"] = gone
        told = self.by_path.get(path)
        if told and "is" in told:
            change.pop("at", None)
            self.by_path[path] = {**told, **change}
        elif change:
            self.by_path[path] = change
