"""broadcast and g-set in words: values that were added, and reads that do not show them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from glomers.formats.edn import equality_key, kw
from glomers.formats.history import Op
from glomers.reading import losses
from glomers.reading.dossier import Dossier
from glomers.reading.finding import Finding, Kind
from glomers.reading.wording import at, counted, how_many, in_order, said, shortened

OWN_CHECK = "(our own check: the order of the reads decides what Maelstrom calls lost) "
_TYPES = {str: "text", int: "number", float: "number with a fraction", list: "list", dict: "map"}


class Read(NamedTuple):
    """A read that succeeded: the node, the operation, and the keys of what it shows."""

    node: str
    began: Op
    ended: Op
    shown: frozenset[Any]


class Sets:
    """What was added in a run, and what reads showed."""

    def __init__(self, dossier: Dossier) -> None:
        self._dossier = dossier
        self.adds = [pair for pair in dossier.operations if pair[0].f != "read"]
        self.acknowledged = [
            (began, ended) for began, ended in self.adds if ended is not None and ended.type == "ok"
        ]

    @cached_property
    def reads(self) -> list[Read]:
        """The reads that succeeded, by their ends."""
        found = [
            Read(self._dossier.node_of(began), began, ended, _keys(ended.value))
            for began, ended in self._dossier.operations
            if began.f == "read" and ended is not None and ended.type == "ok"
        ]
        return sorted(found, key=lambda read: read.ended.index)

    @cached_property
    def last_reads(self) -> dict[str, Read]:
        """The last read of each node."""
        last = {read.node: read for read in self.reads}
        return {node: last[node] for node in in_order(last)}

    @property
    def final_reads(self) -> dict[str, Read]:
        """The last reads, of nodes that were read after all that was acknowledged."""
        end = max((ended.index for _, ended in self.acknowledged if ended), default=-1)
        return {node: read for node, read in self.last_reads.items() if read.began.index > end}


def _keys(value: Any) -> frozenset[Any]:
    return frozenset(map(equality_key, value)) if isinstance(value, list) else frozenset()


def violations(dossier: Dossier) -> Iterator[Finding]:
    """What the checker of sets is not content with."""
    part = dossier.part("workload")
    lost = part.get(kw("lost")) or ()
    sets = Sets(dossier)
    if lost:
        few = f"{counted(len(lost), 'value')} were lost, {said(next(iter(lost)))} among them."
        yield _lost(dossier, sets, list(lost)) or Finding(Kind.PROMISE, few)
    elif part and part.get(kw("valid?")) is not True and not part.get(kw("stable-count")):
        yield _nothing_shown(sets)


def _nothing_shown(sets: Sets) -> Finding:
    if not sets.acknowledged:
        sentence = "No value was acknowledged, so that there is nothing that reads should show."
    elif not sets.reads:
        sentence = (
            f"{counted(len(sets.acknowledged), 'value')} were acknowledged, and no read succeeded "
            "that could show any of them."
        )
    else:
        sentence = (
            f"{counted(len(sets.acknowledged), 'value')} were acknowledged, and "
            f"{counted(len(sets.reads), 'read')} never showed any of them."
        )
    return Finding(Kind.PROMISE, sentence)


def _lost(dossier: Dossier, sets: Sets, lost: Sequence[Any]) -> Finding | None:
    """The first value that is known to have been added and that a node does not show in the end."""
    found = _example(dossier, sets, frozenset(map(equality_key, lost)))
    if found is None:
        return None
    (began, ended), lacking = found
    total = f"; {how_many(len(lost), len(sets.adds))} values were lost"
    return _not_shown(dossier, sets, (began, ended), lacking, total)


def _example(
    dossier: Dossier, sets: Sets, lost: frozenset[Any]
) -> tuple[tuple[Op, Op | None], list[str]] | None:
    """A lost value, acknowledged if possible, and the nodes whose last read lacks it.

    The node that the client told comes last: somebody else's lack tells more.
    """
    is_known = {id(began) for began, _ in sets.acknowledged}
    for began, ended in sorted(sets.adds, key=lambda pair: id(pair[0]) not in is_known):
        key = equality_key(began.value)
        lacking = [node for node, read in sets.last_reads.items() if key not in read.shown]
        if key in lost and lacking:
            knows = dossier.node_of(began)
            return (began, ended), sorted(lacking, key=lambda node: node == knows)
    return None


def _not_shown(
    dossier: Dossier,
    sets: Sets,
    added: tuple[Op, Op | None],
    lacking: Sequence[str],
    total: str,
    mark: str = "",
) -> Finding:
    """The finding about a value that some nodes, `lacking`, do not show in the end."""
    began, ended = added
    key = equality_key(began.value)
    example = lacking[0]
    read = sets.last_reads[example]
    shown = sum(equality_key(b.value) in read.shown for b, _ in sets.acknowledged)
    known = counted(len(sets.acknowledged), "acknowledged value")
    has = f"has {shown:,} of {known}" if sets.acknowledged else "does not have it"
    before = [r for r in sets.reads if r.node == example and key in r.shown]
    did = "never showed it"
    if before:
        did = f"does not show it any more, as it did {at(before[-1].ended.time_ns)}"
    elif len(lacking) > 1:
        did += f", nor did {counted(len(lacking) - 1, 'other node')}"
    sentence = (
        f"{mark}{_given(dossier, sets, began, ended)} {example} {did}: its last read, "
        f"{at(read.began.time_ns)}, {has}{total}."
    )
    messages = (*dossier.exchange(began, ended), *dossier.exchange(read.began, read.ended))
    return Finding(Kind.PROMISE, sentence, None, (), messages)


def _given(dossier: Dossier, sets: Sets, began: Op, ended: Op | None) -> str:
    """How a value came to be known: acknowledged, or shown by some read."""
    knows, value = dossier.node_of(began), said(began.value)
    if ended is not None and ended.type == "ok":
        return f"{knows} acknowledged {value} {at(ended.time_ns)}, and"
    key = equality_key(began.value)
    shown = next((read for read in sets.reads if key in read.shown), None)
    text = f"{knows} was given {value} {at(began.time_ns)}"
    if shown is None:
        return f"{text}, and"
    who = "" if shown.node == knows else f"{shown.node} "
    return f"{text} and {who}showed it {at(shown.ended.time_ns)}, but"


def own_check(dossier: Dossier) -> Iterator[Finding]:
    """Acknowledged values that final reads lack although the verdict is valid."""
    sets = Sets(dossier)
    finals = sets.final_reads
    for began, ended in sets.acknowledged:
        key = equality_key(began.value)
        lacking = [node for node, read in finals.items() if key not in read.shown]
        if lacking:
            all_lacking = {
                node: sum(equality_key(b.value) not in read.shown for b, _ in sets.acknowledged)
                for node, read in finals.items()
            }
            counts = [f"{node} lacks {count}" for node, count in all_lacking.items() if count]
            total = f"; {', '.join(counts[:5])}" + (" and more" if len(counts) > 5 else "")
            yield _not_shown(dossier, sets, (began, ended), lacking, total, OWN_CHECK)
            return


def deeds(dossier: Dossier) -> Iterator[Finding]:
    """Values in reads that nobody added: of another type than what was added, or invented."""
    sets = Sets(dossier)
    added = {equality_key(began.value): began for began, _ in sets.adds}
    texts = {str(began.value): began.value for began, _ in sets.adds}
    for read in sets.reads:
        strange = [value for value in read.ended.value or () if equality_key(value) not in added]
        if not strange:
            continue
        value = strange[0]
        place, line = dossier.source.answers("read") or (None, "")
        meant = texts.get(str(value), texts.get(_as_integer(value)))
        if meant is not None and type(meant) is not type(value):
            sentence = (
                f"{read.node} answered `read` with values of another type than those that it got: "
                f"it showed the {_type(value)} {said(value)} where the {_type(meant)} "
                f"{said(meant)} was added, and only equal types are equal."
            )
        else:
            sentence = (
                f"{read.node} answered `read` {at(read.ended.time_ns)} with {said(value)}, which "
                "nobody added."
            )
        messages = dossier.exchange(read.began, read.ended)
        yield Finding(Kind.DEED, sentence, place, (line,) if line else (), messages)
        return


def _as_integer(value: Any) -> str:
    return str(int(value)) if type(value) is float and value.is_integer() else ""


def _type(value: Any) -> str:
    return _TYPES.get(type(value), shortened(type(value).__name__))


def lost_on_the_way(dossier: Dossier) -> Iterator[Finding]:
    """What became of the values that reads lack: how one of them got lost."""
    sets = Sets(dossier)
    lost = dossier.part("workload").get(kw("lost")) or [b.value for b, _ in sets.acknowledged]
    found = _example(dossier, sets, frozenset(map(equality_key, lost)))
    if found is not None:
        (began, ended), lacking = found
        yield losses.fate(dossier, began, ended, dossier.node_of(began), lacking[0])
