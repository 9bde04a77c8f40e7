"""The errors that operations ended in: replies of the wrong form, and refusals."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from glomers.formats.edn import Keyword, kw
from glomers.formats.edn_reader import loads
from glomers.formats.history import Op
from glomers.reading.dossier import Dossier
from glomers.reading.envelopes import ENVELOPE
from glomers.reading.finding import Finding, Kind
from glomers.reading.wording import at, how_many, listed, said, shortened

_MALFORMED = re.compile(
    r"Malformed reply: (?P<node>\S+) was sent (?P<sent>.*?) and should have answered "
    r"(?P<wanted>.*?), but answered (?P<got>.*): (?P<problem>.*?)\.?$",
    re.DOTALL,
)
_MALFORMED_ON_MAELSTROM = re.compile(
    r"Malformed RPC response\. Maelstrom sent node (?P<node>\S+) the following request:\s+"
    r"(?P<sent>.*?)\s+And expected a response of the form:\s+(?P<wanted>.*?)\s+"
    r"\.\.\. but instead received\s+(?P<got>.*?)\s+This is malformed because:\s+"
    r"(?P<problem>.*?)\s+See doc",
    re.DOTALL,
)
_TYPE = re.compile(r'"?:?type"?:?\s*(?:\(eq )?"([^"]*)"')
_FIELD = re.compile(r"(?<=[{\s]):(\w+) (?!:)")
_PROBLEMS = {"missing-required-key": "is missing", "disallowed-key": "does not belong in it"}
_INDEFINITE = "indeterminate: "
_TIMED_OUT = ("net-timeout", "Client read timeout", "timeout")
_SHOWN_CHARACTERS = 160


class _Malformed(NamedTuple):
    """A reply of the wrong form: who, to what type of request, what was wanted, came, is wrong."""

    node: str
    request: str | None
    wanted: str
    got: str
    problem: str


@dataclass
class _Error:
    """An error of operations of one function: its text, the first of them, and how many."""

    f: str
    text: str
    began: Op
    ended: Op
    count: int = 1


def text_of(error: Any) -> str:
    """An operation's `:error` as text: `crash: KeyError: 'x'`."""
    if isinstance(error, list | tuple):
        return ": ".join(text_of(part) for part in error if part is not None)
    if isinstance(error, Keyword):
        return error.name
    return (error if isinstance(error, str) else said(error)).removeprefix(_INDEFINITE)


def is_timeout(error: Any) -> bool:
    """Whether an operation ended because no reply came in time."""
    return text_of(error) in _TIMED_OUT


def _malformed(text: str) -> _Malformed | None:
    """What an error says of a reply of the wrong form, the bench's or Maelstrom's."""
    match = _MALFORMED.search(text)
    if match is not None:
        request = _TYPE.search(match["sent"])
        kind = request[1] if request else None
        return _Malformed(match["node"], kind, match["wanted"], match["got"], match["problem"])
    match = _MALFORMED_ON_MAELSTROM.search(text)
    if match is None:
        return None
    request, wanted = _TYPE.search(match["sent"]), _TYPE.search(match["wanted"])
    fields = set(_FIELD.findall(match["wanted"])) - ENVELOPE - {"k"}
    form = f"a body of the type {wanted[1] if wanted else '…'!r}"
    form += f" with {listed(sorted(fields))}" if fields else ""
    problem = listed([_problem(name, why) for name, why in _edn(match["problem"]).items()])
    got = said(_edn(match["got"]), _SHOWN_CHARACTERS)
    kind = request[1] if request else None
    return _Malformed(match["node"], kind, form, got, problem or "it does not fit")


def _edn(text: str) -> dict[Any, Any]:
    """A map as EDN; empty when it is none."""
    try:
        value = loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _problem(name: Any, why: Any) -> str:
    """What Maelstrom's schema says of a field, in words."""
    words = _PROBLEMS.get(getattr(why, "name", ""), "is not what it must be")
    return f"{getattr(name, 'name', name)!r} {words}"


def _kind_of(text: str) -> str:
    """What errors of one kind have in common: not the values in them."""
    malformed = _malformed(text)
    if malformed:
        return re.sub(r" is .*, not ", " is …, not ", malformed.problem)
    return re.sub(r"\d+", "0", text[:80])


def _errors(dossier: Dossier) -> list[_Error]:
    """The different errors of operations, in the order of their first."""
    found: dict[tuple[str, str], _Error] = {}
    texts: dict[tuple[str, str], tuple[str, str]] = {}
    for began, ended in dossier.operations:
        if ended is None or ended.type == "ok" or ended.error is None or is_timeout(ended.error):
            continue
        text = text_of(ended.error)
        key = texts.get((began.f, text))
        if key is None:
            key = texts[began.f, text] = began.f, _kind_of(text)
        if key in found:
            found[key].count += 1
        else:
            found[key] = _Error(began.f, text, began, ended)
    return list(found.values())


def malformed_findings(dossier: Dossier) -> Iterator[Finding]:
    """Replies of the wrong form: what was expected, and what came."""
    for error in _errors(dossier):
        reply = _malformed(error.text)
        if reply is None:
            continue
        request = reply.request or error.f
        place, line = dossier.source.answers(request) or (None, "")
        total = sum(began.f == error.f for began, _ in dossier.operations)
        sentence = (
            f"{reply.node} answered `{request}` with a reply of the wrong form: {reply.problem}; "
            f"wanted is {reply.wanted}, and it sent {shortened(reply.got, _SHOWN_CHARACTERS)} "
            f"({how_many(error.count, total)} `{error.f}`, the first {at(error.began.time_ns)})."
        )
        evidence = tuple(filter(None, [line, f"{reply.node} answered {reply.got}"]))
        messages = dossier.exchange(error.began, error.ended)
        yield Finding(Kind.DEED, sentence, place, evidence, messages)


def refusal_findings(dossier: Dossier) -> Iterator[Finding]:
    """Error replies to clients, where too few of them succeed: some are right to be refused."""
    parts = (dossier.part("stats"), dossier.part("availability"))
    if not any(part and part.get(kw("valid?")) is not True for part in parts):
        return
    for error in _errors(dossier):
        if _malformed(error.text):
            continue
        node = dossier.node_of(error.began)
        total = sum(began.f == error.f for began, _ in dossier.operations)
        place, line = dossier.source.handler(error.f) or (None, "")
        sentence = (
            f"{node} refused `{error.f}` with an error: "
            f"{shortened(error.text, _SHOWN_CHARACTERS)} ({how_many(error.count, total)} "
            f"`{error.f}`, the first {at(error.began.time_ns)})."
        )
        messages = dossier.exchange(error.began, error.ended)
        yield Finding(Kind.DEED, sentence, place, (line,) if line else (), messages)
