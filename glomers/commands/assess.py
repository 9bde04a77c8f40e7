"""`glomers assess`: a learner's node, stage by stage."""

from __future__ import annotations

import json
import sys
import time
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from glomers.bench.options import CLOCKS
from glomers.challenges import Challenge
from glomers.commands.arguments import Parser, at_least_one
from glomers.environment import fix_hash_seed
from glomers.errors import EXIT_FAILED, EXIT_OK, WorkshopError
from glomers.formats.text import clean
from glomers.workshop.assessment import Manner, assess
from glomers.workshop.hunts import task
from glomers.workshop.own_folder import own_folder
from glomers.workshop.telling import lines
from glomers.workshop.verdict import StageResult, Verdict

FOLDER = Path("assess")
"""Where the counterexample of a challenge is left, below the current folder."""
WATCH_S = 0.5


def add_arguments(parser: Parser) -> None:
    """Add what the command takes."""
    add = parser.add_argument
    add("id", metavar="ID", help="such as 3c, or hunt-1 of the bug hunt")
    add("--bin", type=Path, metavar="FILE", required=True, help="the node")
    seeds = "of the last stage with many (50 or 100)"
    add("--seeds", type=at_least_one, metavar="N", help=seeds)
    clock = "lockstep: a process for each node, so that nothing can be forged"
    add("--clock", choices=CLOCKS[:2], help=f"virtual (default), or {clock}")
    add("--json", action="store_true", help="print one JSON object")
    add("--watch", action="store_true", help="again whenever the file changes")
    parser.epilog = f"What it has looked into is left in {FOLDER}/ID, until the next check of ID."


def act(arguments: Namespace) -> int:
    """Assess a node and say what came of it; returns the exit status.

    With `--watch` that is done again whenever the file changes, until somebody interrupts it.

    Raises:
        WorkshopError: when the node cannot be run at all.
    """
    fix_hash_seed(sys.argv[1:])
    challenge, node = task(arguments.id), arguments.bin
    seen = changed_at(node)
    how = arguments.seeds, arguments.clock, arguments.json
    status = _assess_once(challenge, node, *how)
    while arguments.watch:
        await_change(node, seen)
        print(flush=True)
        seen = changed_at(node)
        try:
            status = _assess_once(challenge, node, *how)
        except WorkshopError as error:  # such as a file that is half written
            print(error, flush=True)
    return status


def await_change(node: Path, seen: int) -> None:
    """Return when the file is another than the one that was written at `seen`, and is there."""
    while changed_at(node) in (0, seen):
        time.sleep(WATCH_S)


def changed_at(node: Path) -> int:
    """When a file was written last, in ns; an editor may replace it, so that it is not there."""
    return node.stat().st_mtime_ns if node.exists() else 0


def _assess_once(
    challenge: Challenge, node: Path, seeds: int | None, clock: str | None, as_json: bool
) -> int:
    printer = _Printer(challenge, node)
    manner = Manner(clock) if as_json else Manner(clock, tell=printer.tell)
    with own_folder(FOLDER, challenge.id) as folder:
        verdict = assess(challenge, node, folder, seeds=seeds, manner=manner)
    if as_json:
        print(json.dumps(verdict.as_json(), ensure_ascii=False))
    else:
        printer.finish(verdict)
    return EXIT_OK if verdict.passed else EXIT_FAILED


class _Printer:
    """Prints the lines of a verdict, those of stages that have passed as soon as they have."""

    def __init__(self, challenge: Challenge, node: Path) -> None:
        self._known = Verdict(challenge, node, ())
        self._printed = 0
        self._under_way = ""

    def tell(self, stages: Sequence[StageResult]) -> None:
        """Print what has passed, and in a terminal what is under way, until it has come to an end.

        Args:
            stages: all of them; the first that has not been reached is under way.
        """
        self.finish(replace(self._known, stages=tuple(each for each in stages if each.passed)))
        if sys.stdout.isatty():
            following = next(each.name for each in stages if each.passed is None)
            self._under_way = f"  … {following}"
            print(self._under_way, end="\r", flush=True)

    def finish(self, verdict: Verdict) -> None:
        """Print the lines that have not been printed yet."""
        if self._under_way:
            print(" " * len(self._under_way), end="\r")
            self._under_way = ""
        told = list(lines(verdict))
        for line in told[self._printed :]:
            print(clean(line), flush=True)
        self._printed = len(told)
