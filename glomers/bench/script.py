"""A test as data: its operations, faults and fates of messages, recorded or to be played back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from glomers.bench.nemesis import FaultEvent
from glomers.bench.transit import Fates
from glomers.formats.edn import Keyword


class ScriptedOp(NamedTuple):
    """Client `thread` carries out one operation `at_ns` after its phase began, or when it is free.

    `in_end` tells the phase: the final one, after healing and rest, or the main one; `final` and
    `extra` stand in the history.  What is done in the end is up to the workload and to what the
    nodes answer: there a script only says which clients take part (all, if it names none).
    """

    at_ns: int
    thread: int
    f: str
    value: Any
    in_end: bool = False
    final: bool = False
    extra: Mapping[Keyword, Any] | None = None


@dataclass(frozen=True)
class Script:
    """What is decided in a test, apart from what nodes and services draw from the seed.

    With `starts_at_once` all nodes start in the same nanosecond, which no seed draws.  What is
    played back is judged as an excerpt of a load: see `glomers.bench.checkers.excerpt`.
    """

    ops: tuple[ScriptedOp, ...]
    faults: tuple[FaultEvent, ...]
    fates: Fates = field(default_factory=dict)
    starts_at_once: bool = False
