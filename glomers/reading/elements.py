"""broadcast and g-set in words: values that were added, and reads that do not show them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from glomers.formats.edn import equality_key, kw
from glomers.formats.history import Op
from glomers.reading import losses
from glomers.reading.acknowledged import elements_of
from glomers.reading.dossier import Dossier
from glomers.reading.finding import Finding, Kind
from glomers.reading.replicas import DIVERGED, Convergence
from glomers.reading.wording import at, counted, how_many, in_order, listed, said, shortened, were

_SMALL = 10
_TYPES = {str: "text", int: "number", float: "number with a fraction", list: "list", dict: "map"}


class Read:
    """A read that succeeded: the node, and the operation."""

    def __init__(self, node: str, began: Op, ended: Op) -> None:
        self.node = node
        self.began = began
        self.ended = ended

    @cached_property
    def shown(self) -> set[Any]:
        """The keys of the elements that it shows."""
        return elements_of(self.ended.value)


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
            Read(self._dossier.node_of(began), began, ended)
            for began, ended in self._dossier.operations
            if began.f == "read" and ended is not None and ended.type == "ok"
        ]
        return sorted(found, key=lambda read: read.ended.index)

    @cached_property
    def last_reads(self) -> dict[str, Read]:
        """The last read of each node."""
        last = {read.node: read for read in self.reads}
        return {node: last[node] for node in in_order(last)}


def _sets(dossier: Dossier) -> Sets:
    sets = dossier.shared.setdefault("sets", Sets(dossier))
    assert isinstance(sets, Sets)
    return sets


def violations(dossier: Dossier) -> Iterator[Finding]:
    """What the checker of sets is not content with."""
    part = dossier.part("workload")
    lost = part.get(kw("lost")) or ()
    sets = _sets(dossier)
    if lost:
        few = f"{were(len(lost), 'value')} lost, {said(next(iter(lost)))} among them."
        yield _lost(dossier, sets, list(lost)) or Finding(Kind.PROMISE, few)
    elif part and part.get(kw("valid?")) is not True and not part.get(kw("stable-count")):
        yield _nothing_shown(sets)


def _nothing_shown(sets: Sets) -> Finding:
    if not sets.acknowledged:
        sentence = "No value was acknowledged, so that there is nothing that reads should show."
    elif not sets.reads:
        sentence = (
            f"{were(len(sets.acknowledged), 'value')} acknowledged, and no read succeeded "
            "that could show any of them."
        )
    else:
        sentence = (
            f"{were(len(sets.acknowledged), 'value')} acknowledged, and "
            f"{counted(len(sets.reads), 'read')} never showed any of them."
        )
    return Finding(Kind.PROMISE, sentence)


def _lost(dossier: Dossier, sets: Sets, lost: Sequence[Any]) -> Finding | None:
    """The first value that is known to have been added and that a node does not show in the end."""
    found = _example(dossier, sets, frozenset(map(equality_key, lost)))
    if found is None:
        return None
    total = f"; {how_many(len(lost), len(sets.adds))} values were lost"
    return _not_shown(dossier, sets, found, total)


@dataclass(frozen=True)
class _Example:
    """A lost value, and the nodes whose last read lacks it, one that tells most first."""

    began: Op
    ended: Op | None
    lacking: list[str]


def _example(dossier: Dossier, sets: Sets, lost: Collection[Any]) -> _Example | None:
    """A lost value, acknowledged if possible, and the nodes whose last read lacks it.

    The node that the client told comes last: somebody else's lack tells more.
    """
    known = {equality_key(began.value) for began, _ in sets.acknowledged}
    fallback = None
    for began, ended in sorted(
        sets.adds, key=lambda pair: equality_key(pair[0].value) not in known
    ):
        key = equality_key(began.value)
        if key not in lost:
            continue
        lacking = [node for node, read in sets.last_reads.items() if key not in read.shown]
        if lacking:
            knows = dossier.node_of(began)
            found = _Example(began, ended, sorted(lacking, key=lambda node: node == knows))
            fallback = fallback or found
            if key in known and not _is_small(key):
                return found
    return fallback


def _is_small(value: Any) -> bool:
    """Whether a value is a number that messages may have for other reasons."""
    return type(value) is int and abs(value) < _SMALL


def _not_shown(dossier: Dossier, sets: Sets, lost: _Example, total: str) -> Finding:
    """The finding about a value that some nodes do not show in the end."""
    began, ended, lacking = lost.began, lost.ended, lost.lacking
    key = equality_key(began.value)
    example = lacking[0]
    read = sets.last_reads[example]
    shown = _count_shown(sets, read)
    known = counted(len(sets.acknowledged), "acknowledged value")
    is_counted = ended is not None and ended.type == "ok"
    has = f"has {shown:,} of {known}" if is_counted else "does not have it"
    before = [r for r in sets.reads if r.node == example and key in r.shown]
    did = "never showed it"
    if before:
        did = f"does not show it any more, as it did {at(before[-1].ended.time_ns)}"
    elif len(lacking) > 1:
        did += f", nor did {counted(len(lacking) - 1, 'other node')}"
    sentence = (
        f"{_given(dossier, sets, began, ended)} {example} {did}: its last read, "
        f"{at(read.began.time_ns)}, {has}{total}."
    )
    messages = dossier.exchange(began, read.began)
    return Finding(Kind.PROMISE, sentence, None, (), messages)


def _count_shown(sets: Sets, read: Read) -> int:
    """How many of the acknowledged values a read shows."""
    return sum(equality_key(began.value) in read.shown for began, _ in sets.acknowledged)


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


def differing(dossier: Dossier, found: Convergence) -> Iterator[Finding]:
    """A value that some node shows in the end and another does not, and how that came about."""
    sets = _sets(dossier)
    example = _example(
        dossier, sets, {key for key, row in found.finals.items() if False in row.values()}
    )
    if example is not None:
        lacks = [
            f"{node} lacks {found.missing[node]}" for node in found.missing if found.missing[node]
        ]
        total = f"; {listed(lacks)}" if lacks else ""
        for finding in (_not_shown(dossier, sets, example, total), _fate(dossier, example)):
            yield replace(finding, anomaly=DIVERGED)


def deeds(dossier: Dossier) -> Iterator[Finding]:
    """Values in reads that nobody added: of another type than what was added, or invented."""
    sets = _sets(dossier)
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
    lost = dossier.part("workload").get(kw("lost")) or ()
    found = _example(dossier, _sets(dossier), frozenset(map(equality_key, lost)))
    if found is not None and dossier.messages:  # otherwise nobody knows
        yield _fate(dossier, found)


def _fate(dossier: Dossier, lost: _Example) -> Finding:
    """How a value went from the node that a client told to one that lacks it, or did not."""
    began, ended, value = lost.began, lost.ended, lost.began.value
    is_ok = ended is not None and ended.type == "ok"
    did = (
        f"acknowledged {said(value)} {at(ended.time_ns)}"
        if ended and is_ok
        else f"was given {said(value)} {at(began.time_ns)}"
    )
    knows = dossier.node_of(began)
    between = knows, lost.lacking[0]
    text, ids = losses.fate(dossier, f"{knows} {did}", value, between, began.time_ns)
    return Finding(Kind.LOSS, f"{text}.", None, (), ids)
