"""Explore the series' solutions under the faults that they are to survive; print what failed.

    python benchmarks/survive.py [--seeds 10000] [--jobs 2] [--extra] [SOLUTION ...]

Partitions are promised where the challenge's commands have them; `--extra` adds the faults that a
solution survives by its design, though no challenge asks for it.  Nodes, latencies, intervals
between faults and clients vary; rates and durations are below the official ones, so that many
seeds can be run.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from glomers import solutions
from glomers.bench.options import parse_options
from glomers.explore.report import summary
from glomers.explore.runner import Exploration, process_pool
from glomers.explore.scenario import VARIABLES, Space
from glomers.explore.seeds import Row

FOLDER = Path(solutions.__file__).parent
CUT = "--nemesis partition"
BROADCAST = "-w broadcast --time-limit 10 --rate 10 --node-count"
COUNTER = "-w g-counter --node-count 3 --rate 20 --time-limit 10"
LOG = "-w kafka --concurrency 2n --time-limit 5 --rate 50 --node-count"
TXN = "-w txn-rw-register --concurrency 2n --time-limit 10 --rate 25 --final-reads --node-count"
UNCOMMITTED = "--consistency-models read-uncommitted"
COMMITTED = "--consistency-models read-committed"
UNRELIABLE = "one-way,loss,duplicate,reorder,slow,pause"

_IDS = f"-w unique-ids --node-count 3 --time-limit 5 --rate 50 --availability total {CUT}"
_TREE = f"{BROADCAST} 9 {CUT}"
_UNCOMMITTED = f"{TXN} 2 {UNCOMMITTED} --availability total {CUT}"
_COMMITTED = f"{TXN} 2 {COMMITTED} --availability total {CUT}"
CASES = {
    "echo": ("-w echo --node-count 1 --time-limit 5", ""),
    "unique_ids": (_IDS, UNRELIABLE),
    "unique_ids_ordered": (_IDS, UNRELIABLE),
    "broadcast_single": (f"{BROADCAST} 1", ""),
    "broadcast_all": (f"{BROADCAST} 5", "duplicate,reorder,pause"),
    "broadcast_retry": (f"{BROADCAST} 5 {CUT}", UNRELIABLE),
    "broadcast_tree": (_TREE, UNRELIABLE),
    "broadcast_batched": (_TREE, UNRELIABLE),
    "broadcast_rounds": (_TREE, UNRELIABLE),
    "broadcast_rounds_slow": (_TREE, UNRELIABLE),
    "counter_local": (f"{COUNTER} {CUT}", ""),
    "counter_gossip": (f"{COUNTER} {CUT}", UNRELIABLE),
    "counter_delta": (f"{COUNTER} {CUT}", UNRELIABLE),
    "log_single": (f"{LOG} 1", ""),
    "log_buckets": (f"{LOG} 2", ""),
    "log_owner": (f"{LOG} 2", ""),
    "log_ordered": (f"{LOG} 2", ""),
    "txn_single": (f"{TXN} 1 {UNCOMMITTED}", ""),
    "txn_uncommitted": (_UNCOMMITTED, UNRELIABLE),
    "txn_batched": (_UNCOMMITTED, UNRELIABLE),
    "txn_committed": (_COMMITTED, UNRELIABLE),
    "txn_causal": (_COMMITTED, UNRELIABLE),
}
"""The command of each solution, and the faults that it survives beyond those."""


def explore(name: str, extra: bool, seeds: int, jobs: int) -> dict[int, Row]:
    """The rows of a solution, by seed."""
    flags, more = CASES[name]
    words = [*flags.split(), "--bin", str(FOLDER / f"{name}.py")]
    if extra and more:
        # Nodes that stand still, or cannot be reached, do not answer all their clients in time.
        words = [word for word in words if word not in ("--availability", "total")]
        words += ["--nemesis", f"{more},partition" if CUT in flags else more]
    rows: dict[int, Row] = {}

    def take(more_rows: list[Row]) -> bool:
        rows.update((row["seed"], row) for row in more_rows)
        return True

    space = Space(parse_options(words), frozenset(VARIABLES))
    Exploration(space, take, lambda: process_pool(jobs), jobs).run(range(seeds))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("solutions", nargs="*", default=list(CASES), metavar="SOLUTION")
    parser.add_argument("--seeds", type=int, default=10_000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--extra", action="store_true")
    given = parser.parse_args()
    print("| solution | seeds | failed | vacuous | anomalies, first failing seed | minutes |")
    print("|---|---:|---:|---:|---|---:|")
    for name in given.solutions:
        began_s = time.monotonic()
        figures = summary(explore(name, given.extra, given.seeds, given.jobs))
        minutes = (time.monotonic() - began_s) / 60
        found = ", ".join(f"{anomaly} {n}" for anomaly, n in figures["anomalies"].items())
        first = "" if figures["first_failure"] is None else f", seed {figures['first_failure']}"
        print(
            f"| {name} | {figures['seeds']:,} | {figures['failed']:,} | {figures['vacuous']:,} "
            f"| {found}{first} | {minutes:.1f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
