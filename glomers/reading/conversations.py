"""Requests without a reply, and replies without a request, as the messages of a run show them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any

from glomers.formats.names import is_client
from glomers.reading.dossier import Dossier
from glomers.reading.envelopes import Envelope
from glomers.reading.finding import Finding, Kind
from glomers.reading.notes import late_replies, silenced_since_ns
from glomers.reading.refusals import is_timeout
from glomers.reading.wording import a, at, beginning, how_many, nodes_in_words, said, seconds

_INIT = "init"
_PATIENCE_NS = 1_000_000_000
"""How long before the end of what is known a request must have come to count as unanswered."""


@dataclass
class _Kind:
    """The requests of one type: those that arrived, and how many of these were answered.

    `left` are those without a reply, `by_clients` says whether clients sent them.
    """

    by_clients: bool
    asked: int = 0
    answered: int = 0
    left: list[Envelope] = field(default_factory=list)

    @property
    def nodes(self) -> set[str]:
        """The nodes that left any unanswered."""
        return {request.dest for request in self.left}


@dataclass
class Conversations:
    """Who asked whom, and what became of it.

    `kinds` has the requests by type, `stray` the replies of nodes to clients that fit no request,
    each with the reason, `late` requests of clients with replies that came when they had given up.
    """

    kinds: dict[str, _Kind]
    stray: list[tuple[Envelope, str]]
    late: list[tuple[Envelope, Envelope]]


def conversations(dossier: Dossier) -> Conversations:
    """Match the first replies of a run with its requests."""
    nodes = frozenset(dossier.nodes)
    open_requests: dict[tuple[str, int], Envelope] = {}
    answered: dict[tuple[str, int], Envelope] = {}
    shared: set[tuple[str, int]] = set()
    stray: list[tuple[Envelope, str]] = []
    for message in dossier.messages:
        body = message.body
        reply_to = body.get("in_reply_to")
        if reply_to is None and type(body.get("msg_id")) is int and message.dest in nodes:
            key = message.src, body["msg_id"]
            if key in open_requests:  # a number for several messages: nobody waits for a reply
                shared.add(key)
            open_requests[key] = message
            continue
        if message.src not in nodes:
            continue
        key = message.dest, reply_to if type(reply_to) is int else -1
        request = open_requests.get(key)
        if request is not None and request.dest == message.src and key not in answered:
            answered[key] = message
        elif is_client(message.dest) and key not in answered:
            stray.append((message, _why_stray(message, open_requests, answered)))
    kinds: dict[str, _Kind] = {}
    horizon_ns = inf if dossier.messages_are_whole else _horizon_ns(dossier.messages)
    silenced_ns = silenced_since_ns(dossier)
    slow = _slow_since_ns(dossier, open_requests)
    for key, request in open_requests.items():
        until_ns = min(horizon_ns, silenced_ns.get(request.dest, inf) - _PATIENCE_NS)
        if request.arrived_ns is None or request.arrived_ns > until_ns or key in shared:
            continue
        since_ns = slow.get((request.dest, request.type), inf)
        if key not in answered and request.src not in nodes and request.arrived_ns >= since_ns:
            continue  # an answer would have come, too late: another finding says so
        kind = kinds.setdefault(request.type, _Kind(request.src not in nodes))
        kind.asked += 1
        if key in answered:
            kind.answered += 1
        else:
            kind.left.append(request)
    given_up_ns = {
        (began.time_ns, dossier.node_of(began)): ended.time_ns
        for began, ended in dossier.operations
        if ended is not None and is_timeout(ended.error)
    }
    late = [
        (open_requests[key], reply)
        for key, reply in answered.items()
        if reply.sent_ns
        > given_up_ns.get((open_requests[key].sent_ns, open_requests[key].dest), reply.sent_ns)
    ]
    return Conversations(kinds, stray, late)


def _slow_since_ns(
    dossier: Dossier, requests: Mapping[tuple[str, int], Envelope]
) -> dict[tuple[str, str], int]:
    """By node and type: since when clients' requests waited for a reply that silenced the node."""
    late = {node: requests.get(reply) for node, reply in late_replies(dossier).items()}
    return {
        (node, request.type): request.arrived_ns
        for node, request in late.items()
        if request is not None and request.arrived_ns is not None
    }


def _horizon_ns(messages: Sequence[Envelope]) -> int:
    """Until when requests may have been answered in the beginning of a journal."""
    first_ns, last_ns = messages[0].sent_ns, max(m.end_ns or m.sent_ns for m in messages)
    return last_ns - min(_PATIENCE_NS, (last_ns - first_ns) // 2)


def _why_stray(
    message: Envelope,
    open_requests: dict[tuple[str, int], Envelope],
    answered: dict[tuple[str, int], Envelope],
) -> str:
    """Why a message to a client answers none of its requests."""
    reply_to = message.body.get("in_reply_to")
    asked = [m for (src, number), m in open_requests.items() if src == message.dest]
    expected = asked[-1].body["msg_id"] if asked else None
    if reply_to is None:
        return "has no in_reply_to, so that nobody knows which request it answers"
    if type(reply_to) is not int:
        return (
            f"has the in_reply_to {said(reply_to)}, which is {_type_name(reply_to)} and so no "
            f"request's msg_id: that was the integer {expected}"
        )
    return f"has the in_reply_to {said(reply_to)}, but the msg_id of the request was {expected}"


def _type_name(value: Any) -> str:
    names = {str: "a text", float: "a number with a fraction", bool: "true or false"}
    return names.get(type(value), "no integer")


def stray_findings(dossier: Dossier, found: Conversations) -> Iterator[Finding]:
    """Replies that nobody waits for, one finding for each type of message."""
    by_type: dict[str, list[tuple[Envelope, str]]] = {}
    for message, why in found.stray:
        by_type.setdefault(message.type, []).append((message, why))
    for kind, messages in by_type.items():
        first, why = messages[0]
        place, line = dossier.source.made(kind) or (None, "")
        others = f" (so or alike {len(messages):,} times)" if len(messages) > 1 else ""
        sentence = (
            f"{first.src} sent {first.dest} {a(kind)} {at(first.sent_ns)} that {why}{others}: "
            "what a handler returns, or node.reply sends, has the right one."
        )
        evidence = (line, said(first.body, 200)) if line else (said(first.body, 200),)
        yield Finding(Kind.DEED, sentence, place, evidence, (first.id,))


def unanswered_findings(dossier: Dossier, found: Conversations) -> Iterator[Finding]:
    """Types of requests that were never answered: first those of nodes, which others wait for."""
    if _INIT in dossier.waiting and _INIT in found.kinds:  # until then nothing else is handled
        yield _never_answered(dossier, _INIT, found.kinds[_INIT])
        return
    never = {
        name: kind
        for name, kind in found.kinds.items()
        if kind.left and not kind.answered and name != _INIT
        if not (kind.by_clients and any(m.dest == kind.left[0].src for m, _ in found.stray))
    }
    for name, kind in sorted(never.items(), key=lambda item: item[1].by_clients):
        answers = _answers_without_number(dossier, kind)
        if answers is not None:
            yield _unnumbered(dossier, name, answers)
        else:
            yield _never_answered(dossier, name, kind)


def _answers_without_number(dossier: Dossier, kind: _Kind) -> Envelope | None:
    """What looks like the reply to a node's request, but does not say so."""
    if kind.by_clients:
        return None
    first = kind.left[0]
    names = {f"{first.type}_ok", f"{first.type}_reply", f"{first.type}_response"}
    return next(
        (
            message
            for message in dossier.messages
            if message.src == first.dest and message.dest == first.src and message.type in names
        ),
        None,
    )


def _unnumbered(dossier: Dossier, name: str, answer: Envelope) -> Finding:
    place, line = dossier.source.made(answer.type) or (None, "")
    sentence = (
        f"{answer.src} answers `{name}` of {answer.dest} with {a(answer.type)} whose in_reply_to "
        f"is {said(answer.body.get('in_reply_to'))}: so the request was never answered; return "
        "the body from the handler, or use node.reply."
    )
    evidence = tuple(filter(None, [line, said(answer.body, 200)]))
    return Finding(Kind.DEED, sentence, place, evidence, (answer.id,))


def _never_answered(dossier: Dossier, name: str, kind: _Kind) -> Finding:
    source = dossier.source
    first = kind.left[0]
    place, line = source.handler(name) or (None, "")
    why = "its handler has to return the body of a reply"
    if name in dossier.waiting:
        where = dossier.waiting[name]
        why = "its handler was still waiting in the end, and did not come to return a reply"
        if where is not None:
            place, line = source.place(*where), source.text(*where)
    elif source.handler_returns(name) is False:
        why = "its handler returned nothing, where the body of a reply was due"
    whom = nodes_in_words(kind.nodes, dossier.nodes)
    by = f"any of the {whom.removeprefix('all ')}" if whom.startswith("all ") else whom
    sentence = (
        f"`{name}` was never answered by {by} ({how_many(len(kind.left), kind.asked)} requests, "
        f"the first from {first.src} {at(first.sent_ns)}): {why}."
    )
    evidence = tuple(filter(None, [line, said(first.body, 200)]))
    return Finding(Kind.DEED, sentence, place, evidence, (first.id,))


def partly_answered_findings(dossier: Dossier, found: Conversations) -> Iterator[Finding]:
    """Types of clients' requests that were answered at times, or too late."""
    for name, kind in found.kinds.items():
        if kind.by_clients and kind.left and kind.answered:
            first = kind.left[0]
            waiting = dossier.waiting.get(name)
            place = dossier.source.place(*waiting) if waiting else None
            line = dossier.source.text(*waiting) if waiting else ""
            why = ": its handler was still waiting in the end" if waiting else ""
            sentence = (
                f"{beginning(nodes_in_words(kind.nodes, dossier.nodes))} left "
                f"{how_many(len(kind.left), kind.asked)} `{name}` requests without a reply, the "
                f"first {at(first.sent_ns)} at {first.dest}{why}."
            )
            yield Finding(Kind.DEED, sentence, place, (line,) if line else (), (first.id,))


def late_findings(dossier: Dossier, found: Conversations) -> Iterator[Finding]:
    """Replies that came when their client had given up."""
    for request, reply in found.late[:1]:
        others = f" ({len(found.late):,} replies like that)" if len(found.late) > 1 else ""
        took = seconds(reply.sent_ns - request.sent_ns)
        sentence = (
            f"{reply.src} answered {a(request.type)} only after {took}, when the client "
            f"had given up{others}."
        )
        yield Finding(Kind.DEED, sentence, None, (), (request.id, reply.id))
