"""How long it takes to judge a class, and how much memory: `glomers grade` with two jobs.

    python benchmarks/grading.py [--submissions 30] [--jobs 2]

Each submission has a node for each of the fourteen challenges: the answer of the exercise, the
series' own solution, a node of `tests/data/allowed`, one that is known to be wrong, or a forgery,
drawn with a fixed seed.  Prints what the machine does besides (its load), wall clock, processor
time, the largest sum of the memory of all processes (their proportional shares, PSS, looked at
every second), and how many nodes passed of each kind.
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from glomers.challenges import CHALLENGES
from glomers.workshop.exercise import exercises

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.helpers.villains import FORGERS  # noqa: E402
from tests.helpers.wrong_nodes import ALLOWED, WRONG  # noqa: E402

KINDS = ("answer", "answer", "solution", "allowed", "wrong", "wrong", "forgery")
"""Of what a class is made: each as often as it stands here."""


def sources(kind: str, challenge: str) -> list[str]:
    """The nodes of a kind for a challenge; there may be none."""
    if kind == "answer":
        return [exercises()[challenge].answer]
    if kind == "solution":
        return [CHALLENGES[challenge].versions[-1].path.read_text(encoding="utf-8")]
    if kind == "allowed":
        return [path.read_text(encoding="utf-8") for path in ALLOWED.glob(f"{challenge}_*.py")]
    if kind == "wrong":
        return [each.source for each in WRONG if each.challenge == challenge and not each.helper]
    return list(FORGERS.values()) if challenge == "3b" else []


def hand_in(folder: Path, submissions: int) -> dict[tuple[str, str], str]:
    """Write a class to a folder; returns the kind of each node."""
    dice = random.Random(1)
    kinds = {}
    for number in range(submissions):
        name = f"learner-{number:02}"
        (folder / name).mkdir(parents=True)
        for challenge in exercises():
            kind = dice.choice(KINDS)
            nodes = sources(kind, challenge)
            if not nodes:
                kind, nodes = "answer", sources("answer", challenge)
            kinds[name, challenge] = kind
            path = folder / name / f"my_{challenge}.py"
            path.write_text(dice.choice(sorted(nodes)), encoding="utf-8")
    return kinds


def family(pid: int) -> Iterator[int]:
    """A process and all below it."""
    yield pid
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield from family(int(child))


def memory_mb(pid: int) -> float:
    """The memory of a process and all below it: what they share counts once."""
    total_kb = 0
    for each in family(pid):
        with suppress(OSError):
            for line in Path(f"/proc/{each}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total_kb += int(line.split()[1])
    return total_kb / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--submissions", type=int, default=30)
    parser.add_argument("--jobs", type=int, default=2)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder, out = Path(place) / "class", Path(place) / "marks"
        kinds = hand_in(folder, asked.submissions)
        words = ["grade", str(folder), "--out", str(out), "--jobs", str(asked.jobs)]
        print(f"load before: {os.getloadavg()[0]:.1f}, processors: {os.cpu_count()}", flush=True)
        began_s, largest_mb = time.monotonic(), 0.0
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "glomers", *words, "--secret", "a class"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while process.poll() is None:
            largest_mb = max(largest_mb, memory_mb(process.pid))
            time.sleep(1)
        wall_s, times = time.monotonic() - began_s, os.times()
        with (out / "grades.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    print(f"load after: {os.getloadavg()[0]:.1f}, exit status {process.returncode}")
    print(f"{asked.submissions} submissions, {len(kinds)} nodes: {wall_s:.0f} s of wall clock")
    print(f"processor time: {times.children_user + times.children_system:.0f} s")
    print(f"memory at most: {largest_mb:.0f} MB")
    of_kind = Counter(kinds.values())
    passed = Counter(
        kinds[row["submission"], row["challenge"]] for row in rows if row["passed"] == "true"
    )
    print("; ".join(f"{kind}: {passed[kind]} of {n} passed" for kind, n in sorted(of_kind.items())))


if __name__ == "__main__":
    main()
