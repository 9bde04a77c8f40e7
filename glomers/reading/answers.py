"""echo and unique-ids in words: answers that are not what was asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from glomers.formats.edn import equality_key, kw
from glomers.formats.history import Op
from glomers.reading.dossier import Dossier
from glomers.reading.finding import Finding, Kind
from glomers.reading.wording import at, counted, said

_ECHO = kw("echo")
SAME_TEXT = "each with what stands behind it, make the same text"


def wrong_echoes(dossier: Dossier) -> Iterator[Finding]:
    """The first echo that is not what was sent, and how many there are."""
    wrong = [
        (began, ended)
        for began, ended in dossier.operations
        if ended is not None
        and ended.type == "ok"
        and equality_key(began.value) != equality_key(_echoed(ended.value))
    ]
    for began, ended in wrong[:1]:
        place, line = dossier.source.answers("echo") or (None, "")
        others = f" ({counted(len(wrong), 'answer')} like that)" if len(wrong) > 1 else ""
        sentence = (
            f"{dossier.node_of(began)} was sent {said(began.value)} {at(began.time_ns)} and echoed "
            f"{said(_echoed(ended.value))}{others}."
        )
        messages = dossier.exchange(began, ended)
        yield Finding(Kind.PROMISE, sentence, place, (line,) if line else (), messages)


def _echoed(reply: Any) -> Any:
    return reply.get(_ECHO) if isinstance(reply, dict) else None


def repeated_ids(dossier: Dossier) -> Iterator[Finding]:
    """The first id that was given out again, and how many there are."""
    first: dict[Any, tuple[Op, Op]] = {}
    again: dict[Any, tuple[Op, Op]] = {}
    for began, ended in dossier.operations:
        if ended is None or ended.type != "ok" or began.f != "generate":
            continue
        key = equality_key(ended.value)
        if key not in first:
            first[key] = began, ended
        else:
            again.setdefault(key, (began, ended))
    for key, (began, ended) in list(again.items())[:1]:
        place, line = dossier.source.answers("generate") or (None, "")
        earlier, given = first[key]
        giver, node = dossier.node_of(earlier), dossier.node_of(began)
        repeated = "again" if giver == node else f"{node} gave it"
        whom = _client(dossier, began, ended)
        sentence = (
            f"{giver} gave the id {said(given.value)} to {_client(dossier, earlier, given)} "
            f"{at(given.time_ns)}, and {repeated} to {whom} {at(ended.time_ns)}: "
            f"{len(again):,} of {counted(len(first), 'id')} {'was' if len(again) == 1 else 'were'} "
            f"given out more than once{_same_text(given.value, giver, node)}."
        )
        messages = (*dossier.exchange(earlier, given), *dossier.exchange(began, ended))
        yield Finding(Kind.PROMISE, sentence, place, (line,) if line else (), messages)


def _same_text(id: Any, giver: str, node: str) -> str:
    """That two names make the same text with what stands behind them, if one begins the other."""
    first, second = sorted((giver, node), key=len)
    is_so = first != second and isinstance(id, str) and second.startswith(first)
    return f"; {first} and {second}, {SAME_TEXT}" if is_so and id.startswith(second) else ""


def _client(dossier: Dossier, began: Op, ended: Op) -> str:
    """Who asked: the client's name in the network, where the messages tell, or its process."""
    replies = set(dossier.exchange(began, ended))
    names = {m.src for m in dossier.messages if m.id in replies and m.src not in dossier.nodes}
    return names.pop() if len(names) == 1 else f"process {began.process}"
