"""Nodes that are wrong on purpose, and nodes that are right, by workload.

Whatever convicts one of the guilty must let all of the innocent pass: see `convicted`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from glomers.bench.flags import parse_options
from glomers.bench.once import Outcome, run_once
from glomers.bench.options import Options
from glomers.bench.script import Script
from glomers.explore.judge import anomalies
from glomers.explore.tally import Tally
from glomers.explore.trace import Trace
from glomers.formats.edn import kw
from tests.helpers.mutants import MUTANTS, NODE
from tests.helpers.places import SOLUTIONS

PEERS = NODE.with_name("peers.py")

THREE = ("--node-count", "3", "--time-limit", "4", "--rate", "20")
CUT = (*THREE, "--nemesis", "partition", "--nemesis-interval", "2")
LOSS = (*THREE, "--nemesis", "loss", "--nemesis-interval", "1")
TWICE = (*THREE, "--nemesis", "duplicate", "--nemesis-interval", "1")
SLOW = (*THREE, "--nemesis", "slow", "--nemesis-interval", "1")
TXN = (*CUT, "--consistency-models", "read-committed", "--final-reads")


class Guilty(NamedTuple):
    """A mutation of a node, and flags with which some seed shows it."""

    node: Path
    workload: str
    mutation: str
    flags: tuple[str, ...]

    @property
    def options(self) -> Options:
        """The command."""
        words = ["-w", self.workload, "--bin", str(self.node), *self.flags]
        return parse_options([*words, "--", self.workload, self.mutation])


GUILTY = [
    *[Guilty(NODE, workload, mutation, tuple(flags)) for workload, mutation, flags, _ in MUTANTS],
    Guilty(PEERS, "broadcast", "gives-up", CUT),
    Guilty(PEERS, "broadcast", "alone", CUT),
    Guilty(PEERS, "g-set", "gives-up", LOSS),
    Guilty(PEERS, "g-counter", "recounts", LOSS),
    Guilty(PEERS, "g-counter", "gives-up", CUT),
    Guilty(PEERS, "pn-counter", "recounts", TWICE),
    Guilty(PEERS, "pn-counter", "recounts", SLOW),
    Guilty(PEERS, "kafka", "resends", LOSS),
    Guilty(PEERS, "kafka", "acks-early", CUT),
    Guilty(PEERS, "kafka", "hides-last", CUT),
    Guilty(PEERS, "lin-kv", "stale", (*CUT, "--concurrency", "6n")),
    Guilty(PEERS, "txn-rw-register", "alone", TXN),
    Guilty(PEERS, "txn-rw-register", "as-they-come", TXN),
    Guilty(PEERS, "txn-rw-register", "forgets-own", TXN),
    Guilty(PEERS, "txn-rw-register", "gives-up", TXN),
]

_ALONE = {"log_single", "txn_single"}
"""Right where there is one node."""
_SOLUTIONS = {
    "echo": "echo",
    "unique-ids": "unique_ids unique_ids_ordered",
    "broadcast": "broadcast_retry broadcast_tree broadcast_batched broadcast_rounds",
    "g-counter": "counter_local counter_gossip counter_delta",
    "kafka": "log_single log_buckets log_owner log_ordered",
    "txn-rw-register": "txn_single txn_uncommitted txn_committed txn_batched txn_causal",
}
_ALONE_MUTANTS = {"kafka", "txn-rw-register", "txn-list-append"}
"""Workloads of which `node.py`, without a mutation, is right where there is one node."""
_OF_PEERS = {"broadcast", "g-set", "g-counter", "pn-counter", "kafka", "lin-kv", "txn-rw-register"}


def innocents(options: Options) -> Iterator[Options]:
    """The command with each of the right nodes in place of its own."""
    workload, is_alone = options.workload, len(options.node_ids) == 1
    for name in _SOLUTIONS.get(workload, "").split():
        if is_alone or name not in _ALONE:
            yield replace(options, bin=SOLUTIONS / f"{name}.py", args=())
    if is_alone or workload not in _ALONE_MUTANTS:
        yield replace(options, bin=NODE, args=(workload,))
    if workload in _OF_PEERS:
        yield replace(options, bin=PEERS, args=(workload,))


def problems(options: Options, script: Script | None = None) -> list[str]:
    """What is wrong with a run, the verdict among it."""
    outcome: Outcome = run_once(options, Tally(), script=script)
    found = anomalies(options, outcome)
    valid = outcome.results[kw("valid?")] if outcome.results else None
    return found if found or valid is True else [f"the verdict is {valid}"]


def convicted(trace: Trace) -> dict[str, list[str]]:
    """The right nodes that a trace convicts, and of what."""
    found = {each.bin.stem: problems(each, trace.script) for each in innocents(trace.options)}
    return {name: wrong for name, wrong in found.items() if wrong}
