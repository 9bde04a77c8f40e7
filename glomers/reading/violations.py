"""The promises of a challenge that a run did not keep, each in words and with an example."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from glomers.formats.edn import kw
from glomers.formats.history import Op
from glomers.reading import answers, dependencies, elements, losses, polling, shortest, sums
from glomers.reading.dossier import Dossier
from glomers.reading.finding import Finding, Kind
from glomers.reading.refusals import is_timeout, text_of
from glomers.reading.wording import (
    a,
    at,
    beginning,
    counted,
    how_many,
    listed,
    said,
    shortened,
    without_edn,
)

Teller = Callable[[Dossier], Iterator[Finding]]

_OF_WORKLOADS: Mapping[str, Teller] = {
    "echo": answers.wrong_echoes,
    "unique-ids": answers.repeated_ids,
    "broadcast": elements.violations,
    "g-set": elements.violations,
    "g-counter": sums.violations,
    "pn-counter": sums.violations,
    "kafka": polling.violations,
    "lin-kv": shortest.violations,
    "txn-rw-register": dependencies.violations,
    "txn-list-append": dependencies.violations,
}
_WAYS: Mapping[str, Teller] = {
    "broadcast": elements.lost_on_the_way,
    "g-set": elements.lost_on_the_way,
    "g-counter": sums.lost_on_the_way,
    "pn-counter": sums.lost_on_the_way,
    "kafka": polling.handed_on,
    "lin-kv": shortest.asked_before,
}
"""How it came about, as far as the messages tell."""
_CAST = re.compile(r"class (?:\S*\.)?(\w+) cannot be cast to class (?:\S*\.)?(\w+)")
_TYPES = {"Long": "integers", "BigInt": "integers", "String": "texts", "Double": "fractions"}
_MAY_ALWAYS_FAIL = ("crash", "debug-topic-partitions")
_MAY_BE_REFUSED = ("cas",)


def teller_of(workload: str) -> Teller:
    """What tells of the violations of a workload."""
    return _OF_WORKLOADS.get(workload, _as_checked)


def ways_of(workload: str) -> Teller:
    """What tells how the violations of a workload came about."""
    return _WAYS.get(workload, lambda dossier: iter(()))


def violations(dossier: Dossier) -> Iterator[Finding]:
    """What the checkers are not content with.

    What never succeeded comes first, for much else follows from it, unless right nodes may refuse
    it too.
    """
    never = list(_never_succeeded(dossier)) if _is_amiss(dossier, "stats") else []
    yield from (finding for f, finding in never if f not in _MAY_BE_REFUSED)
    if _is_amiss(dossier, "workload"):
        part = dossier.part("workload")
        tell = teller_of(dossier.workload)
        yield from [_undecided(part)] if kw("error") in part else tell(dossier)
    yield from (finding for f, finding in never if f in _MAY_BE_REFUSED)
    if _is_amiss(dossier, "availability"):
        yield from unavailable(dossier)


def never_succeeded(dossier: Dossier) -> Iterator[Finding]:
    """Functions of which no operation succeeded."""
    return (finding for _, finding in _never_succeeded(dossier))


def _is_amiss(dossier: Dossier, name: str) -> bool:
    part = dossier.part(name)
    return bool(part) and part.get(kw("valid?")) is not True


def _as_checked(dossier: Dossier) -> Iterator[Finding]:
    """What the checker's result holds, where nobody has found words for it."""
    part = dossier.part("workload").items()
    found = [f"{name.name} {said(value)}" for name, value in part if name != kw("valid?")]
    if found:
        sentence = f"The checker of {dossier.workload} found {listed(found)}."
        yield Finding(Kind.PROMISE, sentence)


def _undecided(part: Mapping[Any, Any]) -> Finding:
    """What kept a checker from judging."""
    error = part.get(kw("error"))
    if isinstance(error, Mapping):  # the real Maelstrom's
        error = error.get(kw("cause"), "it failed")
    cast = _CAST.search(str(error))
    if cast:
        types = listed([_TYPES.get(name, name) for name in cast.groups()])
        error = f"it found {types} side by side, which have no order"
    reason = shortened(without_edn(str(error)), 300).rstrip(".")
    return Finding(Kind.PROMISE, f"The checker could not judge what it saw: {reason}.")


def _never_succeeded(dossier: Dossier) -> Iterator[tuple[str, Finding]]:
    by_f: dict[str, list[tuple[Op, Op | None]]] = {}
    for began, ended in dossier.operations:
        by_f.setdefault(began.f, []).append((began, ended))
    for f, operations in sorted(by_f.items()):
        is_ok = any(ended is not None and ended.type == "ok" for _, ended in operations)
        if is_ok or f in _MAY_ALWAYS_FAIL:
            continue
        began, ended = operations[0]
        sentence = (
            f"No `{f}` succeeded, of {counted(len(operations), 'request')}: the first, "
            f"{_asked(dossier, began)}, {_outcome(dossier, began, ended)}."
        )
        yield f, Finding(Kind.PROMISE, sentence, None, (), _seen(dossier, began, ended))


def unavailable(dossier: Dossier) -> Iterator[Finding]:
    """Requests that did not succeed, where a certain share of them has to."""
    left = [
        (began, ended) for began, ended in dossier.operations if ended is None or ended.type != "ok"
    ]
    if left:
        asked = [pair for pair in left if pair[0].f not in _MAY_ALWAYS_FAIL]
        began, ended = (asked or left)[0]
        share = beginning(how_many(len(left), len(dossier.operations)))
        sentence = (
            f"{share} requests did not succeed, and more of them have to: the first, "
            f"{a(began.f)} {_asked(dossier, began)}, "
            f"{_outcome(dossier, began, ended)}."
        )
        yield Finding(Kind.PROMISE, sentence, None, (), _seen(dossier, began, ended))


def _asked(dossier: Dossier, began: Op) -> str:
    """To whom an operation went and when, with its value where that is short."""
    to = f"to {dossier.node_of(began)} {at(began.time_ns)}"
    if began.value is None or began.f in ("txn", "poll"):
        return to
    return f"{said(began.value, 40)} {to}"


def _outcome(dossier: Dossier, began: Op, ended: Op | None) -> str:
    """What became of an operation that did not succeed."""
    if ended is None:
        return "was still open in the end"
    if ended.error is None:
        return "ended without anybody knowing whether it took effect"
    if is_timeout(ended.error):
        late = f"was not answered within {(ended.time_ns - began.time_ns) / 1e9:.3g} s"
        return f"{late}{_why_late(dossier, began, ended)}"
    text = text_of(ended.error)
    if text.startswith("Malformed"):
        return "was answered in the wrong form"
    return f"ended in an error ({shortened(text, 120)})"


def _why_late(dossier: Dossier, began: Op, ended: Op) -> str:
    """What kept a node from answering, as the end of a sentence; empty where nobody knows."""
    node = dossier.node_of(began)
    for fault, state in (("kill", "was down"), ("pause", "stood still")):
        spans = dossier.faults_of(node, fault)
        if any(span.start_ns <= began.time_ns <= span.end_ns for span in spans):
            return f", since {node} {state}"
    lost = next((m for m in losses.during(dossier, began, ended) if m.lost), None)
    return f"; {node} {losses.why_lost(dossier, lost)}" if lost else ""


def _seen(dossier: Dossier, began: Op, ended: Op | None) -> tuple[int, ...]:
    """The messages of an operation, and what its node sent in vain meanwhile."""
    lost = [m.id for m in losses.during(dossier, began, ended) if m.lost]
    return (*dossier.exchange(began), *lost[:1])
