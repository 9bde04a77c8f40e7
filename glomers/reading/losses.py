"""How a value got lost: who had it, what was sent, what was dropped, and what was never sent."""

from __future__ import annotations

from collections.abc import Sequence

from glomers.formats.history import Op
from glomers.reading.dossier import Dossier
from glomers.reading.envelopes import Message
from glomers.reading.finding import Finding, Kind
from glomers.reading.wording import at, in_order, nodes_in_words, said


def fate(dossier: Dossier, added: Op, ended: Op | None, knows: str, lacks: str) -> Finding:
    """How a value went from the node that a client told to one that lacks it, or did not."""
    value = added.value
    did = "acknowledged" if ended and ended.type == "ok" else "was given"
    text, messages = told(dossier, f"{knows} {did} {said(value)}", value, (knows, lacks), added)
    return Finding(Kind.LOSS, text, None, (), messages)


def told(
    dossier: Dossier, begin: str, value: object, between: tuple[str, str], added: Op
) -> tuple[str, tuple[int, ...]]:
    """The rest of a sentence that begins with what `begin` says of a value, and the messages.

    `between` are the node that had the value and the one that lacks it.
    """
    knows, lacks = between
    since_ns = added.time_ns
    if knows == lacks:
        forgot = was_killed(dossier, knows, since_ns)
        end = "was killed and forgot it" if forgot else "yet a later read does not show it"
        return f"{begin}, {end}.", ()
    carrying = [
        message
        for message in dossier.messages_with(value)
        if message.src in dossier.nodes
        and message.dest in dossier.nodes
        and message.sent_ns >= since_ns
    ]
    to_it = [message for message in carrying if message.dest == lacks]
    ids = tuple(message.id for message in to_it)
    arrived = [message for message in to_it if message.has_arrived]
    lost = [message for message in to_it if message.lost]
    if arrived:
        first = arrived[0]
        forgot = was_killed(dossier, lacks, first.end_ns or 0)
        end = "was then killed and forgot it" if forgot else "yet its last read lacks it"
        how = f"by a `{first.type}` of {first.src}"
        return f"{begin}, {lacks} was told {at(first.end_ns)} {how}, {end}.", ids
    if lost:
        count = len(lost)
        end = "never sent it again" if count == 1 else f"sent it {count} times, all in vain"
        return f"{begin}, {why_lost(dossier, lost[0])}, and {end}.", ids
    if was_killed(dossier, knows, since_ns):
        return f"{begin}, and was killed before anybody told {lacks}.", ids
    who = _who_was_told(dossier, carrying)
    return f"{begin}, and nobody ever sent it to {lacks}{who}.", tuple(m.id for m in carrying)


def _who_was_told(dossier: Dossier, carrying: Sequence[Message]) -> str:
    """Whom a value was sent to, as the end of a sentence."""
    if not carrying:
        return ", nor to anybody else"
    by_src: dict[str, set[str]] = {}
    for message in carrying:
        by_src.setdefault(message.src, set()).add(message.dest)
    parts = [
        f"{src} sent it to {nodes_in_words(dests, dossier.nodes)} alone"
        for src, dests in ((src, by_src[src]) for src in in_order(by_src))
    ]
    more = f", and {len(parts) - 2} more nodes to others" if len(parts) > 2 else ""
    return f": {', '.join(parts[:2])}{more}"


def was_killed(dossier: Dossier, node: str, since_ns: int) -> bool:
    """Whether a fault ended a node after a moment."""
    return any(name == node and start_ns >= since_ns for name, start_ns, _ in dossier.kills)


def why_lost(dossier: Dossier, message: Message) -> str:
    """Why a message was lost, as the end of a sentence about its sender."""
    at_ns = message.end_ns or message.sent_ns
    for cut in dossier.cuts:
        if cut.start_ns <= at_ns <= cut.end_ns and cut.separates(message.src, message.dest):
            return f"was cut off from {message.dest}"
    for node, start_ns, end_ns in dossier.kills:
        if node == message.dest and start_ns <= at_ns <= end_ns:
            return f"sent it to {message.dest} while that was down"
    return f"sent {message.dest} a {message.type!r} that was lost on the way"


def silence(dossier: Dossier, src: str, dest: str, since_ns: int, until_ns: int) -> str:
    """Why one node may not have heard from another in a stretch of time; empty when it did.

    The rest of a sentence that begins with `src`.
    """
    between = [m for m in dossier.messages if (m.src, m.dest) == (src, dest)]
    if not between:
        return f"never told {dest} anything"
    last = between[-1]
    arrived = [m.end_ns for m in between if m.has_arrived and m.end_ns is not None]
    if any(since_ns <= end_ns <= until_ns for end_ns in arrived):
        return ""
    if last.lost:
        return why_lost(dossier, last)
    if last.end_ns is None or last.end_ns > until_ns:
        return f"told {dest} too late"
    return f"never told {dest} afterwards"
