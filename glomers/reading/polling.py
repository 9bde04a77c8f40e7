"""kafka in words: what each kind of error in its logs is, with the operations that show it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from glomers.formats.edn import Keyword, kw
from glomers.formats.history import Op
from glomers.reading import dependencies, losses
from glomers.reading.dossier import Dossier
from glomers.reading.envelopes import Envelope
from glomers.reading.finding import Finding, Kind
from glomers.reading.repeats import repeats
from glomers.reading.wording import a, at, listed, said, times

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
_SHOWN_MESSAGES = 3


def violations(dossier: Dossier) -> Iterator[Finding]:
    """A finding for each kind of error that makes the run invalid."""
    for name, case, count in _cases(dossier):
        total = f"{count:,} messages" if name == "unseen" else f"{count:,} cases of"
        more = f" ({total} {name})" if count > 1 else f" ({name})"
        told = _TELLERS.get(name)
        if told is not None:
            text, ops = told(dossier, case)
            messages = dossier.exchange(*ops)
            key = case.get(kw("key"))
            yield Finding(Kind.PROMISE, f"{text}{more}.", None, (), messages, name, key)
        elif kw("steps") in case:
            yield dependencies.cycle(dossier, name, case, more)
        else:
            yield Finding(Kind.PROMISE, f"{dependencies.meaning(name)}{more}.", anomaly=name)


def _cases(dossier: Dossier) -> Iterator[tuple[str, Case, int]]:
    """The kinds of errors, the first case of each, and how many there are."""
    part = dossier.part("workload")
    bad = [name.name for name in part.get(kw("bad-error-types")) or ()]
    ranked = {name: rank for rank, name in enumerate(SEVEREST)}
    for name in sorted(bad, key=lambda name: (ranked.get(name, len(ranked)), name)):
        result = part.get(kw(name))
        if not isinstance(result, Mapping):
            continue
        if name == "unseen":
            key, values = next(iter((result.get(kw("messages")) or {}).items()))
            total = sum((result.get(kw("unseen")) or {}).values())
            yield name, {kw("key"): key, kw("value"): values[0]}, total
            continue
        errs = result.get(kw("errs"))
        cases = [errs] if isinstance(errs, Mapping) else errs
        case = cases[0] if isinstance(cases, list | tuple) and cases else {}
        yield name, case, result.get(kw("count"), 1)


Told = tuple[str, list[Op | None]]


def _log(case: Case) -> str:
    return f"the log of key {said(case[kw('key')])}"


def _inconsistent(dossier: Dossier, case: Case) -> Told:
    offset = case[kw("offset")]
    values = sorted(case[kw("values")], key=repr)[:_SHOWN_MESSAGES]
    says, ops = _claims(dossier, [(case[kw("key")], offset, value) for value in values])
    return f"Offset {offset} of {_log(case)} holds several messages: {says}", ops


def _duplicate(dossier: Dossier, case: Case) -> Told:
    key, value = case[kw("key")], case[kw("value")]
    offsets = list(case[kw("offsets")])[:_SHOWN_MESSAGES]
    says, ops = _claims(dossier, [(key, offset, value) for offset in offsets])
    count = times(len(case[kw("offsets")]))
    text = f"The message {said(value)} stands in {_log(case)} {count}: {says}"
    send = _send(dossier, key, value)
    return text, [*ops, send[0] if send else None]


def _claims(dossier: Dossier, stands: list[tuple[Any, Any, Any]]) -> Told:
    """Who says that messages stand at offsets, in the order in which it was said."""
    claims = [_claim(dossier, *each) for each in stands]
    claims.sort(key=lambda claim: claim[1].index if claim[1] else -1)
    return listed([words for words, _ in claims]), [op for _, op in claims]


def _claim(dossier: Dossier, key: Any, offset: Any, value: Any) -> tuple[str, Op | None]:
    """The first answer that says that a message stands at an offset."""
    ends = [ended for _, ended in dossier.operations if ended and ended.type == "ok"]
    for op in sorted(ends, key=lambda op: op.index):
        node, when = dossier.node_of(op), at(op.time_ns)
        if (key, offset, value) in _sent(op):
            return f"{node} gave {said(value)} offset {offset} {when}", op
        if (key, offset, value) in _polled(op):
            return f"a poll at {node} showed {said(value)} at offset {offset} {when}", op
    return f"{said(value)} stands at {offset}", None


def _sent(op: Op) -> list[tuple[Any, Any, Any]]:
    """What an operation sent: keys, offsets (None where nobody knows them) and messages."""
    steps = [step[1:] for step in op.value or () if step[0] is kw("send")]
    return [
        (key, *sent) if isinstance(sent, list) and len(sent) == 2 else (key, None, sent)
        for key, sent in steps
    ]


def _polled(op: Op) -> list[tuple[Any, Any, Any]]:
    """What an operation polled: keys, offsets and messages."""
    steps = [step[1] for step in op.value or () if step[0] is kw("poll") and len(step) > 1]
    return [(key, *entry) for logs in steps for key, log in (logs or {}).items() for entry in log]


def _lost_write(dossier: Dossier, case: Case) -> Told:
    reader = dossier.op(case.get(kw("max-read")))
    text, writer = _acknowledged(dossier, case)
    node = f", as at {dossier.node_of(reader)} {at(reader.time_ns)}" if reader else ""
    return f"{text}, and no poll ever showed it, though polls showed later ones{node}", [
        writer,
        reader,
    ]


def _unseen(dossier: Dossier, case: Case) -> Told:
    text, writer = _acknowledged(dossier, case)
    polls = [e for b, e in dossier.operations if b.f == "poll" and e and e.type == "ok"]
    last = max(polls, key=lambda op: op.index, default=None)
    end = f", not even the last, at {dossier.node_of(last)} {at(last.time_ns)}" if last else ""
    return f"{text}, and no poll ever showed it{end}", [writer, last]


def _acknowledged(dossier: Dossier, case: Case) -> tuple[str, Op | None]:
    """Who acknowledged a message."""
    key, value = case[kw("key")], case[kw("value")]
    began, ended = _send(dossier, key, value) or (None, None)
    if began is None:
        return f"The message {said(value)} was sent to key {said(key)}", None
    is_ok = ended is not None and ended.type == "ok"
    op = ended if ended is not None and is_ok else began
    offset = next((offset for k, offset, v in _sent(op) if (k, v) == (key, value)), None)
    place = f" at offset {offset}" if offset is not None else ""
    did = "acknowledged" if is_ok else "was given"
    text = f"{dossier.node_of(op)} {did} the message {said(value)} for key {said(key)}"
    return f"{text}{place} {at(op.time_ns)}", op


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
    skipped, send = _skipped(dossier, case)
    return (
        f"{_who(dossier, ops)} polled {_log(case)}{_when(ops[:1])}, and its next poll"
        f"{_when(ops[1:])} left out {skipped}"
    ), [*ops, send]


def _skipped(dossier: Dossier, case: Case) -> tuple[str, Op | None]:
    """The messages that a poll left out, and the operation that sent the first of them."""
    skipped = list(case.get(kw("skipped")) or ())
    send = _send(dossier, case[kw("key")], skipped[0]) if skipped else None
    words = listed([said(value) for value in skipped]) or "what is in between"
    return words, send[0] if send else None


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
    skipped, send = _skipped(dossier, case)
    shown = said(before), said(after)
    left_out = f"and without {skipped}"
    if skipped in shown:  # it has more than one offset
        left_out = f"though {skipped} stands at an offset between the two as well"
    return (
        f"{node} answered one poll{_when([op])} with {' and '.join(shown)} of {_log(case)}, "
        f"{left_out}"
    ), [op, send]


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
    "unseen": _unseen,
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


def _send(dossier: Dossier, key: Any, value: Any) -> tuple[Op, Op | None] | None:
    """The operation that sent a message."""
    for began, ended in dossier.operations:
        if began.f in ("send", "txn") and (key, None, value) in _sent(began):
            return began, ended
    return None


def handed_on(dossier: Dossier) -> Iterator[Finding]:
    """What became of messages on their way from the node that took them to others."""
    for name, case, _ in _cases(dossier):
        if name not in ("duplicate", "lost-write", "unseen"):
            continue
        key, value = case[kw("key")], case[kw("value")]
        send = _send(dossier, key, value)
        if send is None:
            continue
        node, since_ns = dossier.node_of(send[0]), send[0].time_ns
        carrying = dossier.carrying(value, key)
        handed = [m for m in carrying if m.src == node and m.sent_ns >= since_ns]
        if handed:
            text, ids = _handed(dossier, name, handed)
            yield Finding(Kind.LOSS, f"{text}.", None, (), ids, name, key)


def _handed(dossier: Dossier, name: str, handed: list[Envelope]) -> losses.Told:
    """How a node handed a message on: twice, in vain, or at all."""
    repeat = next(repeats(dossier, handed), None)
    if repeat and name == "duplicate":
        return str(repeat), repeat.ids
    lost = [m for m in handed if m.lost]
    if lost:
        return f"{lost[0].src} {losses.why_lost(dossier, lost[0])}", tuple(m.id for m in lost)
    src, first = handed[0].src, handed[0]
    text = f"{src} handed the message to {first.dest} by {a(first.type)} {at(first.sent_ns)}"
    return text, (first.id,)
