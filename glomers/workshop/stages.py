"""The stages of a challenge: what is promised one after the other, and the runs that show it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from pathlib import Path

from glomers.bench.flags import parse_options
from glomers.bench.options import Options
from glomers.bench.program import find_in_virtual_time
from glomers.challenges import Challenge
from glomers.errors import BadInput, BrokenTest, ExploreError, WorkshopError
from glomers.explore.plan import base_of
from glomers.explore.scenario import with_nodes
from glomers.explore.seed import Row
from glomers.reading.cause import BROKEN
from glomers.workshop.trials import (
    CROWDED_S,
    NOT_AS_PROMISED,
    RATES,
    Draw,
    Trials,
    alone,
    cut,
    drawn,
    seed_of,
    together,
    twin_of,
)

STARTS = "it starts"
WELL_FORMED = "replies are well formed"
ALONE = "one node is right"
TOGETHER = "all nodes agree"
PARTITIONS = "partitions"
FAULTS = "faults"
"""In the place of partitions, where a task has others."""
LIMITS = "numeric limits"

SEEDS = 100
"""How many trials the last stage before the limits has, unless somebody asks for another number."""
_HEAVY_SEEDS = {"kafka": 50, "txn-rw-register": 50}
"""The same where a trial takes longer."""
ALONE_TRIALS = 12
TOGETHER_TRIALS = 30
SLOW = "kafka-slow-readers"
"""Committed offsets go back when readers take their time, or hardly ever; and one log to which many
send shows who reads on before a message is written."""
ANY_TEXT = "echo-any-text"
SLOW_RATE = 100.0
SLOW_MS = 10
SLOW_NODES = 4
SLOW_NODES_MS = 50
"""The delay where several nodes write one log: messages of others are then long on their way."""
SLOW_TRIALS = 4
"""So many of either kind; half as many with faults, before which as many have run without."""
MORE_SLOW_TRIALS = 8
"""So many more where a node is alone and nothing follows: they take little time."""
LIVES = {2.0: 6, 0.05: 4}
"""How many trials in which nodes are killed or started, by the time from one to the next (s): in
the second kind a node begins again within the same second."""
MANY = 25
"""As many nodes as the official commands have at most."""
MANY_RATE = 5.0
MANY_S = 3
MANY_TRIALS = 6
CROWD = 10
LONG_TXN = 24
"""Operations at most of a transaction, of so few keys that two often write the same ones."""
LONG_TXN_KEYS = 4
LONG_TXN_NODES = 4
LONG_TXN_MS = 50
_FEW_RATE = 20.0
_FEW_S = 4
_LOG_RATE = 100.0
"""The same where logs are kept: so often that clients send all kinds of requests, and commit."""
_MANY_NODES = 10
_CUT_S = {"kafka": 3}
"""How long the command with faults lasts at its full rate, where that takes very many messages: for
its limits a node is run whole without them."""
_LEAST_ANSWERED = {"kafka": 0.9}
"""The share of requests that must be answered; some of a log's are never meant to succeed."""


@dataclass(frozen=True)
class Stage:
    """A stage: its name, what a node promises in it, and the runs that may show otherwise.

    `counts` are the anomalies that matter in it; None: all of them.
    """

    name: str
    promise: str
    trials: Trials
    counts: frozenset[str] | None = None

    def is_broken_by(self, row: Row) -> bool:
        """Whether a run breaks the promise."""
        found = frozenset(row["anomalies"])
        return bool(found if self.counts is None else found & self.counts)


def official_command(challenge: Challenge, program: Path, clock: str | None = None) -> Options:
    """The challenge's own command for a node, in virtual time, or in lockstep if `clock` says so.

    Raises:
        WorkshopError: when there is no such node, or it cannot run in virtual time.
    """
    try:
        options = parse_options(base_of(challenge.id, challenge.flags, program))
        options = replace(options, clock=clock)
        node = find_in_virtual_time(options.bin, options.clock)
    except (BadInput, BrokenTest, ExploreError) as error:
        raise WorkshopError(str(error)) from None
    return replace(options, bin=node.path.resolve())


def stages_of(
    challenge: Challenge,
    program: Path,
    seeds: int | None = None,
    secret: str = "",
    clock: str | None = None,
) -> list[Stage]:
    """The stages that a node has to go through, but for the numeric limits.

    Args:
        challenge: the task.
        program: the node's file.
        seeds: how many trials the last of these stages has; by default about as many as take
            five seconds.
        secret: decides the seeds, so that nobody can have tuned a node to them.
        clock: `lockstep` for nodes that are not trusted.

    Raises:
        WorkshopError: when the node cannot be run.
    """
    base = official_command(challenge, program, clock)
    seeds = seeds or _HEAVY_SEEDS.get(base.workload, SEEDS)
    plan = _Plan(challenge, base, seeds, f"{secret}/{challenge.id}")
    stages = [plan.starts(), plan.well_formed(), plan.alone()]
    if len(base.node_ids) > 1:
        stages.append(plan.together())
    if plan.cut_command:
        stages.append(plan.faults(plan.cut_command))
    return stages


@dataclass(frozen=True)
class _Plan:
    challenge: Challenge
    base: Options
    seeds: int
    purpose: str

    @property
    def cut_command(self) -> Options | None:
        """The official command with faults, if the challenge has one."""
        if self.base.nemesis:
            return self.base
        if "partition" in self.challenge.also:
            words = [*shlex.split(self.challenge.also), "--bin", str(self.base.bin)]
            return replace(parse_options(words), clock=self.base.clock)
        return None

    def starts(self) -> Stage:
        quiet = replace(self._calm(), rate=0.0, time_limit_s=1)
        promise = f"The node can be loaded, and answers {self._first_words()}."
        return Stage(STARTS, promise, self._trials([quiet]), frozenset({BROKEN}))

    def _first_words(self) -> str:
        return "`init` and `topology`" if self.base.workload == "broadcast" else "`init`"

    def well_formed(self) -> Stage:
        is_log = self.base.workload == "kafka"
        few = replace(
            with_nodes(self._calm(), 1),
            rate=_LOG_RATE if is_log else min(self.base.rate, _FEW_RATE),
            time_limit_s=_FEW_S,
            availability=_LEAST_ANSWERED.get(self.base.workload, 1.0),
        )
        if self.base.workload == "echo":  # a client that is not answered asks nothing for seconds
            few = replace(few, concurrency=CROWD)
        promise = "Every request gets a reply of the form that was promised."
        counts = frozenset({BROKEN, "stats", "availability", NOT_AS_PROMISED})
        trials = replace(self._trials([few]), all_answered=True)
        return Stage(WELL_FORMED, promise, trials, counts)

    def alone(self) -> Stage:
        is_last = len(self.base.node_ids) == 1
        count = self.seeds if is_last else ALONE_TRIALS
        first = with_nodes(self._calm(), 1)
        promise = "A node by itself answers what is right."
        return self._many(ALONE, promise, first, alone, count, is_last)

    def together(self) -> Stage:
        is_last = self.cut_command is None
        count = self.seeds if is_last else TOGETHER_TRIALS
        promise = "Nodes that hear each other answer what is right, and agree in the end."
        return self._many(TOGETHER, promise, self._calm(), together, count, is_last)

    def faults(self, command: Options) -> Stage:
        if command.nemesis == {"partition"}:
            promise = "That stays so while the network is cut, and after it has healed."
            return self._many(PARTITIONS, promise, command, cut, self.seeds, True)
        promise = f"That stays so with the faults {', '.join(sorted(command.nemesis))}."
        return self._many(FAULTS, promise, command, cut, self.seeds, True)

    def _many(
        self, name: str, promise: str, first: Options, draw: Draw, count: int, is_official: bool
    ) -> Stage:
        """A stage of trials: one that looks familiar, the official one, and others drawn.

        The official one takes long: the sooner it begins, the less the others wait for its end.
        Where its messages are limited it comes last, as there may be far too many.
        """
        purpose = f"{self.purpose}/{name}"
        familiar = replace(
            first,
            rate=min(first.rate, _FEW_RATE),
            time_limit_s=min(first.time_limit_s, 10),
            seed=seed_of(f"{purpose}/familiar"),
        )
        if len(first.node_ids) > _MANY_NODES:
            familiar = with_nodes(familiar, 5)
        official = replace(_excerpt(first), seed=seed_of(f"{purpose}/official"))
        others = drawn(first if draw is cut else self.base, draw, count - 1, purpose)
        first_ones = [familiar, *[official] * (is_official and not self.challenge.limits)]
        last_ones = [official] * (is_official and bool(self.challenge.limits))
        special = [
            *_slow_readers(familiar, purpose, is_official),
            *_lives(familiar, purpose),
            *_any_texts(familiar, purpose),
            *_many_values(familiar, purpose),
            *_many_nodes(familiar, purpose),
            *_long_transactions(familiar, purpose),
        ]
        seed = seed_of(f"{purpose}/twin")
        twin = replace(twin_of(familiar), seed=seed) if _has_twin(familiar) else None
        trials = [*first_ones, *special, *([twin] if twin else []), *others, *last_ones]
        return Stage(name, promise, self._trials(trials, twin))

    def _calm(self) -> Options:
        return replace(self.base, nemesis=frozenset())

    def _trials(self, commands: list[Options], twin: Options | None = None) -> Trials:
        # Who has others must not wait for them; who is alone has nothing to wait for.
        is_alone = len(self.base.node_ids) == 1
        return Trials(self.base, commands=tuple(commands), shows_at_once=is_alone, twin=twin)


def _excerpt(official: Options) -> Options:
    """The official command; with faults only a part of it, where that takes very long."""
    longest_s = _CUT_S.get(official.workload) if official.nemesis else None
    if longest_s is None:
        return official
    return replace(official, time_limit_s=longest_s, nemesis_interval_s=1)


def _has_twin(familiar: Options) -> bool:
    """Whether ids are tried by making the same requests at other nodes."""
    is_calm = not familiar.nemesis and len(familiar.node_ids) > 1
    return is_calm and familiar.workload == "unique-ids"


def _lives(familiar: Options, purpose: str) -> list[Options]:
    """Trials in which nodes are killed and started again, where ids must not come twice.

    Meanwhile some requests are not answered, which is not the node's fault.
    """
    if familiar.workload != "unique-ids" or familiar.nemesis != {"partition"}:
        return []
    killed = replace(familiar, nemesis=frozenset({"kill"}), availability=None)
    return [
        replace(killed, nemesis_interval_s=each, seed=seed_of(f"{purpose}/life/{each}/{number}"))
        for each, count in LIVES.items()
        for number in range(count)
    ]


def _any_texts(familiar: Options, purpose: str) -> list[Options]:
    """A trial with texts of all lengths, where texts are sent back."""
    if familiar.workload != "echo":
        return []
    return [replace(familiar, workload=ANY_TEXT, seed=seed_of(f"{purpose}/any text"))]


def _many_values(familiar: Options, purpose: str) -> list[Options]:
    """A trial with more values than the official command has, where values are broadcast."""
    if familiar.workload != "broadcast" or familiar.nemesis:
        return []
    seed = seed_of(f"{purpose}/many values")
    return [replace(familiar, rate=RATES[-1], time_limit_s=CROWDED_S, seed=seed)]


def _many_nodes(familiar: Options, purpose: str) -> list[Options]:
    """Short trials of many nodes with cuts, where values are broadcast: luck tells not so many.

    Who tells one peer by chance every 1.5 s passes a third of these, and nearly all with 5 nodes.
    """
    if familiar.workload != "broadcast" or not familiar.nemesis:
        return []
    many = with_nodes(familiar, MANY)
    many = replace(many, rate=MANY_RATE, time_limit_s=MANY_S, nemesis_interval_s=1)
    return [replace(many, seed=seed_of(f"{purpose}/many/{n}")) for n in range(MANY_TRIALS)]


def _long_transactions(familiar: Options, purpose: str) -> list[Options]:
    """A trial in which transactions write the same keys at the same time, if there are any.

    Who mixes the writes of two that are equally old was found out in each of twelve such runs, and
    in one of a hundred others: in those few transactions write two keys, and the checker knows the
    order of writes only where a transaction has read before it wrote.
    """
    if familiar.workload != "txn-rw-register" or len(familiar.node_ids) == 1:
        return []
    several = replace(
        with_nodes(familiar, LONG_TXN_NODES),
        rate=50.0,
        time_limit_s=8,
        concurrency=CROWD * LONG_TXN_NODES,
        key_count=LONG_TXN_KEYS,
        max_txn_length=LONG_TXN,
        latency_ms=LONG_TXN_MS,
        latency_dist="exponential",
    )
    return [replace(several, seed=seed_of(f"{purpose}/long transactions"))]


def _one_log(many: Options) -> Options:
    """The same with a single log, to which all send at once, and which all read."""
    late = replace(many, latency_dist="exponential", rate=2 * SLOW_RATE, key_count=1)
    if len(many.node_ids) == 1:
        return replace(late, latency_ms=SLOW_MS)
    late = with_nodes(late, SLOW_NODES)
    return replace(
        late, latency_ms=SLOW_NODES_MS, concurrency=2 * CROWD * SLOW_NODES, time_limit_s=2
    )


def _slow_readers(familiar: Options, purpose: str, is_last: bool) -> list[Options]:
    """Trials with many readers, of many logs or of one, who take their time; if there are logs."""
    if familiar.workload != "kafka":
        return []
    crowd = CROWD * len(familiar.node_ids)
    many = replace(familiar, workload=SLOW, rate=SLOW_RATE, concurrency=crowd)
    one = _one_log(many)
    each = SLOW_TRIALS // 2 if familiar.nemesis else SLOW_TRIALS
    more = MORE_SLOW_TRIALS if is_last and len(familiar.node_ids) == 1 else 0
    kinds = [many] * (each + more) + [one] * each
    return [
        replace(kind, seed=seed_of(f"{purpose}/slow/{number}")) for number, kind in enumerate(kinds)
    ]
