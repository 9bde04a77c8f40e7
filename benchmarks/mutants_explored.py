"""Explore every mutant of the tests until it fails, and shrink that; print a Markdown table.

    python benchmarks/mutants_explored.py [--seeds 200] [MUTATION ...]

The mutants and their flags are those of `tests/helpers/corpus.py`; time is CPU time of one process.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from glomers.bench.once import run_once
from glomers.bench.options import Options
from glomers.errors import ExploreError
from glomers.explore.counterexample import find
from glomers.explore.events import Events
from glomers.explore.judge import anomalies
from glomers.explore.tally import Tally
from tests.helpers.corpus import GUILTY, Guilty


def first_failure(options: Options, seeds: int) -> Options | None:
    """The command of the first seed that fails, if any does."""
    for seed in range(seeds):
        tried = replace(options, seed=seed)
        if anomalies(tried, run_once(tried, Tally())):
            return tried
    return None


def row(guilty: Guilty, seeds: int) -> str:
    """A line of the table."""
    workload, mutation = guilty.workload, guilty.mutation
    began_s = time.process_time()
    failed = first_failure(guilty.options, seeds)
    found_s = time.process_time() - began_s
    if failed is None:
        return f"| {workload} | {mutation} | none in {seeds} | {found_s:.2f} | | | | | | | |"
    began_s = time.process_time()
    try:
        found = find(failed)
    except ExploreError as error:
        return f"| {workload} | {mutation} | {failed.seed} | {found_s:.2f} | {error} | | | | | | |"
    shrunk_s = time.process_time() - began_s
    trace = found.trace
    journal = Events()
    run_once(trace.options, journal, script=trace.script)
    told = [e for e in journal.events if e.kind == "send" and "init" not in str(e.message)]
    return (
        f"| {workload} | {mutation} | {failed.seed} | {found_s:.2f} | {trace.anomaly} "
        f"| {len(trace.options.node_ids)} | {found.ops_before} → {len(trace.script.ops)} "
        f"| {len(trace.script.faults)} | {len(told)} | {len(trace.to_json()):,} "
        f"| {found.runs} in {shrunk_s:.1f} s |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("mutations", nargs="*", metavar="MUTATION")
    parser.add_argument("--seeds", type=int, default=200)
    given = parser.parse_args()
    if sys.flags.hash_randomization:
        os.execve(
            sys.executable, [sys.executable, *sys.argv], {**os.environ, "PYTHONHASHSEED": "0"}
        )
    print(
        "| workload | mutation | first failing seed | found after (s) | anomaly | nodes "
        "| operations | fault events | messages | trace (bytes) | runs to shrink |"
    )
    print("|---|---|---:|---:|---|---:|---:|---:|---:|---:|---:|")
    for guilty in GUILTY:
        if not given.mutations or guilty.mutation in given.mutations:
            print(row(guilty, given.seeds), flush=True)


if __name__ == "__main__":
    main()
