"""A finding: one thing that went wrong in a run, in a sentence, and what shows it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any, NamedTuple

FINDINGS = "findings.json"
"""The file in a store that has the findings, as a list of what `as_json` gives."""
HEADING = "What went wrong:"
"""What stands above findings, wherever they are shown."""


class Kind(IntEnum):
    """What a finding is about, the most decisive first."""

    BROKEN = 0
    """Why the test could not go on."""
    PROMISE = 1
    """A promise of the challenge that was not kept."""
    DEED = 2
    """What a node did that it should not do."""
    LOSS = 3
    """How a value got lost on its way."""
    SUSPICION = 4
    """What may be the reason, without proof."""


class Place(NamedTuple):
    """A line of a node's program; `file` as a person calls it."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class Finding:
    """What went wrong.

    Attributes:
        kind: what it is about.
        sentence: one sentence, without the place.
        place: the line of the node's program, where there is one.
        evidence: lines that show it: of the program, of a log, an operation, a message.
        messages: the ids of the messages that show it, and of no bystanders.
        anomaly: its name, where a workload knows several.
        key: what it is about where messages tell of several keys.
        answer: the id of the answer that breaks the promise, where that is not the last one.
        is_cause: whether it tells why something else went wrong, as an exception does.
    """

    kind: Kind
    sentence: str
    place: Place | None = None
    evidence: tuple[str, ...] = ()
    messages: tuple[int, ...] = ()
    anomaly: str | None = None
    key: Any = None
    answer: int | None = None
    is_cause: bool = False

    def __str__(self) -> str:
        """The sentence with its place."""
        end = self.sentence[-1:] if self.sentence.endswith((".", "?")) else "."
        place = f" ({self.place})" if self.place else ""
        return f"{self.sentence.removesuffix(end)}{place}{end}"

    def as_json(self) -> dict[str, Any]:
        """The finding as plain data, without what only a picture needs."""
        kept = ("sentence", "place", "evidence", "messages", "is_cause")
        return {"kind": self.kind.name.lower(), **{name: getattr(self, name) for name in kept}}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Finding:
        """Read what `as_json` gave.

        Raises:
            KeyError, TypeError, ValueError: when it is something else.
        """
        place = data["place"]
        return cls(
            Kind[str(data["kind"]).upper()],
            str(data["sentence"]),
            Place(str(place[0]), int(place[1])) if place else None,
            tuple(map(str, data["evidence"])),
            tuple(map(int, data["messages"])),
            is_cause=bool(data.get("is_cause")),  # stores of old have none
        )


def read_findings(store: Path) -> list[Finding] | None:
    """The findings that a store folder has; None when it has none, or they are damaged."""
    try:
        told = json.loads((store / FINDINGS).read_text(encoding="utf-8"))
        return [Finding.from_json(each) for each in told]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
