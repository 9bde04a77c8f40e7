"""The challenges as data: official commands and limits, and results that others have published.

Sources: the challenge pages at https://fly.io/dist-sys/ for commands and limits; the repositories
and pages named beside each published result.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

SOLUTIONS = Path(__file__).with_name("solutions")
"""The folder with the nodes of the series."""

METRICS = {
    "msgs_per_op": "messages per operation",
    "stable_median_ms": "median stable latency (ms)",
    "stable_max_ms": "maximum stable latency (ms)",
}
"""What a limit can be about, with the unit; messages are those between servers."""

Judgement = Literal["met", "missed", "unmeasured"]
"""How a figure stands to a limit. What was not measured is not met."""


def overall(judgements: Iterable[Judgement]) -> Judgement:
    """Several judgements in one: missed when any is, else unmeasured when any is, else met.

    >>> overall(["met", "unmeasured"])
    'unmeasured'
    """
    found = set(judgements)
    if "missed" in found:
        return "missed"
    return "unmeasured" if "unmeasured" in found else "met"


@dataclass(frozen=True)
class Limit:
    """A number that a challenge's page asks for: `metric` (a key of `METRICS`) below `below`."""

    metric: str
    below: float


@dataclass(frozen=True)
class Published:
    """A published result: messages per operation, and stable latencies in ms where known."""

    design: str
    source: str
    msgs_per_op: float
    stable_median_ms: float | None = None
    stable_max_ms: float | None = None


@dataclass(frozen=True)
class Version:
    """A node of the series: a module of `glomers.solutions`, and its design in a few words.

    `args` are the arguments that the design gives the node's program.
    """

    solution: str
    design: str
    args: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What to call it in a table: the module, and the arguments if there are any."""
        return " ".join((self.solution, *self.args))

    @property
    def path(self) -> Path:
        """The node's file."""
        return SOLUTIONS / f"{self.solution}.py"


@dataclass(frozen=True)
class Challenge:
    """One challenge: its name, official flags (all but `--bin`) and what results to compare with.

    `versions` are the nodes of the series in the order of its lessons, the best one last; `also`
    are further flags of runs that must be valid too, without numeric limits; `seed_msgs_per_op` is
    what the design that this series started from claims.
    """

    id: str
    name: str
    flags: str
    versions: tuple[Version, ...]
    notebook: str
    limits: tuple[Limit, ...] = ()
    also: str = ""
    seed_msgs_per_op: float | None = None
    published: tuple[Published, ...] = field(default=())

    @property
    def solution(self) -> str:
        """The module of `glomers.solutions` that the series holds to be the best."""
        return self.versions[-1].solution

    @property
    def path(self) -> Path:
        """The file of that node."""
        return self.versions[-1].path

    @property
    def args(self) -> tuple[str, ...]:
        """The arguments of that node."""
        return self.versions[-1].args

    @property
    def workload(self) -> str:
        """The name of Maelstrom's workload."""
        words = self.flags.split()
        return words[words.index("-w") + 1]

    def is_asked_by(self, words: Iterable[str]) -> bool:
        """Whether a command has the official flags, with their values."""
        text = f" {' '.join(words)} "
        return all(f" {part} " in text for part in re.split(r" (?=-)", self.flags))

    @property
    def best_published(self) -> Published | None:
        """The published result with the fewest messages that keeps within the limits, if any."""
        inside = [result for result in self.published if self.within_limits(result)]
        return min(inside, key=lambda result: result.msgs_per_op, default=None)

    def judge(self, figures: Any) -> dict[str, Judgement]:
        """How the figures of a run or of a published result stand to each limit, by its metric.

        `figures` is an object with the metrics as attributes; None stands for what is not known.

        >>> CHALLENGES["3d"].judge(Published("a tree", "a page", 24.0, stable_median_ms=410))
        {'msgs_per_op': 'met', 'stable_median_ms': 'missed', 'stable_max_ms': 'unmeasured'}
        """
        return {limit.metric: _judged(limit, figures) for limit in self.limits}

    def within_limits(self, figures: Any) -> bool:
        """Whether the figures meet every limit; see `judge`."""
        return overall(self.judge(figures).values()) == "met"


def _judged(limit: Limit, figures: Any) -> Judgement:
    value = getattr(figures, limit.metric)
    if value is None:
        return "unmeasured"
    return "met" if value < limit.below else "missed"


_MAELSTROM_DOCS = "Maelstrom's documentation, doc/03-broadcast/02-performance.md"

_BROADCAST_25 = (
    Published("flooding over a total topology", _MAELSTROM_DOCS, 290.6, 77, 97),
    Published("two-level tree, one RPC a value", "teivah/gossip-glomers", 23.38, 181, 207),
    Published("origin sends to all, repairs every 3 s", "dstdfx/dist-sys", 14.73, 78, 102),
    Published("tree of four, nothing acknowledged", _MAELSTROM_DOCS, 11.99, 386, 505),
    Published("star with batches", "maszlasz/Gossip-Glomers", 8.5, 250, 390),
    Published("hub every 500 ms, leaf every 100 ms", "a solution in Rust", 1.99, 339, 678),
    Published("star, 500 ms batches, acknowledged", "teivah/gossip-glomers", 1.92, 764, 1087),
    Published("tree of four, 500 ms batches", "a solution in Swift", 1.6, 1979, 2533),
)

_COUNTER = (
    Published("own counts, read by asking everybody", "a published solution", 3.35),
    Published("grow-only counter, state gossiped", "a published solution", 0.718),
)

_LOG = (
    Published("three buckets in lin-kv", "teivah/gossip-glomers", 12.03),
    Published("three buckets in lin-kv", "mdvsh", 12.2),
    Published("one entry a log, one owner a key", "teivah/gossip-glomers", 6.88),
    Published("locks for keys and a log in pages", "a solution in Python", 6.45),
    Published("compare-and-set of a cached whole log", "a published solution", 2.65),
    Published("owner by hash in memory, scatter and gather", "a published solution", 1.37),
)

_BROADCAST_25_FLAGS = "-w broadcast --node-count 25 --time-limit 20 --rate 100 --latency 100"
_LOG_FLAGS = "-w kafka --node-count 2 --concurrency 2n --time-limit 20 --rate 1000"
_TXN_2_FLAGS = (
    "-w txn-rw-register --node-count 2 --concurrency 2n --time-limit 20 --rate 1000 "
    "--consistency-models"
)

_ALL = (
    Challenge(
        "1",
        "Echo",
        "-w echo --node-count 1 --time-limit 10",
        versions=(Version("echo", "a handler"),),
        notebook="01-echo",
    ),
    Challenge(
        "2",
        "Unique ids",
        "-w unique-ids --time-limit 30 --rate 1000 --node-count 3 "
        "--availability total --nemesis partition",
        versions=(
            Version("unique_ids", "time, name and random bytes"),
            Version("unique_ids_ordered", "integers: time and a number for each life"),
        ),
        notebook="02-unique-ids",
    ),
    Challenge(
        "3a",
        "Broadcast, single node",
        "-w broadcast --node-count 1 --time-limit 20 --rate 10",
        versions=(Version("broadcast_single", "one node"),),
        notebook="03a-broadcast-single",
    ),
    Challenge(
        "3b",
        "Broadcast, many nodes",
        "-w broadcast --node-count 5 --time-limit 20 --rate 10",
        versions=(Version("broadcast_all", "origin tells all"),),
        notebook="03b-broadcast-multi",
    ),
    Challenge(
        "3c",
        "Broadcast, fault tolerant",
        "-w broadcast --node-count 5 --time-limit 20 --rate 10 --nemesis partition",
        versions=(Version("broadcast_retry", "origin tells all until acknowledged"),),
        notebook="03c-broadcast-faults",
    ),
    Challenge(
        "3d",
        "Broadcast, efficient I",
        _BROADCAST_25_FLAGS,
        versions=(
            Version("broadcast_tree", "two-level tree, one RPC a value"),
            Version("broadcast_rounds", "star, rounds clocked by the hub"),
        ),
        notebook="03d-broadcast-efficient",
        limits=(
            Limit("msgs_per_op", 30),
            Limit("stable_median_ms", 400),
            Limit("stable_max_ms", 600),
        ),
        also=f"{_BROADCAST_25_FLAGS} --nemesis partition",
        seed_msgs_per_op=23,
        published=_BROADCAST_25,
    ),
    Challenge(
        "3e",
        "Broadcast, efficient II",
        _BROADCAST_25_FLAGS,
        versions=(
            Version("broadcast_batched", "two-level tree, batches every 0.5 s"),
            Version("broadcast_rounds", "star, slow rounds clocked by the hub", ("1.8",)),
        ),
        notebook="03e-broadcast-batched",
        limits=(
            Limit("msgs_per_op", 20),
            Limit("stable_median_ms", 1000),
            Limit("stable_max_ms", 2000),
        ),
        also=f"{_BROADCAST_25_FLAGS} --nemesis partition",
        seed_msgs_per_op=1.92,
        published=_BROADCAST_25,
    ),
    Challenge(
        "4",
        "Grow-only counter",
        "-w g-counter --node-count 3 --rate 100 --time-limit 20 --nemesis partition",
        versions=(
            Version("counter_local", "own counts, read by asking everybody"),
            Version("counter_gossip", "grow-only counter, state gossiped"),
            Version("counter_delta", "grow-only counter, news to one peer a round"),
        ),
        notebook="04-counter",
        published=_COUNTER,
    ),
    Challenge(
        "5a",
        "Log, single node",
        "-w kafka --node-count 1 --concurrency 2n --time-limit 20 --rate 1000",
        versions=(Version("log_single", "one node"),),
        notebook="05a-log-single",
    ),
    Challenge(
        "5b",
        "Log, many nodes",
        _LOG_FLAGS,
        versions=(
            Version("log_buckets", "three buckets in lin-kv"),
            # Lesson 05c builds it; the command is the same, so what is best there is best here.
            Version("log_ordered", "total order by watermarks, in memory"),
        ),
        notebook="05b-log-multi",
        seed_msgs_per_op=12.03,
        published=_LOG,
    ),
    Challenge(
        "5c",
        "Log, efficient",
        _LOG_FLAGS,
        versions=(
            Version("log_buckets", "three buckets in lin-kv"),
            Version("log_owner", "one entry a log, owner by consistent hashing"),
            Version("log_ordered", "total order by watermarks, in memory"),
        ),
        notebook="05c-log-efficient",
        also=f"{_LOG_FLAGS} --nemesis partition",
        seed_msgs_per_op=6.88,
        published=_LOG,
    ),
    Challenge(
        "6a",
        "Transactions, single node",
        "-w txn-rw-register --node-count 1 --time-limit 20 --rate 1000 --concurrency 2n "
        "--consistency-models read-uncommitted --availability total",
        versions=(Version("txn_single", "one node"),),
        notebook="06a-txn-single",
    ),
    Challenge(
        "6b",
        "Transactions, read uncommitted",
        f"{_TXN_2_FLAGS} read-uncommitted --availability total --nemesis partition",
        versions=(
            Version("txn_uncommitted", "latest write wins, replicated one by one"),
            Version("txn_batched", "last write wins, batches every 0.1 s"),
        ),
        notebook="06b-txn-uncommitted",
        also=f"{_TXN_2_FLAGS} read-uncommitted",
    ),
    Challenge(
        "6c",
        "Transactions, read committed",
        f"{_TXN_2_FLAGS} read-committed --availability total --nemesis partition",
        versions=(
            Version("txn_committed", "versions, replicated one by one"),
            Version("txn_causal", "causal, batches every 0.1 s"),
        ),
        notebook="06c-txn-committed",
    ),
)

CHALLENGES: dict[str, Challenge] = {challenge.id: challenge for challenge in _ALL}
"""Every challenge of the series by its id, in the order of the series."""
