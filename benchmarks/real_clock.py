"""Time and memory of 25 Python processes on the real clock, on the bench and on the real Maelstrom.

    python benchmarks/real_clock.py [--pairs 3] [NODE ...]

Each node of 3d runs at its official command, first on one and then on the other, so that what else
the machine does meets both; one line a run.  CPU is that of the tool and its nodes, in seconds of
one core; memory is the largest sum of the shares (PSS) of all processes, looked at once in two
seconds, in MB.  This needs a Maelstrom that `glomers doctor` finds.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil

from glomers import lab
from glomers.challenges import CHALLENGES, Version, overall
from glomers.engine.maelstrom.find import require_maelstrom
from glomers.launcher import write_launcher

CHALLENGE = CHALLENGES["3d"]
SAMPLE_S = 2.0
HEAD = ("node", "on", "verdict", "messages per operation", "median / maximum (ms)", "limits")
HEAD += ("CPU (s)", "memory (MB)", "load")


def memory_mb(process: psutil.Process) -> float:
    """What a process and all below it hold, each page once."""
    total = 0
    for each in (process, *process.children(recursive=True)):
        try:
            total += each.memory_full_info().pss
        except psutil.Error:  # it has ended meanwhile
            continue
    return total / 1e6


def cpu_s() -> float:
    """The CPU seconds of all processes that have ended below this one."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def watched(command: Sequence[str]) -> tuple[float, float]:
    """Run a command to its end; returns its CPU seconds, and its memory in MB at most."""
    before, most_mb = cpu_s(), 0.0
    process = psutil.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while True:
        try:
            process.wait(SAMPLE_S)
            return cpu_s() - before, most_mb
        except psutil.TimeoutExpired:
            most_mb = max(most_mb, memory_mb(process))


def measured(version: Version, tool: str) -> tuple[str, ...]:
    """A run of a node on `bench` or `maelstrom`, as a row of the table."""
    node = write_launcher(version.path, Path(version.solution))
    words = ["test", *CHALLENGE.flags.split(), "--bin", str(node.resolve())]
    begin = [str(require_maelstrom().program)]
    if tool == "bench":
        begin, words = [sys.executable, "-m", "glomers", "bench"], [*words, "--clock", "real"]
    load = os.getloadavg()[0]
    used_s, most_mb = watched([*begin, *words, *(["--", *version.args] if version.args else [])])
    run = lab.Run.load("store/latest")
    figures = run.stats
    limits = overall(CHALLENGE.judge(figures).values())
    latency = f"{figures.stable_median_ms:,.0f} / {figures.stable_max_ms:,.0f}"
    row = (version.name, tool, run.verdict, f"{figures.msgs_per_op:.3g}", latency, limits)
    return (*row, f"{used_s:.0f}", f"{most_mb:,.0f}", f"{load:.0f}")


def rows(names: Sequence[str], pairs: int) -> Iterator[tuple[str, ...]]:
    versions = [each for each in CHALLENGE.versions if not names or each.name in names]
    for number in range(pairs):
        for version in versions:
            for tool in ("bench", "maelstrom")[:: 1 if number % 2 == 0 else -1]:
                yield measured(version, tool)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("nodes", nargs="*", metavar="NODE")
    parser.add_argument("--pairs", type=int, default=3, metavar="N")
    arguments = parser.parse_args()
    print(f"| {' | '.join(HEAD)} |")
    print(f"|{'---|' * len(HEAD)}")
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for row in rows(arguments.nodes, arguments.pairs):
            print(f"| {' | '.join(row)} |", flush=True)
            time.sleep(2)


if __name__ == "__main__":
    main()
