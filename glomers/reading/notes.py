"""What the bench noted about lines that nodes wrote and that are no messages it can deliver."""

from __future__ import annotations

import re
from collections.abc import Iterator

from glomers.reading.dossier import Dossier
from glomers.reading.finding import Finding, Kind, Place
from glomers.reading.wording import in_order, listed, shortened

_NOTE = re.compile(r"^(?:WARN )?(?P<node>\S+?)\b(?P<rest>.*?\bwrote .*)$", re.DOTALL)
_PLACE = re.compile(r" \((?P<file>[^()]+):(?P<line>\d+)\)$")
_SILENCES = "not heard any more"
_SINCE = re.compile(r"^(?:WARN )?(?P<node>\S+) is not heard any more from (?P<s>\d+\.\d+) s on")
_LATE = re.compile(
    r"^(?:WARN )?(?P<node>\S+) is not heard "
    r'.*"dest": ?"(?P<client>c\d+)".*"in_reply_to": ?(?P<number>\d+)\b.* cannot be delivered',
    re.DOTALL,
)
_VALUES = re.compile(r"'.*'|\d[\d.]*", re.DOTALL)
_SHOWN_CHARACTERS = 400


def silenced_since_ns(dossier: Dossier) -> dict[str, int]:
    """Since when nodes are not heard any more, whatever they answer."""
    found = filter(None, map(_SINCE.match, dossier.notes))
    return {match["node"]: round(float(match["s"]) * 1e9) for match in found}


def late_replies(dossier: Dossier) -> dict[str, tuple[str, int]]:
    """Nodes that fell silent over a reply to a client that had left: which one, to what number."""
    found = filter(None, map(_LATE.match, dossier.notes))
    return {match["node"]: (match["client"], int(match["number"])) for match in found}


def silencing_findings(dossier: Dossier) -> Iterator[Finding]:
    """Lines after which a node is not heard any more, so that what it answers is lost."""
    return _findings(dossier, silencing=True)


def other_findings(dossier: Dossier) -> Iterator[Finding]:
    """Other lines that lead nowhere."""
    return _findings(dossier, silencing=False)


def _findings(dossier: Dossier, silencing: bool) -> Iterator[Finding]:
    found: dict[str, list[tuple[str, str]]] = {}
    for note in dossier.notes:
        match = _NOTE.match(note)
        if match and match["node"] in dossier.nodes and (_SILENCES in note) == silencing:
            kind = _VALUES.sub("", match["rest"])
            found.setdefault(kind, []).append((match["node"], match["rest"]))
    for noted in found.values():
        node, rest = noted[0]
        others = in_order({other for other, _ in noted} - {node})
        also = f"; the same at {listed(others)}" if others else ""
        at = _PLACE.search(rest)
        text = shortened(f"{node}{_PLACE.sub('', rest)}", _SHOWN_CHARACTERS).rstrip(".")
        place = Place(at["file"], int(at["line"])) if at else None
        evidence = (shortened(rest, _SHOWN_CHARACTERS),)
        yield Finding(Kind.DEED, f"{text}{also}.", place, evidence, is_cause=silencing)
