"""Compare the figures of runs on the real Maelstrom with those of the bench; print a table.

    python benchmarks/real_figures.py [--seeds 50] [--jobs 2] [NODE ...]
    python benchmarks/real_figures.py --measure 5 [NODE ...]

Every node of the series runs at the official command of its challenge.  A figure is inside when
each of five real runs of the node, those beside the least other work, lies between the least and
the most that the bench shows over its seeds, both widened by a tenth.

The real runs stand in `real_runs.csv`, a row each, with the date and the machine's load (the mean
number of processes that were at work in the minute before; empty where nobody wrote it down).
`--measure` makes runs, one after the other, until each node has that many; this needs a Maelstrom
that `glomers doctor` finds.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import datetime
import os
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor, as_completed
from pathlib import Path
from typing import Any

from glomers import lab
from glomers.bench.flags import parse_options
from glomers.bench.once import run_once
from glomers.challenges import CHALLENGES, METRICS, Challenge, Version
from glomers.explore.pool import process_pool
from glomers.explore.tally import Tally
from glomers.formats.edn import kw
from glomers.lab.measures import stats_of

RUNS = Path(__file__).with_name("real_runs.csv")
FIGURES = {**METRICS, "ok_fraction": "share answered"}
COLUMNS = ("date", "load", "challenge", "node", "valid", *FIGURES)
WIDENED = 0.1
COMPARED = 5
"""So many runs of a node, those at the least load: the others tell more of the machine."""
PROGRESS_SEEDS = 10

Figures = dict[str, Any]
"""`valid`, and a number by each name of `FIGURES`: None where the workload has none."""


def solutions() -> dict[str, tuple[Challenge, Version]]:
    """The nodes of the series by name; one with the same command in two challenges counts once."""
    found: dict[str, tuple[Challenge, Version]] = {}
    for challenge in CHALLENGES.values():
        for version in challenge.versions:
            found.setdefault(version.name, (challenge, version))
    return found


def figures(valid: Any, stats: lab.Stats) -> Figures:
    return {"valid": valid is True, **{name: getattr(stats, name) for name in FIGURES}}


def on_the_bench(node: str, seed: int) -> Figures:
    challenge, version = solutions()[node]
    words = [*challenge.flags.split(), "--bin", str(version.path), "--seed", str(seed)]
    words += ["--", *version.args]
    outcome = run_once(parse_options(words), Tally())
    if outcome.results is None:
        raise SystemExit(f"{node}, seed {seed}: {outcome.broken}")
    return figures(outcome.results[kw("valid?")], stats_of(outcome.results))


def all_seeds(pool: Executor, node: str, seeds: int) -> list[Figures]:
    """The figures of all seeds, in no certain order; tells on stderr how far it is."""
    began_s = time.monotonic()
    runs = [pool.submit(on_the_bench, node, seed) for seed in range(seeds)]
    done: list[Figures] = []
    for run in as_completed(runs):
        done.append(run.result())
        if len(done) % PROGRESS_SEEDS == 0 or len(done) == seeds:
            wall_s = time.monotonic() - began_s
            print(f"{node}: {len(done)} of {seeds} seeds, {wall_s:.0f} s", file=sys.stderr)
    return done


def recorded() -> dict[str, list[Figures]]:
    """The real runs so far, by node, from the least load on; those of which none was noted last."""
    runs: dict[str, list[Figures]] = {}
    with RUNS.open(encoding="utf-8", newline="") as file:
        for row in sorted(csv.DictReader(file), key=lambda row: float(row["load"] or "inf")):
            numbers = {name: float(row[name]) if row[name] else None for name in FIGURES}
            runs.setdefault(row["node"], []).append({"valid": row["valid"] == "True"} | numbers)
    return runs


def measure(nodes: Iterable[str], wanted: int) -> None:
    """Append real runs to the file until each node has as many as are wanted."""
    for node in nodes:
        for number in range(len(recorded().get(node, [])), wanted):
            row = measured(node)
            with RUNS.open("a", encoding="utf-8", newline="") as file:
                csv.DictWriter(file, COLUMNS, lineterminator="\n").writerow(row)
            told = ", ".join(f"{name} {row[name]}" for name in COLUMNS if row[name] is not None)
            print(f"run {number + 1} of {wanted}: {told}", file=sys.stderr, flush=True)


def measured(node: str) -> dict[str, Any]:
    """A row of the file: one run on the real Maelstrom."""
    challenge, version = solutions()[node]
    about = {"date": datetime.date.today(), "load": round(os.getloadavg()[0], 1)}
    about |= {"challenge": challenge.id, "node": node}
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        try:
            run = lab.maelstrom(
                f"test {challenge.flags}",
                bin=version.path,
                args=version.args,
                engine="maelstrom",
                expect="any",
                tail=lambda line: None,
            )
        except lab.LabError as error:
            raise SystemExit(f"{node}: {error}") from None
    return about | figures(run.valid, run.stats)


def compared(node: str, real: Sequence[Figures], bench: Sequence[Figures]) -> Iterator[str]:
    """The lines of the table for a node: one for each figure that its workload has."""
    challenge, _ = solutions()[node]
    for name, words in FIGURES.items():
        shown = [run[name] for run in bench if run[name] is not None]
        there = [run[name] for run in real if run[name] is not None]
        if shown and there:
            low, high = min(shown) * (1 - WIDENED), max(shown) * (1 + WIDENED)
            outside = sum(not low <= value <= high for value in there)
            verdict = f"**outside** ({outside} of {len(there)})" if outside else "inside"
            cells = (challenge.id, f"`{node}`", words, str(len(there)), spread(there))
            yield f"| {' | '.join((*cells, spread(shown), verdict))} |"


def spread(values: Sequence[float]) -> str:
    low, high = (f"{value:,.4g}" for value in (min(values), max(values)))
    return low if low == high else f"{low} to {high}"


def show(nodes: Iterable[str], seeds: int, jobs: int) -> None:
    real = {node: runs[:COMPARED] for node, runs in recorded().items()}
    print(f"| challenge | node | figure | real runs | they show | {seeds} seeds show | |")
    print("|---|---|---|---:|---:|---:|---|")
    with process_pool(jobs) as pool:
        for node in nodes:
            there = real.get(node)
            if not there:
                print(f"{node}: no real runs", file=sys.stderr)
                continue
            bench = all_seeds(pool, node, seeds)
            for line in compared(node, there, bench):
                print(line, flush=True)
            for where, runs in (("on the real Maelstrom", there), ("on the bench", bench)):
                if invalid := sum(not run["valid"] for run in runs):
                    print(f"{node}: {invalid} runs {where} were not valid", file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    known = solutions()
    parser.add_argument("nodes", nargs="*", metavar="NODE", help=", ".join(known))
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--measure", type=int, metavar="N", help="make real runs, up to N a node")
    given = parser.parse_args()
    if unknown := [node for node in given.nodes if node not in known]:
        parser.error(f"there is no node {unknown[0]}; there are {', '.join(known)}")
    nodes = given.nodes or list(known)
    if given.measure:
        measure(nodes, given.measure)
    else:
        show(nodes, given.seeds, given.jobs)


if __name__ == "__main__":
    main()
