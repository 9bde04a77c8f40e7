"""kafka in words: what each kind of error in its logs is, with the operations that show it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from glomers.formats.edn import Keyword, kw
from glomers.formats.history import Op
from glomers.reading import dependencies
from glomers.reading.dossier import Dossier
from glomers.reading.finding import Finding, Kind
from glomers.reading.wording import at, counted, listed, said

Case = Mapping[Keyword, Any]

SEVEREST = (
    "inconsistent-offsets",
    "duplicate",
    "lost-write",
    "unseen",
    "G1a",
    "int-nonmonotonic-poll",
    "nonmonotonic-poll",
    "int-poll-skip",
    "poll-skip",
    "int-nonmonotonic-send",
    "nonmonotonic-send",
    "precommitted-read",
)
"""What is told first: what explains the others."""


def violations(dossier: Dossier) -> Iterator[Finding]:
    """A finding for each kind of error that makes the run invalid."""
    part = dossier.part("workload")
    bad = [name.name for name in part.get(kw("bad-error-types")) or ()]
    ranked = {name: rank for rank, name in enumerate(SEVEREST)}
    for name in sorted(bad, key=lambda name: (ranked.get(name, len(ranked)), name)):
        result = part.get(kw(name))
        if not isinstance(result, Mapping):
            continue
        if name == "unseen":
            yield _unseen(dossier, result)
            continue
        errs = result.get(kw("errs"))
        cases = [errs] if isinstance(errs, Mapping) else errs
        case = cases[0] if isinstance(cases, list | tuple) and cases else {}
        count = result.get(kw("count"), 1)
        more = f" ({counted(count, 'case')} of {name})" if count > 1 else f" ({name})"
        yield _finding(dossier, name, case, more)


def _finding(dossier: Dossier, name: str, case: Case, more: str) -> Finding:
    told = _TELLERS.get(name)
    if told is not None:
        text, ops = told(dossier, case)
        messages = tuple(
            number for op in ops if op is not None for number in dossier.exchange_of(op)
        )
        return Finding(Kind.PROMISE, f"{text}{more}.", None, (), messages)
    if kw("steps") in case:
        return dependencies.cycle(dossier, name, case, more)
    return Finding(Kind.PROMISE, f"{dependencies.meaning(name)}{more}.")


Told = tuple[str, list[Op | None]]


def _log(case: Case) -> str:
    return f"the log of key {said(case[kw('key')])}"


def _inconsistent(dossier: Dossier, case: Case) -> Told:
    offset, values = case[kw("offset")], sorted(case[kw("values")], key=repr)
    key = case[kw("key")]
    ops = [_sender(dossier, key, value) for value in values]
    whose = [
        f"{said(value)} (acknowledged by {dossier.node_of(op)} {at(op.time_ns)})"
        if op
        else said(value)
        for value, op in zip(values, ops, strict=True)
    ]
    return f"Offset {offset} of {_log(case)} holds several messages: {listed(whose)}", ops


def _duplicate(dossier: Dossier, case: Case) -> Told:
    offsets = listed([str(offset) for offset in case[kw("offsets")]])
    key, value = case[kw("key")], case[kw("value")]
    sent = _sender(dossier, key, value)
    return f"The message {said(value)} stands in {_log(case)} at the offsets {offsets}", [sent]


def _lost_write(dossier: Dossier, case: Case) -> Told:
    writer, reader = dossier.op(case.get(kw("writer"))), dossier.op(case.get(kw("max-read")))
    value = said(case[kw("value")])
    did = (
        f"{dossier.node_of(writer)} acknowledged the message {value} for key "
        f"{said(case[kw('key')])} {at(writer.time_ns)}"
        if writer
        else f"The message {value} was sent to key {said(case[kw('key')])}"
    )
    saw = f", as process {reader.process} did {at(reader.time_ns)}" if reader else ""
    return f"{did}, and no poll ever showed it, though polls showed later ones{saw}", [writer]


def _unseen(dossier: Dossier, result: Case) -> Finding:
    messages = result.get(kw("messages")) or {}
    key, values = next(iter(messages.items()))
    writer = _sender(dossier, key, values[0])
    total = sum((result.get(kw("unseen")) or {}).values())
    did = f"{dossier.node_of(writer)} acknowledged" if writer else "Acknowledged was"
    when = f" {at(writer.time_ns)}" if writer else ""
    sentence = (
        f"{did} the message {said(values[0])} for key {said(key)}{when}, and no poll ever showed "
        f"it, to the end of the run ({counted(total, 'message')} unseen)."
    )
    ids = dossier.exchange_of(writer) if writer else ()
    return Finding(Kind.PROMISE, sentence, None, (), ids)


def _aborted(dossier: Dossier, case: Case) -> Told:
    writer, reader = dossier.op(case.get(kw("writer"))), dossier.op(case.get(kw("reader")))
    refused = f"refused by {dossier.node_of(writer)} {at(writer.time_ns)}" if writer else "refused"
    shown = f"showed it {at(reader.time_ns)}" if reader else "showed it"
    text = (
        f"The message {said(case[kw('value')])} for key {said(case[kw('key')])} was {refused} "
        f"for certain, and a poll {shown} all the same"
    )
    return text, [writer, reader]


def _backwards_poll(dossier: Dossier, case: Case) -> Told:
    ops = [dossier.op(op) for op in case.get(kw("ops")) or ()]
    before, after = case[kw("values")]
    who = _who(dossier, ops)
    again = "showed it again" if before == after else f"went back to {said(after)}"
    return (
        f"{who} had polled {said(before)} of {_log(case)}{_when(ops[:1])}, and its next poll"
        f"{_when(ops[1:])} {again}"
    ), ops


def _skipping_poll(dossier: Dossier, case: Case) -> Told:
    ops = [dossier.op(op) for op in case.get(kw("ops")) or ()]
    skipped = listed([said(value) for value in case.get(kw("skipped")) or ()])
    return (
        f"{_who(dossier, ops)} polled {_log(case)}{_when(ops[:1])}, and its next poll"
        f"{_when(ops[1:])} left out {skipped or 'what came in between'}"
    ), ops


def _within_poll(dossier: Dossier, case: Case) -> Told:
    op = dossier.op(case.get(kw("op")))
    before, after = case[kw("values")]
    node = dossier.node_of(op) if op else "A node"
    again = "twice" if before == after else f"before {said(after)}, which comes earlier in it"
    text = f"{node} answered one poll{_when([op])} with {said(before)} of {_log(case)} {again}"
    return text, [op]


def _within_skip(dossier: Dossier, case: Case) -> Told:
    op = dossier.op(case.get(kw("op")))
    before, after = case[kw("values")]
    node = dossier.node_of(op) if op else "A node"
    skipped = listed([said(value) for value in case.get(kw("skipped")) or ()])
    return (
        f"{node} answered one poll{_when([op])} with {said(before)} and {said(after)} of "
        f"{_log(case)}, and without {skipped or 'what is in between'}"
    ), [op]


def _backwards_send(dossier: Dossier, case: Case) -> Told:
    ops = [dossier.op(op) for op in case.get(kw("ops")) or ()] or [dossier.op(case.get(kw("op")))]
    before, after = case[kw("values")]
    return (
        f"{_who(dossier, ops)} sent {said(before)} to {_log(case)}{_when(ops[:1])} and "
        f"{said(after)} after it{_when(ops[1:])}, which got an offset before"
    ), ops


def _precommitted(dossier: Dossier, case: Case) -> Told:
    op = dossier.op(case.get(kw("op")))
    return f"A transaction{_when([op])} polled its own message {said(case[kw('value')])}", [op]


_TELLERS: Mapping[str, Callable[[Dossier, Case], Told]] = {
    "inconsistent-offsets": _inconsistent,
    "duplicate": _duplicate,
    "lost-write": _lost_write,
    "G1a": _aborted,
    "nonmonotonic-poll": _backwards_poll,
    "poll-skip": _skipping_poll,
    "int-nonmonotonic-poll": _within_poll,
    "int-poll-skip": _within_skip,
    "nonmonotonic-send": _backwards_send,
    "int-nonmonotonic-send": _backwards_send,
    "precommitted-read": _precommitted,
}


def _who(dossier: Dossier, ops: list[Op | None]) -> str:
    op = next(filter(None, ops), None)
    return f"Process {op.process} (at {dossier.node_of(op)})" if op else "A process"


def _when(ops: list[Op | None]) -> str:
    op = next(filter(None, ops), None)
    return f" {at(op.time_ns)}" if op else ""


def _sender(dossier: Dossier, key: Any, value: Any) -> Op | None:
    """The acknowledgement of a message."""
    for began, ended in dossier.operations:
        if began.f in ("send", "txn") and ended is not None and ended.type == "ok":
            for step in began.value or ():
                if step[0] == kw("send") and step[1] == key and step[-1] == value:
                    return ended
    return None
