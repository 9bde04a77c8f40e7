"""Print how fast seeds are explored, how that scales, and whether cost and memory stay flat.

    python benchmarks/exploration.py [--seeds 1000] [--jobs 1 2] [--long 10000]

The command is the official one of challenge 3c, as it stands.  Seeds a minute are by the wall clock
and mean little on a machine that is busy; CPU time a seed means more.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from glomers import solutions

NODE = Path(solutions.__file__).parent / "broadcast_retry.py"
FLAGS = "-w broadcast --node-count 5 --time-limit 20 --rate 10 --nemesis partition"

_ONE = """
import json, resource, sys, time
from glomers.bench.flags import parse_options
from glomers.explore.pool import Exploration, process_pool
from glomers.explore.scenario import Space

words, seeds, jobs = json.loads(sys.argv[1])

def main():
    rows = []
    def take(more):
        rows.extend(row["outcome"] for row in more)
        return True
    began_s = time.monotonic()
    space = Space(parse_options(words))
    Exploration(space, take, lambda: process_pool(jobs), jobs).run(range(seeds))
    wall_s = time.monotonic() - began_s
    workers = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(json.dumps({"wall_s": wall_s, "cpu_s": workers.ru_utime + workers.ru_stime,
                      "memory_mb": workers.ru_maxrss / 1024, "passed": rows.count("pass")}))

if __name__ == "__main__":
    main()
"""


def explore(seeds: int, jobs: int) -> dict[str, float]:
    """Explore that many seeds in a fresh process."""
    words = [*FLAGS.split(), "--bin", str(NODE)]
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "once.py"
        script.write_text(_ONE, encoding="utf-8")
        command = [sys.executable, str(script), json.dumps([words, seeds, jobs])]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--jobs", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--long", type=int, default=10_000)
    given = parser.parse_args()
    print("| seeds | processes | seeds a minute | CPU a seed (ms) | memory of a worker (MB) |")
    print("|---:|---:|---:|---:|---:|")
    rates = {}
    runs = [(given.seeds, jobs) for jobs in given.jobs] + [(100, 1), (given.long, 1)]
    for seeds, jobs in runs:
        found = explore(seeds, jobs)
        assert found["passed"] == seeds, found
        rate = 60 * seeds / found["wall_s"]
        rates.setdefault((seeds, jobs), rate)
        print(
            f"| {seeds:,} | {jobs} | {rate:,.0f} | {1000 * found['cpu_s'] / seeds:.0f} "
            f"| {found['memory_mb']:.0f} |",
            flush=True,
        )
    if {1, 2} <= set(given.jobs):
        ratio = rates[given.seeds, 2] / rates[given.seeds, 1]
        print(
            f"\nTwo processes are {ratio:.2f} times as fast as one ({time.strftime('%Y-%m-%d')})."
        )


if __name__ == "__main__":
    main()
