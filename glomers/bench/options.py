"""What can be asked of a test, as one value."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from glomers.bench.what_if import WhatIf

TOPOLOGIES = ("line", "grid", "tree", "tree2", "tree3", "tree4", "total")
LATENCY_DISTRIBUTIONS = ("constant", "uniform", "exponential")
CLOCKS = ("virtual", "lockstep", "real")


@dataclass(frozen=True)
class Options:
    """Tests, as asked for on the command line.

    `rate` is in requests a second over all clients, `latency_ms` the mean delay of a message
    between servers; `availability` is the fraction of requests that must succeed, if any.
    `test_count` is how often the test runs, and `without_effect` names the flags that were given
    and change nothing.
    """

    workload: str
    bin: Path
    args: tuple[str, ...]
    node_ids: tuple[str, ...]
    concurrency: int
    rate: float
    time_limit_s: int
    latency_ms: int
    latency_dist: str
    nemesis: frozenset[str]
    nemesis_interval_s: float
    topology: str
    availability: float | None
    consistency_models: tuple[str, ...]
    key_count: int | None
    max_txn_length: int
    max_writes_per_key: int
    log_stderr: bool
    seed: int
    clock: str | None
    final_reads: bool
    record_state: bool
    what_if: WhatIf | None
    test_count: int
    without_effect: tuple[str, ...]
