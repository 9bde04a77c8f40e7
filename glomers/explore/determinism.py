"""`--check-determinism`: every seed twice, the second time in a process that differs on purpose.

The second process has another hash seed, another layout of memory and another time of day; a run
that depends on any of them comes out differently.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

from glomers.bench.flags import parse_options, words_of
from glomers.bench.once import run_once
from glomers.bench.options import Options
from glomers.bench.program import find_in_virtual_time
from glomers.environment import HASH_SEED, cage_kind
from glomers.errors import ExploreError
from glomers.explore.child import call_child, child
from glomers.explore.progress import Progress
from glomers.explore.scenario import Space
from glomers.explore.suspects import suspects
from glomers.formats.history import format_op
from glomers.formats.journal import Journal
from glomers.formats.names import is_node
from glomers.formats.text import shortened
from glomers.node import host

OTHER_HASHES = {HASH_SEED: "4242"}
_MOST_JUNK = 50_000
_SHOWN_CHARACTERS = 200


class Lines(Journal):
    """A journal that keeps every event as a line; `upto` is called before the event of a number."""

    def __init__(self, upto: tuple[int, Callable[[], None]] | None = None) -> None:
        self.lines: list[str] = []
        self._upto = upto

    def _add(self, line: str) -> None:
        if self._upto and len(self.lines) == self._upto[0]:
            self._upto[1]()
        self.lines.append(line)

    def send(self, time_ns: int, message_id: int, line: bytes) -> None:
        self._add(f"{time_ns} sent {line.decode()}")

    def recv(self, time_ns: int, message_id: int) -> None:
        self._add(f"{time_ns} received {message_id}")

    def drop(self, time_ns: int, message_id: int) -> None:
        self._add(f"{time_ns} dropped {message_id}")


def check(space: Space, seeds: int, tell: Callable[[str], None]) -> str | None:
    """Run the seeds twice each; returns what the first that differs shows, or None.

    Raises:
        ExploreError: when a process for the runs ends early.
    """
    progress = Progress(seeds, tell)
    request = {**space.as_json(), "seeds": list(range(seeds))}
    perturbed = {**request, "perturbed": True}
    quiet = subprocess.DEVNULL
    with (
        child("digests", request, stderr=quiet) as first,
        child("digests", perturbed, OTHER_HASHES, stderr=quiet) as second,
    ):
        for one, other in zip(_results(first), _results(second), strict=True):
            progress.add(1, 0)
            if one != other:
                return _difference(space.scenario(one["seed"]))
    return None


def _results(process: subprocess.Popen[str]) -> Iterator[dict[str, Any]]:
    assert process.stdout is not None
    for line in process.stdout:
        yield json.loads(line)
    if process.wait():
        raise ExploreError(f"A run ended its process with status {process.returncode}.")


def _difference(options: Options) -> str:
    """Where the two runs of a seed part, in words."""
    request: dict[str, Any] = {"words": words_of(options)}
    perturbed = {**request, "perturbed": True}
    one = _answer(call_child("lines", request))
    other = _answer(call_child("lines", perturbed, OTHER_HASHES))
    at = next(
        (i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
        min(len(one), len(other)),
    )
    if at >= len(one) or at >= len(other):
        event, instead = (one + other)[-1:], ["nothing more"]
    else:
        event, instead = [one[at]], [other[at]]
    node = _owner(event[0]) or _owner(instead[0])
    here, there = (shortened(each[0], _SHOWN_CHARACTERS) for each in (event, instead))
    text = (
        f"Seed {options.seed} comes out differently in another process. The first difference is "
        f"event {at + 1}: {here}, and in the other run {there}."
    )
    if node is None or not _can_be_watched(options):
        return text
    words = words_of(replace(options, clock="virtual"))  # where the run is the same
    blamed = _answer(call_child("blame", {"words": words, "node": node, "event": at}))
    return f"{text} {blamed[0]}"


def _can_be_watched(options: Options) -> bool:
    """Whether the nodes' program may be run in the process of a bench, to follow its lines."""
    program = find_in_virtual_time(options.bin, options.clock)
    return program.uses_runtime and not cage_kind()


def _answer(done: subprocess.CompletedProcess[str]) -> Any:
    if done.returncode:
        raise ExploreError(f"A run ended its process with status {done.returncode}.")
    return json.loads(done.stdout)


def _owner(line: str) -> str | None:
    """The node that sent the message in a line."""
    _, _, message = line.partition(" sent ")
    if not message or line.startswith("{"):
        return None
    src = str(json.loads(message)["src"])
    return src if is_node(src) else None


# What children do


def digests(request: dict[str, Any]) -> Iterator[Any]:
    """A digest of all that happens in the run of each seed."""
    space = Space.of(request)
    for seed in request["seeds"]:
        lines = _run(space.scenario(seed), request)
        yield {"seed": seed, "digest": hashlib.sha256("\n".join(lines).encode()).hexdigest()}


def lines(request: dict[str, Any]) -> Iterator[Any]:
    """Every event and operation of a run, as one list."""
    yield _run(parse_options(request["words"]), request)


def _run(options: Options, request: dict[str, Any]) -> list[str]:
    junk = _perturb() if request.get("perturbed") else None
    journal = Lines()
    outcome = run_once(options, journal)
    del junk
    broken = [str(outcome.broken)] if outcome.broken else []
    return [*journal.lines, *map(format_op, outcome.history), *broken]


def _perturb() -> list[Any]:
    """Objects of random sizes, so that those of the run lie elsewhere."""
    dice = random.SystemRandom()
    count = dice.randrange(_MOST_JUNK)
    return [bytearray(dice.randrange(200)) for _ in range(count)]


def blame(request: dict[str, Any]) -> Iterator[Any]:
    """The last suspicious line that a node went through before an event, in a sentence."""
    options = parse_options(request["words"])
    program = Path(os.path.realpath(options.bin))
    found = suspects(options.bin)
    last: dict[str, int] = {}

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        if os.path.realpath(frame.f_code.co_filename) != str(program):
            return None
        current: Any = host.get(None)
        if event == "line" and current is not None and current.node_id == request["node"]:
            last["any"] = frame.f_lineno
            if frame.f_lineno in found:
                last["suspect"] = frame.f_lineno
        return trace

    sys.settrace(trace)
    try:
        run_once(options, Lines((request["event"], lambda: sys.settrace(None))))
    finally:
        sys.settrace(None)
    source = program.read_text(encoding="utf-8").splitlines()
    yield [_blame(program.name, request["node"], last, found, source)]


def _blame(
    name: str, node: str, last: dict[str, int], found: dict[int, str], source: list[str]
) -> str:
    if number := last.get("suspect"):
        text = source[number - 1].strip()
        return f"Before it {node} asked for {found[number]} in line {number} of {name}: {text}"
    if number := last.get("any"):
        text = source[number - 1].strip()
        return (
            f"No line of {name} is known to ask for what differs; the last one that {node} went "
            f"through was line {number}: {text}"
        )
    return f"{node} had not gone through any line of {name} by then."
