"""Run the series' solutions at their official commands over many seeds; say which failed.

    python benchmarks/seeds.py --seeds 50 --jobs 2 [--clock real] [CHALLENGE ...]

A run fails that is not valid or misses a limit of its challenge.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

from glomers.challenges import CHALLENGES


def run(challenge: str, seed: int, clock: str) -> str | None:
    """What went wrong with one run; None when nothing did."""
    command = [sys.executable, "-m", "glomers", "challenge", challenge, "--json"]
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [*command, "--seed", str(seed), "--clock", clock],
            cwd=folder,
            capture_output=True,
            text=True,
        )
    if done.returncode == 0:
        return None
    report = json.loads(done.stdout or "{}")
    kept = ("valid", "targets_met", "msgs_per_op", "stable_latency_ms", "extra")
    return f"seed {seed}: " + str({key: report.get(key) for key in kept}) + done.stderr[-300:]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("challenges", nargs="*", default=list(CHALLENGES))
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--clock", default="virtual")
    given = parser.parse_args()
    with ThreadPoolExecutor(given.jobs) as pool:
        for challenge in given.challenges:
            runs = [pool.submit(run, challenge, s, given.clock) for s in range(given.seeds)]
            problems = [problem for done in runs if (problem := done.result())]
            print(f"{challenge}: {given.seeds} runs, {len(problems)} failed", flush=True)
            for problem in problems:
                print(f"  {problem}", flush=True)


if __name__ == "__main__":
    main()
