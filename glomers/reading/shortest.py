"""lin-kv in words: the shortest sequence of operations on a key that no order explains.

The last operations before the one that does not fit are looked at, as few as will do, from a value
of the key that may be any.  What began before them may take effect at any time, or never, and of
what remains every operation is left out that is not needed.  All of that only makes more possible,
so that what is impossible then is so in the whole history as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from glomers.formats.edn import equality_key, freeze, kw
from glomers.formats.history import Op
from glomers.reading import losses
from glomers.reading.dossier import Dossier
from glomers.reading.envelopes import Envelope
from glomers.reading.finding import Finding, Kind
from glomers.reading.wording import at, counted, said, seconds

MOST_OPERATIONS = 12
MOST_STATES = 20_000
_ANYTHING = object()
"""Stands for a value that nobody knows yet."""


@dataclass(frozen=True, eq=False)
class Call:
    """An operation on a register; `end` is None when its outcome is open."""

    f: str
    value: Any
    began: Op
    ended: Op | None

    def after(self, state: Any) -> tuple[bool, Any]:
        """Whether it can take effect on `state`, and what is then."""
        if self.f == "write":
            return True, equality_key(self.value)
        if self.f == "cas":
            old, new = (equality_key(each) for each in self.value)
            return state is _ANYTHING or state == old, new
        if self.value is None:  # as in Knossos, it says nothing
            return True, state
        read = equality_key(self.value)
        return state is _ANYTHING or state == read, read


class _TooMany(Exception):
    """There are too many orders to look at."""


@dataclass(frozen=True)
class _Failure:
    """A key that is not linearizable: what does not fit, all calls before it, and the shortest."""

    key: Any
    odd: Op | None
    calls: list[Call]
    core: list[Call]


def _failure(dossier: Dossier) -> _Failure | None:
    """The first key that is not linearizable."""
    part = dossier.part("workload")
    for key in list(part.get(kw("failures")) or ())[:1]:
        result = (part.get(kw("results")) or {}).get(freeze(key), {}).get(kw("linearizable"), {})
        odd = dossier.op(result.get(kw("op")))
        calls = _calls(dossier, key, odd)
        return _Failure(key, odd, calls, shortest(calls) if calls else [])
    return None


def violations(dossier: Dossier) -> Iterator[Finding]:
    """The first key that is not linearizable, and how many are not."""
    failure = dossier.shared.setdefault("not linearizable", _failure(dossier))
    if failure is None:
        return
    core, odd, key = failure.core, failure.odd, failure.key
    lines = [_told(dossier, call) for call in core]
    if core:
        sentence = f"No order explains what clients saw of key {said(key)}: {'; '.join(lines)}"
        sentence += _nobody_wrote_it(core, failure.calls)
    else:
        sentence = f"No order of the operations on key {said(key)} explains what a client saw of it"
        sentence += f" {at(odd.time_ns)} at {dossier.node_of(odd)}" if odd else ""
    count = len(dossier.part("workload")[kw("failures")])
    others = f"; {counted(count, 'key')} are like that" if count > 1 else ""
    messages = dossier.exchange(*(call.began for call in core), odd)
    yield Finding(Kind.PROMISE, f"{sentence}{others}.", None, tuple(lines), messages, key=key)


def asked_before(dossier: Dossier) -> Iterator[Finding]:
    """What the node that gave the odd answer had asked others itself, and with what success."""
    failure = dossier.shared.get("not linearizable")
    if failure is None or not failure.core:
        return
    call, key = failure.core[-1], failure.key
    asked = losses.inquiries(dossier, call.began, call.ended, key)
    why = _why(dossier, dossier.node_of(call.began), asked)
    if why:
        ids = tuple(message.id for message in asked)
        yield Finding(Kind.LOSS, f"{why}.", None, (), ids, key=key)


def _why(dossier: Dossier, node: str, asked: Sequence[Envelope]) -> str:
    """Why what a node asked may have misled it; nothing where it asked nobody."""
    lost = next((m for m in asked if m.lost), None)
    if lost:
        return f"{lost.src} {losses.why_lost(dossier, lost)}"
    left = next((m for m in asked if m.src == node and dossier.reply(m) not in asked), None)
    if left:
        return f"{left.dest} did not answer {node} in time"
    for told in reversed([m for m in asked if m.dest == node]):
        what = told.body.get("text" if told.type == "error" else "value")
        if what is not None:
            return f"{told.src} had answered {node} with {said(what)} {at(told.arrived_ns)}"
    return ""


def _calls(dossier: Dossier, key: Any, odd: Op | None) -> list[Call]:
    """The operations on a key up to the one that does not fit, which comes last, by their ends."""
    wanted, last_index = equality_key(key), odd.index if odd else None
    calls = []
    for began, ended in dossier.operations:
        if equality_key(began.value[0]) != wanted or (ended is not None and ended.type == "fail"):
            continue
        if last_index is not None and began.index > last_index:
            break
        is_ok = ended is not None and ended.type == "ok"
        shown = ended if ended is not None and is_ok else began
        is_open = not is_ok or (last_index is not None and shown.index > last_index)
        if is_open and began.f == "read":
            continue
        calls.append(Call(began.f, shown.value[1], began, None if is_open else ended))
    return calls


def _nobody_wrote_it(core: Sequence[Call], calls: Iterable[Call]) -> str:
    """That what the last call saw was not written, as the end of a sentence; empty if it was."""
    last = core[-1]
    if last.f == "write":
        return ""
    saw = last.value[0] if last.f == "cas" else last.value
    begin = min(call.began.index for call in core)
    writes = [
        c for c in calls if c.f != "read" and c is not last and _wrote(c) == equality_key(saw)
    ]
    if not writes:
        return f", and nobody had written {said(saw)}"
    between = [c for c in writes if c not in core and (c.ended is None or _end(c) > begin)]
    return "" if between else f", and nobody wrote {said(saw)} in between"


def _wrote(call: Call) -> Any:
    return equality_key(call.value[1] if call.f == "cas" else call.value)


def _is_invented(call: Call, calls: Iterable[Call]) -> bool:
    """Whether a read shows a value that nobody wrote."""
    if call.f != "read" or call.value is None:
        return False
    written = (c.value[1] if c.f == "cas" else c.value for c in calls if c.f != "read")
    return equality_key(call.value) not in map(equality_key, written)


def shortest(calls: Sequence[Call]) -> list[Call]:
    """The fewest of the last calls, in order of their ends, that no order explains; or none."""
    done = sorted((c for c in calls if c.ended is not None), key=_end)
    if done and _is_invented(done[-1], calls):
        return done[-1:]
    for count in range(1, min(MOST_OPERATIONS, len(done)) + 1):
        core = done[-count:]
        begin = min(call.began.index for call in core)
        # What was under way when the first of them began, and all whose outcome is open.
        optional = [c for c in calls if c not in core and (c.ended is None or _end(c) > begin)]
        optional = [call for call in optional if call.f != "read"]
        is_all = len(core) + len(optional) == len(calls)
        try:
            if not _is_possible(core, optional, equality_key(None) if is_all else _ANYTHING):
                return _without_the_needless(core, optional)
        except _TooMany:
            return []
    return []


def _end(call: Call) -> int:
    return call.ended.index if call.ended is not None else call.began.index


def _without_the_needless(core: list[Call], optional: list[Call]) -> list[Call]:
    """Leave out reads, and let writes be optional, as long as no order explains the rest."""
    for call in core[:-1]:
        rest = [other for other in core if other is not call]
        allowed = optional if call.f == "read" else [*optional, call]
        try:
            if not _is_possible(rest, allowed):
                core, optional = rest, allowed
        except _TooMany:
            continue
    return core


def _is_possible(core: Sequence[Call], optional: Sequence[Call], state: Any = _ANYTHING) -> bool:
    """Whether some order of `core`, with any of `optional`, explains what each call saw.

    `state` is the value before them.

    Raises:
        _TooMany: when that takes too long to find out.
    """
    seen: set[tuple[frozenset[int], frozenset[int], Any]] = set()
    stack: list[tuple[frozenset[int], frozenset[int], Any]] = [
        (frozenset(range(len(core))), frozenset(range(len(optional))), state)
    ]
    while stack:
        item = stack.pop()
        left, spare, state = item
        if not left:
            return True
        if item in seen:
            continue
        seen.add(item)
        if len(seen) > MOST_STATES:
            raise _TooMany
        # A call can be next when none that is left was over before it began.
        earliest_end = min(_end(core[number]) for number in left)
        for number in left:
            fits, after = core[number].after(state)
            if fits and core[number].began.index < earliest_end:
                stack.append((left - {number}, spare, after))
        for number in spare:
            fits, after = optional[number].after(state)
            if fits and after != state and optional[number].began.index < earliest_end:
                stack.append((left, spare - {number}, after))
    return False


def _told(dossier: Dossier, call: Call) -> str:
    """An operation in words, with the time that it took."""
    node = dossier.node_of(call.began)
    when = f"{seconds(call.began.time_ns)}–{seconds(call.ended.time_ns if call.ended else None)}"
    if call.f == "read":
        return f"{node} answered a read with {said(call.value)} ({when})"
    if call.f == "write":
        return f"{node} acknowledged the write of {said(call.value)} ({when})"
    old, new = call.value
    return f"{node} acknowledged the swap of {said(old)} for {said(new)} ({when})"
