"""Explore the series' solutions under the faults that they are to survive; print what failed.

    python benchmarks/survive.py [--seeds 10000] [--jobs 2] [--extra | --kill] [SOLUTION ...]

Partitions are promised where the challenge's commands have them; `--extra` adds the faults that a
solution survives by its design, though no challenge asks for it, and tries the guarantees of
sessions and causality on the histories of `txn_causal`.  `--kill` kills nodes every 5 s, and asks
whether anything was lost that was acknowledged after the last restart, and whether the replicas
agree in the end about what is older.  Nodes, latencies, intervals between faults (not of kills) and
clients vary; rates and durations are below the official ones, so that many seeds can be run.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from glomers import solutions
from glomers.bench.flags import parse_options
from glomers.bench.once import Outcome, run_once
from glomers.bench.options import Options
from glomers.explore.judge import anomalies, vacuity
from glomers.explore.pool import Exploration, process_pool
from glomers.explore.scenario import VARIABLES, Space
from glomers.explore.seed import Row
from glomers.explore.summary import summary
from glomers.explore.tally import Tally
from glomers.reading.guarantees import try_guarantees
from glomers.reading.replicas import transactions_of
from glomers.reading.restarts import (
    demands_after_restart,
    differing,
    last_restart_ns,
    lost_after_restart,
)

FOLDER = Path(solutions.__file__).parent
CUT = "--nemesis partition"
KILL = "--nemesis kill --nemesis-interval 5 --time-limit 20"
BROADCAST = "-w broadcast --time-limit 10 --rate 10 --node-count"
COUNTER = "-w g-counter --node-count 3 --rate 20 --time-limit 10"
LOG = "-w kafka --concurrency 2n --time-limit 5 --rate 50 --node-count"
TXN = "-w txn-rw-register --concurrency 2n --time-limit 10 --rate 25 --final-reads --node-count"
UNCOMMITTED = "--consistency-models read-uncommitted"
COMMITTED = "--consistency-models read-committed"
UNRELIABLE = "one-way,loss,duplicate,reorder,slow,pause"
HOT_KEYS = "--rate 50 --key-count 8 --max-writes-per-key 4 --max-txn-length 12 --node-count 5"
CHUNK_SEEDS = 10


@dataclass(frozen=True)
class Case:
    """How a solution is explored.

    `more` are faults that it survives beyond those of its command, `densely` flags that make their
    exploration likelier to find something, and `is_causal` says whether guarantees are tried then.
    """

    flags: str
    more: str = ""
    densely: str = ""
    is_causal: bool = False


_IDS = Case(f"-w unique-ids --node-count 3 --time-limit 5 --rate 50 --availability total {CUT}")
_TREE = Case(f"{BROADCAST} 9 {CUT}", UNRELIABLE)
_UNCOMMITTED = Case(f"{TXN} 2 {UNCOMMITTED} --availability total {CUT}", UNRELIABLE)
_COMMITTED = Case(f"{TXN} 2 {COMMITTED} --availability total {CUT}", UNRELIABLE)
CASES = {
    "echo": Case("-w echo --node-count 1 --time-limit 5"),
    "unique_ids": Case(_IDS.flags, UNRELIABLE),
    "unique_ids_ordered": Case(_IDS.flags, UNRELIABLE),
    "broadcast_single": Case(f"{BROADCAST} 1"),
    "broadcast_all": Case(f"{BROADCAST} 5", "duplicate,reorder,pause"),
    "broadcast_retry": Case(f"{BROADCAST} 5 {CUT}", UNRELIABLE),
    "broadcast_tree": _TREE,
    "broadcast_batched": _TREE,
    "broadcast_rounds": _TREE,
    "broadcast_rounds 1.8": _TREE,
    "counter_local": Case(f"{COUNTER} {CUT}"),
    "counter_gossip": Case(f"{COUNTER} {CUT}", UNRELIABLE),
    "counter_delta": Case(f"{COUNTER} {CUT}", UNRELIABLE),
    "log_single": Case(f"{LOG} 1"),
    "log_buckets": Case(f"{LOG} 2"),
    "log_owner": Case(f"{LOG} 2"),
    "log_ordered": Case(f"{LOG} 3 {CUT}", UNRELIABLE),
    "txn_single": Case(f"{TXN} 1 {UNCOMMITTED}"),
    "txn_uncommitted": _UNCOMMITTED,
    "txn_batched": _UNCOMMITTED,
    "txn_committed": _COMMITTED,
    "txn_causal": Case(_COMMITTED.flags, UNRELIABLE, HOT_KEYS, is_causal=True),
}
KILLED = [name for name in CASES if name.startswith(("broadcast", "counter", "log", "txn"))]
"""The solutions of workloads whose end shows what was lost."""


def space_of(
    name: str, program: Path | None = None, *, extra: bool = False, kill: bool = False
) -> Space:
    """The scenarios of a solution, which is a module and its arguments, or played by `program`."""
    case, (module, *args) = CASES[name], name.split()
    words = [*case.flags.split(), "--bin", str(program or FOLDER / f"{module}.py")]
    if kill or (extra and case.more):
        # Nodes that are away, stand still, or cannot be reached, do not answer all their clients.
        words = [word for word in words if word not in ("--availability", "total")]
    if kill:
        options = parse_options([*words, *KILL.split(), "--", *args])
        return Space(options, frozenset(VARIABLES) - {"interval", "faults"})
    if extra and case.more:
        faults = f"{case.more},partition" if CUT in case.flags else case.more
        words += [*case.densely.split(), "--nemesis", faults]
    return Space(parse_options([*words, "--", *args]), frozenset(VARIABLES))


def contradictions(outcome: Outcome, options: Options) -> list[str]:
    """The guarantees that a history of registers contradicts."""
    tried = try_guarantees(transactions_of(outcome.history, options.node_ids))
    return [each.guarantee for each in tried if each.contradictions]


def causal_row(space: Space, seed: int) -> Row:
    """A row as an exploration has it, with the guarantees that are contradicted."""
    options, tally = space.scenario(seed), Tally()
    outcome = run_once(options, tally)
    found = anomalies(options, outcome)
    found += [] if outcome.broken else contradictions(outcome, options)
    return {
        "seed": seed,
        "outcome": "fail" if found else "pass",
        "anomalies": found,
        "broken": str(outcome.broken) if outcome.broken else None,
        "vacuous": [] if found else vacuity(options, outcome, tally),
        **{name: {} for name in ("types", "effects", "pairs")},
    }


def kill_row(space: Space, seed: int) -> Row:
    """What a run in which nodes were killed has lost, and about what its replicas differ."""
    options = space.scenario(seed)
    outcome = run_once(options, Tally())
    history, nodes = outcome.history, options.node_ids
    is_vacuous = last_restart_ns(history) is None or not demands_after_restart(history, nodes)
    return {
        "seed": seed,
        "broken": outcome.broken is not None,
        "lost": lost_after_restart(history, nodes),
        "differing": differing(history),
        "vacuous": is_vacuous,
    }


def explore(space: Space, seeds: int, jobs: int) -> dict[int, Row]:
    """The rows of a solution, by seed."""
    rows: dict[int, Row] = {}

    def take(more_rows: list[Row]) -> bool:
        rows.update((row["seed"], row) for row in more_rows)
        return True

    Exploration(space, take, lambda: process_pool(jobs), jobs).run(range(seeds))
    return rows


def rows_of(
    make: Callable[[Space, int], Row], space: Space, seeds: int, jobs: int
) -> dict[int, Row]:
    """The rows that `make` makes of the seeds."""
    with process_pool(jobs) as pool:
        made = pool.map(partial(make, space), range(seeds), chunksize=CHUNK_SEEDS)
        return {row["seed"]: row for row in made}


def survived(name: str, given: argparse.Namespace) -> str:
    """The cells of a solution: how many seeds failed, and how."""
    space = space_of(name, extra=given.extra)
    if given.extra and CASES[name].is_causal:
        rows = rows_of(causal_row, space, given.seeds, given.jobs)
    else:
        rows = explore(space, given.seeds, given.jobs)
    figures = summary(rows)
    found = ", ".join(f"{anomaly} {n}" for anomaly, n in figures["anomalies"].items())
    first = "" if figures["first_failure"] is None else f", seed {figures['first_failure']}"
    counts = [f"{figures[key]:,}" for key in ("seeds", "failed", "vacuous")]
    return " | ".join([*counts, f"{found}{first}"])


def killed(name: str, given: argparse.Namespace) -> str:
    """The cells of a solution: in how many seeds it lost something, and what differs in the end."""
    space = space_of(name, kill=True)
    rows = rows_of(kill_row, space, given.seeds, given.jobs)
    lost = [seed for seed, row in rows.items() if row["lost"] or row["broken"]]
    differ = sum(bool(row["differing"]) for row in rows.values())
    vacuous = sum(row["vacuous"] for row in rows.values())
    first = f"seed {lost[0]}" if lost else ""
    return f"{len(rows):,} | {len(lost):,} | {differ:,} | {vacuous:,} | {first}"


SURVIVED = ("seeds", "failed", "vacuous", "anomalies, first failing seed")
DIED = ("seeds", "lost something after the last restart", "differ in the end", "vacuous", "first")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("solutions", nargs="*", default=[], metavar="SOLUTION")
    parser.add_argument("--seeds", type=int, default=10_000)
    parser.add_argument("--jobs", type=int, default=2)
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--extra", action="store_true")
    kind.add_argument("--kill", action="store_true")
    given = parser.parse_args()
    columns, cells, names = (DIED, killed, KILLED) if given.kill else (SURVIVED, survived, CASES)
    print(f"| solution | {' | '.join(columns)} | minutes |")
    print(f"|---|{'---:|' * (len(columns) - 1)}---|---:|")
    for name in given.solutions or names:
        began_s = time.monotonic()
        row = cells(name, given)
        minutes = (time.monotonic() - began_s) / 60
        print(f"| {name} | {row} | {minutes:.1f} |", flush=True)


if __name__ == "__main__":
    main()
