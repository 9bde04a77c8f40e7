"""How a value got lost: who had it, what was sent, what was dropped, and what was never sent.

What a node keeps in its memory stands nowhere: a node counts as knowing a value from when a message
that carries it reached it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from glomers.formats.history import Op
from glomers.reading.dossier import Dossier
from glomers.reading.envelopes import Envelope
from glomers.reading.wording import a, at, in_order, nodes_in_words, said

Told = tuple[str, tuple[int, ...]]
"""What is said, and the ids of the messages that it speaks of."""


@dataclass
class Learned:
    """Who learned a value, when (ns) and by which messages."""

    when_ns: dict[str, int]
    path: dict[str, list[Envelope]]


def learned(carrying: Iterable[Envelope], start: str, since_ns: int) -> Learned:
    """Who came to know what messages carry, which `start` knows from `since_ns` on."""
    found = Learned({start: since_ns}, {start: []})
    arrived = [(m.arrived_ns, m.id, m) for m in carrying if m.arrived_ns is not None]
    for arrived_ns, _, message in sorted(arrived):
        knows_ns = found.when_ns.get(message.src)
        if message.dest in found.when_ns or knows_ns is None or knows_ns > message.sent_ns:
            continue
        found.when_ns[message.dest] = arrived_ns
        found.path[message.dest] = [*found.path[message.src], message]
    return found


def lost_news(carrying: Iterable[Envelope], known: Learned) -> list[Envelope]:
    """Those of the messages that were lost and would have been news."""
    return [
        m
        for m in carrying
        if m.lost
        and m.dest not in known.when_ns
        and known.when_ns.get(m.src, m.sent_ns + 1) <= m.sent_ns
    ]


def fate(
    dossier: Dossier,
    begin: str,
    value: Any,
    between: tuple[str, str],
    since_ns: int,
    key: Any = None,
) -> Told:
    """How `value` (of `key`) went from one node to another, or did not.

    `begin` is how the sentence begins: that the first of `between` has had it from `since_ns` on.
    """
    knows, lacks = between
    if knows == lacks:
        forgot = was_killed(dossier, knows, since_ns)
        end = "was killed and forgot it" if forgot else "yet a later read does not show it"
        return f"{begin}, {end}", ()
    carrying = dossier.carrying(value, key)
    known = learned(carrying, knows, since_ns)
    if lacks in known.when_ns:
        end, ids = _told_in_vain(dossier, known.path[lacks])
        return f"{begin}, {end}", ids
    lost = lost_news(carrying, known)
    lost = [m for m in lost if m.dest == lacks] or lost
    if lost:
        return f"{begin}, {_lost_in_vain(dossier, between, lost)}", _ids(lost)
    if was_killed(dossier, knows, since_ns):
        return f"{begin}, and was killed before anybody told {lacks}", ()
    sent = [m for m in carrying if m.sent_ns >= since_ns and m.src in known.when_ns]
    waiting = [m for m in sent if m.arrived_ns is not None and _is_left(dossier, m)][:1]
    who = "".join(f": {m.dest} never answered {m.src}'s `{m.type}`" for m in waiting)
    who = who or _who_was_told(dossier, sent)
    return f"{begin}, and nobody ever sent it to {lacks}{who}", _ids(waiting or sent)


def _told_in_vain(dossier: Dossier, path: Sequence[Envelope]) -> Told:
    """That a node was told a value by the last message of a path, and does not show it."""
    last, ids = path[-1], _ids(path)
    how = f"{last.dest} was told {at(last.arrived_ns)} by {a(last.type)} of {last.src}"
    reply = dossier.reply(last)
    if reply is not None and reply.type == "error":
        why = said(reply.body.get("text"))
        return f"{how}, answered with the error {why}, and its last read lacks it", (*ids, reply.id)
    forgot = was_killed(dossier, last.dest, last.arrived_ns or 0)
    return (
        f"{how}, {'was then killed and forgot it' if forgot else 'yet its last read lacks it'}",
        ids,
    )


def _lost_in_vain(dossier: Dossier, between: tuple[str, str], lost: Sequence[Envelope]) -> str:
    """What became of messages that would have told a node, or somebody before it."""
    knows, lacks = between
    first, count = lost[0], len(lost)
    who = "" if first.src == knows else f"{first.src} was told and "
    end = "never sent it again" if count == 1 else f"sent it {count} times, all in vain"
    if first.dest != lacks:
        end += f", so that nobody told {lacks}"
    return f"{who}{why_lost(dossier, first)}, and {end}"


def _is_left(dossier: Dossier, message: Envelope) -> bool:
    """Whether a message asks for a reply and gets none."""
    return "msg_id" in message.body and dossier.reply(message) is None


def _who_was_told(dossier: Dossier, sent: Sequence[Envelope]) -> str:
    """Whom a value was sent to, as the end of a sentence."""
    if not sent:
        return ", nor to anybody else" if len(dossier.nodes) > 2 else ""
    by_src: dict[str, set[str]] = {}
    for message in sent:
        by_src.setdefault(message.src, set()).add(message.dest)
    parts = [
        f"{src} sent it to {nodes_in_words(dests, dossier.nodes)} alone"
        for src, dests in ((src, by_src[src]) for src in in_order(by_src))
    ]
    more = f", and {len(parts) - 2} more nodes to others" if len(parts) > 2 else ""
    return f": {', '.join(parts[:2])}{more}"


def was_killed(dossier: Dossier, node: str, since_ns: int) -> bool:
    """Whether a fault ended a node after a moment."""
    return any(span.start_ns >= since_ns for span in dossier.faults_of(node, "kill"))


def why_lost(dossier: Dossier, message: Envelope) -> str:
    """Why a message was lost, as the end of a sentence about its sender."""
    src, dest, at_ns = message.src, message.dest, message.end_ns or message.sent_ns
    for cut in dossier.cuts:
        if cut.start_ns <= at_ns <= cut.end_ns and cut.separates(src, dest):
            return f"was cut off from {dest}"
    for fault, why in (
        ("kill", f"sent it to {dest} while that was down"),
        ("one-way", f"was not heard by {dest}"),
    ):
        if any(span.start_ns <= at_ns <= span.end_ns for span in dossier.faults_of(dest, fault)):
            return why
    return f"sent {dest} {a(message.type)} {at(message.sent_ns)} that was lost on the way"


def during(dossier: Dossier, began: Op, ended: Op | None) -> Iterator[Envelope]:
    """What the node of an operation sent to nodes and services while it carried it out."""
    node, end_ns = dossier.node_of(began), _end_ns(dossier, ended)
    return (m for m in dossier.between if m.src == node and began.time_ns <= m.sent_ns <= end_ns)


def inquiries(dossier: Dossier, began: Op, ended: Op | None, key: Any = None) -> list[Envelope]:
    """What a node asked others (about `key`) during an operation, and their answers in time."""
    asked = [m for m in during(dossier, began, ended) if "msg_id" in m.body and m.names(key)]
    replies = [reply for m in asked if (reply := dossier.reply(m))]
    end_ns = _end_ns(dossier, ended)
    return [*asked, *(m for m in replies if m.arrived_ns is not None and m.arrived_ns <= end_ns)]


def _end_ns(dossier: Dossier, ended: Op | None) -> int:
    return (ended or dossier.history[-1]).time_ns


def silence(dossier: Dossier, src: str, dest: str, since_ns: int, until_ns: int) -> Told:
    """Why one node may not have heard from another in a stretch of time; empty when it did.

    The rest of a sentence that begins with `src`, and the last of its messages.
    """
    sent = [m for m in dossier.between if (m.src, m.dest) == (src, dest)]
    if not sent:
        asked = [m for m in dossier.between if (m.src, m.dest) == (dest, src)][-1:]
        if asked and not asked[0].lost and (asked[0].end_ns or until_ns) >= until_ns:
            return f"was asked by {dest}, which came too late", _ids(asked)
        return f"never told {dest} anything", ()
    if any(m.arrived_ns is not None and since_ns <= m.arrived_ns <= until_ns for m in sent):
        return "", ()
    last = sent[-1]
    if last.lost:
        return why_lost(dossier, last), (last.id,)
    if last.end_ns is None or last.end_ns > until_ns:
        return f"told {dest} something that came too late", (last.id,)
    return f"never told {dest} afterwards", ()


def _ids(messages: Iterable[Envelope]) -> tuple[int, ...]:
    return tuple(message.id for message in messages)
