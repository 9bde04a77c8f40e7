"""The partitions of a run, as its history tells them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from glomers.formats.edn import Keyword, kw
from glomers.formats.history import Op

_HEALED = kw("network-healed")
_KINDS = {
    "one": "one node alone",
    "minority-third": "a minority third",
    "majority": "a majority and the rest",
    "majorities-ring": "overlapping majorities in a ring",
}


class PartitionPeriod(NamedTuple):
    """A stretch of time in which some nodes did not hear some others, in words."""

    start_s: float
    end_s: float
    description: str


class Cut(NamedTuple):
    """The same as the history has it: its kind, times in ns, and who hears nothing from whom.

    `grudges` is a map from a node to a set of nodes, unless the history is damaged.
    """

    start_ns: int
    end_ns: int
    kind: str
    grudges: Any

    @property
    def is_real(self) -> bool:
        """Whether any node is cut off: of two nodes, a minority of a third are none."""
        return isinstance(self.grudges, Mapping) and any(self.grudges.values())

    def separates(self, src: str, dest: str) -> bool:
        """Whether `dest` hears nothing from `src`."""
        deaf_to = self.grudges.get(dest) if isinstance(self.grudges, Mapping) else None
        return isinstance(deaf_to, frozenset | set) and src in deaf_to


def partitions_of(history: Sequence[Op]) -> list[PartitionPeriod]:
    """The partitions in order; one that nobody healed lasts to the end of the history."""
    return _in_words(cuts_of(history))


def felt_partitions_of(history: Sequence[Op]) -> list[PartitionPeriod]:
    """Those that cut somebody off, or of which nobody knows: the ones to show in a picture."""
    return _in_words(cut for cut in cuts_of(history) if cut.is_real or cut.grudges is None)


def _in_words(cuts: Iterable[Cut]) -> list[PartitionPeriod]:
    return [
        PartitionPeriod(cut.start_ns / 1e9, cut.end_ns / 1e9, _describe(cut.kind, cut.grudges))
        for cut in cuts
    ]


def cuts_of(history: Sequence[Op]) -> list[Cut]:
    """The partitions in order, as cuts; one that nobody healed lasts to the end of the history.

    The nemesis stands in a history twice: what it was asked to do, then the effect, which is the
    moment that counts: `[:isolated {node #{nodes it hears nothing from}}]` or `:network-healed`.
    """
    cuts: list[Cut] = []
    kind = ""
    begun: tuple[int, str, Any] | None = None
    for op in history:
        if op.process != "nemesis":
            continue
        if op.f == "start-partition":
            if isinstance(op.value, Keyword):
                kind = op.value.name
            elif begun is None:
                begun = op.time_ns, kind, _grudges(op.value)
        elif op.f == "stop-partition" and op.value == _HEALED and begun:
            cuts.append(Cut(begun[0], op.time_ns, *begun[1:]))
            begun = None
    if begun:
        cuts.append(Cut(begun[0], history[-1].time_ns, *begun[1:]))
    return cuts


def _grudges(effect: Any) -> Any:
    return effect[1] if isinstance(effect, list | tuple) and len(effect) == 2 else None


def _describe(kind: str, grudges: Any) -> str:
    name = _KINDS.get(kind, kind or "partition")
    groups = _groups(grudges)
    if not groups:
        return name
    if len(groups) == 1:  # a third of three nodes is a minority of none
        return f"{name}: nobody"
    return f"{name}: {' | '.join(' '.join(group) for group in groups)}"


def _groups(grudges: Any) -> list[list[str]]:
    """The sides of a clean cut; none when the cut is not clean, as in a ring of majorities."""
    if not isinstance(grudges, Mapping):
        return []
    by_grudge: dict[frozenset[str], list[str]] = defaultdict(list)
    for node, deaf_to in grudges.items():
        if not isinstance(deaf_to, frozenset | set):
            return []
        by_grudge[frozenset(deaf_to)].append(str(node))
    everyone = {str(node) for node in grudges}
    if any(everyone.difference(group) != deaf_to for deaf_to, group in by_grudge.items()):
        return []
    groups = [sorted(group, key=lambda name: (len(name), name)) for group in by_grudge.values()]
    return sorted(groups, key=lambda group: (len(group), group))
