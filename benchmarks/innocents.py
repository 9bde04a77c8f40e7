"""Shrink failures of every mutant, and play each on every right node; print a Markdown table.

    python benchmarks/innocents.py [--traces 5] [--seeds 200] [--vary nodes,latency] [MUTATION ...]

A shrunk trace must convict nobody who passes the whole run that it was shrunk from.  Exit status:
1 when one does.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from glomers.bench.once import run_once
from glomers.errors import ExploreError
from glomers.explore.counterexample import find
from glomers.explore.judge import anomalies
from glomers.explore.plan import named_variables
from glomers.explore.scenario import Space
from glomers.explore.tally import Tally
from tests.helpers.corpus import GUILTY, Guilty, convicted, innocents, problems


def row(guilty: Guilty, vary: frozenset[str], seeds: int, most: int) -> tuple[str, list[str]]:
    """A line of the table, and what innocent nodes were convicted of."""
    space = Space(guilty.options, vary)
    found: Counter[str] = Counter()
    operations: list[int] = []
    wrongs = []
    for seed in range(seeds):
        options = space.scenario(seed)
        if not anomalies(options, run_once(options, Tally())):
            continue
        try:
            trace = find(options).trace
        except ExploreError:
            found["not shrunk"] += 1
            continue
        found[trace.anomaly] += 1
        operations.append(len(trace.script.ops))
        right = {each.bin.stem: each for each in innocents(options)}
        for name, wrong in convicted(trace).items():
            whole = right.get(name)
            if whole is None or not problems(whole):
                wrongs.append(f"{guilty.mutation}, seed {seed}: {name} shows {wrong}")
        if sum(found.values()) == most:
            break
    told = ", ".join(f"{anomaly} {count}" for anomaly, count in found.items())
    sizes = f"{min(operations)} to {max(operations)}" if operations else ""
    line = f"| {guilty.workload} | {guilty.mutation} | {told} | {sizes} | {len(wrongs)} |"
    return line, wrongs


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("mutations", nargs="*", metavar="MUTATION")
    parser.add_argument("--traces", type=int, default=5, help="of each mutant (5)")
    parser.add_argument("--seeds", type=int, default=200, help="to look for them (200)")
    parser.add_argument("--vary", default="none", help="as with `glomers explore` (none)")
    given = parser.parse_args()
    if sys.flags.hash_randomization:
        os.execve(
            sys.executable, [sys.executable, *sys.argv], {**os.environ, "PYTHONHASHSEED": "0"}
        )
    vary = named_variables(given.vary)
    print("| workload | mutation | anomalies of the traces | operations | innocents convicted |")
    print("|---|---|---|---:|---:|")
    wrongs = []
    for guilty in GUILTY:
        if not given.mutations or guilty.mutation in given.mutations:
            line, more = row(guilty, vary, given.seeds, given.traces)
            print(line, flush=True)
            wrongs += more
    print("\n".join(["", *wrongs]) if wrongs else "")
    return 1 if wrongs else 0


if __name__ == "__main__":
    sys.exit(main())
