"""Adya's anomalies in words: who read what from whom, and why no order explains it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from glomers.formats.edn import Keyword, Symbol, equality_key, kw
from glomers.formats.history import Op
from glomers.reading.dossier import Dossier
from glomers.reading.finding import Finding, Kind
from glomers.reading.wording import at, counted, listed, said, seconds

Case = Mapping[Keyword, Any]

_MEANINGS = {
    "G0": "writes of transactions are mixed (dirty write)",
    "G1a": "a transaction read what a failed one had written (aborted read)",
    "G1b": "a transaction read what another one overwrote before it was done (intermediate read)",
    "G1c": "transactions read from one another in a circle (circular information flow)",
    "G-single": "a transaction saw some of another one's effects and missed others (read skew)",
    "G-single-item": "a transaction saw some of another one's effects and missed others "
    "(read skew)",
    "G-nonadjacent": "transactions saw states that no snapshot explains",
    "G-nonadjacent-item": "transactions saw states that no snapshot explains",
    "G2": "each of several transactions missed what another one wrote (write skew)",
    "G2-item": "each of several transactions missed what another one wrote (write skew)",
    "internal": "a transaction did not see what it had itself written or read",
    "lost-update": "several transactions changed the same version, so that one change is lost",
    "cyclic-versions": "versions of a key follow one another in a circle",
    "incompatible-order": "two reads show the same elements in different orders",
    "duplicate-elements": "a read shows an element twice",
    "dirty-update": "what a failed transaction wrote was built upon",
    "future-read": "a transaction read what it wrote only later",
    "PL-1-cycle-exists": "writes depend on one another in a circle",
    "PL-2-cycle-exists": "transactions depend on one another in a circle",
    "empty-transaction-graph": "no transaction depends on another, so that nothing was tested",
    "cycle-search-timeout": "the search for circles was cut off, so that nobody knows",
}
_ORDERS = {
    "-realtime": ", though one was over before the other began",
    "-process": ", as one process saw it",
}
SEVEREST = (
    "incompatible-order",
    "duplicate-elements",
    "internal",
    "future-read",
    "G1a",
    "G1b",
    "dirty-update",
    "lost-update",
    "G0",
    "G1c",
)
"""What is told first: what one transaction shows, then what few do."""
_INITIAL = ("initial", "/init")
"""The names of what stands for the state before all writes."""


def meaning(name: str) -> str:
    """An anomaly's name in plain words, as a sentence without its end."""
    base, order = name, ""
    for suffix, words in _ORDERS.items():
        if name.endswith(suffix):
            base, order = name.removesuffix(suffix), words
    text = _MEANINGS.get(base, "no order of the transactions explains what they saw")
    return f"{text[0].upper()}{text[1:]}{order}"


def violations(dossier: Dossier) -> Iterator[Finding]:
    """A finding for each type of anomaly, the most telling first."""
    anomalies = dossier.part("workload").get(kw("anomalies"))
    found = {name.name: cases for name, cases in (anomalies or {}).items() if cases}
    ranked = {name: rank for rank, name in enumerate(SEVEREST)}

    def rank(name: str) -> tuple[bool, int, str]:
        return name.endswith("cycle-exists"), ranked.get(name, len(ranked)), name

    for name in sorted(found, key=rank):
        cases = found[name]
        is_list = isinstance(cases, list | tuple)
        case = cases[0] if is_list else cases
        count = len(cases) if is_list else 1
        more = f" ({name}; {counted(count, 'case')})" if count > 1 else f" ({name})"
        if not isinstance(case, Mapping):
            yield Finding(Kind.PROMISE, f"{meaning(name)}{more}.", anomaly=name)
        elif kw("steps") in case:
            yield cycle(dossier, name, case, more)
        else:
            yield _case(dossier, name, case, more)


# Circles


def cycle(dossier: Dossier, name: str, case: Case, more: str) -> Finding:
    """A circle of dependencies: each transaction, and what it has to do with the next."""
    ops = [dossier.op(op) for op in case[kw("cycle")]][:-1]
    names = [f"T{number}" for number in range(1, len(ops) + 1)]
    who = [
        f"{name} ({dossier.node_of(op)}, {seconds(op.time_ns)})" if op else name
        for name, op in zip(names, ops, strict=True)
    ]
    following = [*names[1:], names[0]]
    steps = [
        _step(step, pair)
        for step, pair in zip(case[kw("steps")], zip(names, following, strict=True), strict=True)
    ]
    shown = listed(who, 5)
    are = "Of one transaction" if len(ops) == 1 else f"No order explains {shown}"
    text = f"{are}: {'; '.join(steps[:5])}{'; …' if len(steps) > 5 else ''}"
    lines = [f"{name}: {transaction(op)}" for name, op in zip(names, ops, strict=True) if op]
    plain = meaning(name)
    sentence = f"{text}: {plain[0].lower()}{plain[1:]}{more}."
    return Finding(Kind.PROMISE, sentence, None, tuple(lines), dossier.exchange(*ops), name)


def _step(step: Case, names: tuple[str, str]) -> str:
    """Why one transaction comes before another."""
    earlier, later = names
    kind = getattr(step.get(kw("type")), "name", "")
    key, value, new = (step.get(kw(name)) for name in ("key", "value", "value'"))
    value = None if getattr(value, "name", "").endswith(_INITIAL) else value
    if kind == "wr":
        return f"{later} read {_register(key, value)} from {earlier}"
    if kind == "ww":
        return f"{later} wrote {_register(key, new)} over {earlier}'s {said(value)}"
    if kind == "rw":
        seen = f"key {said(key)} as empty" if value is None else _register(key, value)
        return f"{earlier} read {seen}, before {later} wrote {said(new)}"
    if kind == "process":
        return f"one process executed {earlier} before {later}"
    return f"{earlier} was over before {later} began"


def _register(key: Any, value: Any) -> str:
    return f"key {said(key)} = {said(value)}"


# Other anomalies


def _case(dossier: Dossier, name: str, case: Case, more: str) -> Finding:
    op, writer = dossier.op(case.get(kw("op"))), dossier.op(case.get(kw("writer")))
    text = _told(dossier, name, case, op, writer)
    ops = [each for each in (writer, op, *_others(dossier, name, case)) if each is not None]
    lines = tuple(f"{dossier.node_of(each)}: {transaction(each)}" for each in ops)
    plain = meaning(name)
    sentence = f"{text}: {plain[0].lower()}{plain[1:]}{more}." if text else f"{plain}{more}."
    key = case.get(kw("key"), (case.get(kw("mop")) or (None, None))[1])
    return Finding(Kind.PROMISE, sentence, None, lines, dossier.exchange(*ops), name, key)


def _others(dossier: Dossier, name: str, case: Case) -> list[Op | None]:
    """The other operations that an anomaly is about."""
    if name == "lost-update":
        return list(map(dossier.op, case.get(kw("txns")) or ()))
    if name == "incompatible-order":
        return [_doer(dossier, case[kw("key")], value, True) for value in case[kw("values")]]
    if name == "duplicate-elements":
        key, elements = case[kw("mop")][1], case.get(kw("duplicates")) or {}
        return [_doer(dossier, key, element, False) for element in list(elements)[:1]]
    return []


def _doer(dossier: Dossier, key: Any, value: Any, is_read: bool) -> Op | None:
    """The first transaction that read a value of a key, or wrote it there."""
    wanted = equality_key(key), equality_key(value)
    for _, ended in dossier.operations:
        for step in (ended.value if ended and ended.type == "ok" else None) or ():
            found = equality_key(step[1]), equality_key(step[2])
            if found == wanted and (step[0] is kw("r")) == is_read:
                return ended
    return None


def _told(dossier: Dossier, name: str, case: Case, op: Op | None, writer: Op | None) -> str:
    """What the operations of an anomaly did, as the beginning of a sentence."""
    by = f"{dossier.node_of(op)} answered a transaction {at(op.time_ns)}" if op else ""
    micro_op = case.get(kw("mop"))
    read = f"key {said(micro_op[1])} = {said(micro_op[2])}" if micro_op else ""
    if name == "internal" and micro_op:
        return f"{by} with {read}, after it had itself read or written {_expected(case)}"
    if name == "future-read" and micro_op:
        return f"{by} with {read}, though it appended {said(case.get(kw('element')))} only later"
    if name in ("G1a", "G1b") and micro_op:
        whose = dossier.node_of(writer) if writer else "another node"
        when = f" {at(writer.time_ns)}" if writer else ""
        fate = "refused" if name == "G1a" else "executed"
        element = case.get(kw("element"), micro_op[2])
        return f"{by} with {read}; {said(element)} is of a transaction that {whose} {fate}{when}"
    if name == "duplicate-elements" and micro_op:
        repeated = case.get(kw("duplicates")) or {}
        return f"{by} with {read}, in which {listed([said(e) for e in repeated])} stands twice"
    if name == "incompatible-order":
        key, values = case[kw("key")], case[kw("values")]
        shown = [_shown(dossier, key, value) for value in values]
        return f"Of key {said(key)} {listed(shown)}"
    if name == "lost-update":
        return _lost_update(dossier, case)
    if name == "dirty-update":
        failed, *_, built = case[kw("values")]
        return f"To key {said(case[kw('key')])} {said(built)} was added upon {said(failed)}"
    if name == "cyclic-versions":
        versions = listed(sorted((said(value) for value in case[kw("scc")]), key=len))
        return f"Of key {said(case[kw('key')])} each of {versions} was written upon another of them"
    return ""


def _shown(dossier: Dossier, key: Any, value: Any) -> str:
    """Who showed a value of a key first."""
    op = _doer(dossier, key, value, is_read=True)
    who = f"{dossier.node_of(op)} {at(op.time_ns)}" if op else "a read"
    return f"{who} showed {said(value)}"


def _lost_update(dossier: Dossier, case: Case) -> str:
    ops = [op for op in map(dossier.op, case.get(kw("txns")) or ()) if op is not None]
    who = listed([f"{dossier.node_of(op)} {at(op.time_ns)}" for op in ops])
    seen = f"key {said(case.get(kw('key')))} = {said(case.get(kw('value')))}"
    return f"Transactions at {who} all read {seen} and wrote upon it"


def _expected(case: Case) -> str:
    """What a read has to show; of a list, whose beginning nobody may know, the end."""
    value = case.get(kw("expected"))
    if isinstance(value, list | tuple) and isinstance(next(iter(value), None), Symbol):
        return f"a list that ends with {said(list(value)[1:])}"
    return said(value)


def transaction(op: Op) -> str:
    """An operation's micro-operations: `r 3 = 5, w 4 = 2`."""
    steps: Sequence[Any] = op.value if isinstance(op.value, list | tuple) else ()
    return ", ".join(" ".join(_micro_op(step)) for step in steps)


def _micro_op(step: Sequence[Any]) -> Iterator[str]:
    f, *rest = step
    yield getattr(f, "name", str(f))
    yield " = ".join(said(part, 60) for part in rest)
