"""How much more processor time lockstep takes than virtual time, for each node of the series.

    PYTHONHASHSEED=0 .venv/bin/python benchmarks/lockstep_cost.py [SECONDS]

Each official command runs for so many seconds of virtual time (5), once on each clock, one right
after the other.  The time of nodes that are processes counts; what starts them, once, does not.
Histories must be the same.  Prints a line for each node, and the ratio of the sums.
"""

from __future__ import annotations

import os
import shlex
import sys

from glomers.bench.flags import parse_options
from glomers.bench.hosts import offspring
from glomers.bench.once import run_once
from glomers.challenges import CHALLENGES
from glomers.formats.history import format_op
from glomers.formats.journal import Journal


def cpu_s() -> float:
    """Processor time of this process and of those that have ended below it."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def measured(words: list[str], clock: str) -> tuple[float, list[str]]:
    """The processor time of a run in seconds, and its history."""
    began_s = cpu_s()
    outcome = run_once(
        parse_options([*words[:1], words[1], "--clock", clock, *words[2:]]), Journal()
    )
    offspring.end_nurseries()
    return cpu_s() - began_s, list(map(format_op, outcome.history))


def start_s() -> float:
    """What it costs to start what nodes are forked from, in seconds."""
    began_s = cpu_s()
    offspring._nursery(os.getpid(), None)
    offspring.end_nurseries()
    return cpu_s() - began_s


def main(seconds: str = "5") -> None:
    sums, start = [0.0, 0.0], start_s()
    for challenge in CHALLENGES.values():
        for version in challenge.versions:
            flags = shlex.split(challenge.flags)
            words = [*flags, "--time-limit", seconds, "--bin", str(version.path)]
            words += ["--", *version.args] if version.args else []
            (virtual_s, one), (lockstep_s, other) = (
                measured(words, clock) for clock in ("virtual", "lockstep")
            )
            assert one == other, version.name
            lockstep_s -= start
            sums = [sums[0] + virtual_s, sums[1] + lockstep_s]
            ratio = lockstep_s / virtual_s
            print(
                f"{challenge.id} {version.name}: {virtual_s:.2f} s, {lockstep_s:.2f} s, {ratio:.1f}"
            )
    print(f"all: {sums[0]:.1f} s, {sums[1]:.1f} s, {sums[1] / sums[0]:.2f} times as much")


if __name__ == "__main__":
    main(*sys.argv[1:])
