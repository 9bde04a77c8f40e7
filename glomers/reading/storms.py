"""A flood in words: which message makes more of its kind, or which request never ends."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence

from glomers.reading.dossier import Broken, Dossier
from glomers.reading.envelopes import Envelope, messages_of
from glomers.reading.finding import Finding, Kind

LAST_EVENTS = 40_000
CHAIN = 6
_FLOODS = "floods the network"


def is_storm(broken: Broken) -> bool:
    """Whether a test broke because of too many messages."""
    return _FLOODS in broken.sentence


def finding(dossier: Dossier, broken: Broken) -> Finding:
    """The finding about a flood: the type of message that makes most of its own kind.

    A request that is sent anew when its reply comes makes more of its kind as well.
    """
    nodes = frozenset(dossier.nodes)
    messages = messages_of(deque(dossier.events(None), LAST_EVENTS))
    causes = _causes([m for m in messages if m.src in nodes or m.dest in nodes], nodes)
    sent = Counter(m.type for m, cause in causes.values() if cause and cause.type == m.type)
    again = Counter(m.type for m, cause in causes.values() if cause and _answers(cause, m))
    if again.total() > sent.total():
        kind = again.most_common(1)[0][0]
        return _told(
            dossier,
            broken,
            kind,
            f"Each reply to a `{kind}` makes a node send it again, without end",
        )
    if not sent:
        place = dossier.source.place(*broken.line) if broken.line else None
        return Finding(Kind.BROKEN, f"{_capital(broken.sentence.rstrip('.'))}.", place)
    kind = sent.most_common(1)[0][0]
    received = len({cause.id for m, cause in causes.values() if cause and m.type == kind})
    chain = _chain(causes, kind)
    share = round(sent[kind] / max(1, received))
    more = f"{share:,} more" if share < len(nodes) else "more"
    way = f"({' → '.join(chain)} → …)"
    return _told(
        dossier,
        broken,
        kind,
        f"Each `{kind}` that a node gets makes it send {more}, without end {way}",
    )


def _answers(cause: Envelope, message: Envelope) -> bool:
    """Whether a request follows a reply from the one that it goes to."""
    is_reply = "in_reply_to" in cause.body and cause.src == message.dest
    return is_reply and "msg_id" in message.body and cause.type != message.type


def _told(dossier: Dossier, broken: Broken, kind: str, why: str) -> Finding:
    """The finding with the line that sends the message, or else the one that makes it."""
    source = dossier.source
    place, line = source.sends(kind) or source.made(kind) or (None, "")
    if broken.line and place is None:
        place, line = source.place(*broken.line), source.text(*broken.line)
    sentence = f"{why}: {broken.sentence.rstrip('.')}."
    return Finding(Kind.BROKEN, sentence, place, (line,) if line else ())


def _causes(
    messages: Sequence[Envelope], nodes: frozenset[str]
) -> dict[int, tuple[Envelope, Envelope | None]]:
    """Each message of a node with the one that made the node send it: what it had got just before.

    In virtual time that is what came in the same instant; what is sent at another moment comes of
    a timer or a time-out.
    """
    got = [m for m in messages if m.arrived_ns is not None and m.dest in nodes]
    arrived = sorted((m.end_ns, m.id, m) for m in got)
    causes: dict[int, tuple[Envelope, Envelope | None]] = {}
    last: dict[str, Envelope] = {}
    at = 0
    for message in messages:
        while at < len(arrived) and (arrived[at][0] or 0) <= message.sent_ns:
            last[arrived[at][2].dest] = arrived[at][2]
            at += 1
        if message.src in nodes:
            causes[message.id] = message, last.get(message.src)
    at_once = {m.id for m, cause in causes.values() if cause and cause.end_ns == m.sent_ns}
    if not at_once:  # on the real clock
        return causes
    return {id: (m, cause if id in at_once else None) for id, (m, cause) in causes.items()}


def _chain(causes: dict[int, tuple[Envelope, Envelope | None]], kind: str) -> list[str]:
    """The way of one message of the flood, by the names of those whom it went through."""
    ids = [number for number, (message, _) in causes.items() if message.type == kind]
    message: Envelope | None = causes[ids[-1]][0]
    way: list[Envelope] = []
    while message is not None and message.type == kind:
        way.append(message)
        found = causes.get(message.id)
        message = found[1] if found else None
    way = way[::-1][:CHAIN]
    return [way[0].src, *(each.dest for each in way)]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
