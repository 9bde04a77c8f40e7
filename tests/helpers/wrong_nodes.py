"""Nodes that are wrong, each with its challenge and the stage that it must not pass.

They come from five places: the mistakes of `tests/data/mistakes` and `tests/mistakes.py`, the
mutants of `tests/mutants`, `tests/data/impostors`, which pass the official command, or one
seed, or know something that no node may rely on, and `tests/data/learners`, which learners wrote
and Maelstrom's own checkers do not mind.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.corpus import PEERS
from tests.helpers.mistakes import MISTAKES
from tests.helpers.mutants import NODE
from tests.helpers.places import DATA

TRIALS = DATA / "mistakes"
IMPOSTORS = DATA / "impostors"
LEARNERS = DATA / "learners"
ALLOWED = DATA / "allowed"
"""Nodes that may seem wrong and break no promise; each says in its first lines why."""
_ARGUMENTS = 'WORKLOAD, MUTATION = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else ""'


@dataclass(frozen=True)
class Wrong:
    """A node that is wrong: its name, its challenge, its text, and that of a file beside it."""

    name: str
    challenge: str
    source: str
    helper: str = ""

    def write(self, folder: Path) -> Path:
        """Write it to a folder; returns its path."""
        path = folder / f"{self.name}.py"
        path.write_text(self.source, encoding="utf-8")
        if self.helper:
            (folder / "helper.py").write_text(self.helper, encoding="utf-8")
        return path


_CHALLENGES = {
    "echo": "1",
    "unique-ids": "2",
    "broadcast": "3b",
    "g-counter": "4",
    "kafka": "5a",
    "txn-rw-register": "6a",
}


def _challenge(flags: str) -> str | None:
    """The challenge that a node with these flags is for; None: there is none."""
    if "broadcast" in flags and "nemesis" in flags:
        return "3c"
    return _CHALLENGES.get(flags.split()[1])


def _trials() -> list[Wrong]:
    told = json.loads((TRIALS / "mistakes.json").read_text(encoding="utf-8"))
    return [
        Wrong(Path(each["node"]).stem, _challenge(each["flags"]) or "", _text(TRIALS, each["node"]))
        for each in told
    ]


def _text(folder: Path, name: str) -> str:
    return (folder / name).read_text(encoding="utf-8")


def _mistakes() -> list[Wrong]:
    return [
        Wrong(each.name, challenge, each.source, each.helper)
        for each in MISTAKES
        if (challenge := _challenge(each.flags))
    ]


def mutant(node: Path, workload: str, mutation: str) -> str:
    """The text of a mutant that takes no arguments."""
    text = node.read_text(encoding="utf-8")
    assert _ARGUMENTS in text
    return text.replace(_ARGUMENTS, f"WORKLOAD, MUTATION = {workload!r}, {mutation!r}")


_MUTANTS = {
    "1": (NODE, "echo", "loud previous wrong-type"),
    "2": (NODE, "unique-ids", "counts short repeats"),
    "3b": (NODE, "broadcast", "deaf drops forgets"),
    "3c": (NODE, "broadcast", "tells-once"),
    "4": (NODE, "g-counter", "deaf loses doubles"),
    "5a": (NODE, "kafka", "torn-offsets loses-messages skips backwards"),
    "6a": (NODE, "txn-rw-register", "blind"),
    "6c": (NODE, "txn-rw-register", "torn aborts"),
}
_PEERS = {
    "3c": ("broadcast", "gives-up alone"),
    "4": ("g-counter", "gives-up recounts"),
    "5c": ("kafka", "acks-early hides-last resends"),
    "6b": ("txn-rw-register", "alone as-they-come forgets-own gives-up"),
}


def _mutants() -> list[Wrong]:
    cases = [(id, *case) for id, case in _MUTANTS.items()]
    cases += [(id, PEERS, *case) for id, case in _PEERS.items()]
    return [
        Wrong(f"{node.stem}-{workload}-{mutation}", id, mutant(node, workload, mutation))
        for id, node, workload, mutations in cases
        for mutation in mutations.split()
    ]


def _in(folder: Path) -> list[Wrong]:
    found = []
    for path in sorted(folder.glob("*.py")):
        id, _, name = path.stem.partition("_")
        found.append(Wrong(name, id, path.read_text(encoding="utf-8")))
    return found


WRONG = [*_trials(), *_mistakes(), *_mutants(), *_in(IMPOSTORS), *_in(LEARNERS)]


def every_tenth(cases: Sequence[Wrong]) -> list[Any]:
    """All cases, of which the usual tests take every tenth."""
    return [
        pytest.param(each, id=each.name, marks=[pytest.mark.whole_corpus] if number % 10 else [])
        for number, each in enumerate(cases)
    ]
