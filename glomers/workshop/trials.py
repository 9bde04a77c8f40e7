"""Runs that a node must survive: the official command, and others that differ in all but the task.

A node that was made for one seed, for the names n0 to n4, or for five nodes passes the official
command.  So seeds, names, numbers of nodes, delays and clients are drawn anew for each trial.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from glomers.bench.cluster import NOT_SET_UP
from glomers.bench.once import Outcome, run_once
from glomers.bench.options import LATENCY_DISTRIBUTIONS, TOPOLOGIES, Options
from glomers.bench.script import Script
from glomers.explore.judge import UNTOUCHED
from glomers.explore.scenario import INTERVALS_S, LATENCIES_MS, Space, with_nodes
from glomers.explore.tally import Tally
from glomers.protocol import loads
from glomers.reading.wording import said
from glomers.workshop.watch import GivenIds, Watch

RATES = (10.0, 40.0, 200.0)
"""Requests a second: few, so that each can be followed, and many, so that they get mixed up."""
CROWDED_S = 4
"""How long a trial lasts at most with more than the second of these rates, in seconds."""
USUAL_S = 15
_LOGS_S = 8
_CROWDED_LOGS_S = 2
"""The same two where logs are kept: an operation may take twenty messages."""
LONG_S = 60
LONG_INTERVAL_S = 30.0
"""Some partitions outlast those of the official command: whoever gives up is to be found out."""
LONG_RATE = 5.0
"""Requests a second meanwhile: whatever is repeated is repeated for long."""
CLIENTS_PER_NODE = (1, 2, 4, 10)
_QUICK_MS = 10
"""A poll asks for many keys: who does so one after the other is slow and not wrong."""
MORE_NODES = 2
"""By how many nodes a trial may exceed the official number."""
MOST_NODES = 9

NOT_AS_PROMISED = "a request that is not answered as is promised"
"""What no checker minds as long as most are."""

_WORDS = (
    *("almond", "apple", "basil", "date", "fennel", "fig", "ginger", "guava", "hazel", "kiwi"),
    *("lemon", "lime", "mango", "mint", "olive", "peach", "pear", "plum", "quince", "thyme"),
)
"""None begins with c, as clients do."""


@dataclass(frozen=True)
class Trials(Space):
    """Commands that an exploration runs one after the other: its seeds are their positions.

    `shows_at_once` says whether a node has to show at once what it has acknowledged, and
    `all_answered` whether it has to answer each request as is promised.  In the run of the command
    `twin` no two nodes may give the same id to the same request at the same moment.
    """

    commands: tuple[Options, ...] = ()
    shows_at_once: bool = False
    all_answered: bool = False
    twin: Options | None = None

    def scenario(self, seed: int) -> Options:
        """The command at this position."""
        return self.commands[seed]

    def tally(self, options: Options) -> Tally:
        """What also looks at what no checker looks at."""
        lucky = _luck(options) if options == self.twin else None
        return Watch(options, shows_at_once=self.shows_at_once, lucky=lucky)

    def anomalies(self, options: Options, outcome: Outcome) -> list[str]:
        """What is wrong with a trial; a client that crashes on purpose is not.

        Nor is a start of more nodes than the task has: who gossips from its own `init` on, when not
        all others are there, is heard of five nodes, and seldom of twenty-five.
        """
        is_too_large = len(options.node_ids) > len(self.base.node_ids)
        if is_too_large and NOT_SET_UP in str(outcome.broken or ""):
            return []
        found = super().anomalies(options, outcome)
        ended = [op for op in outcome.history if op.type in ("fail", "info") and op.f != "crash"]
        return [*found, NOT_AS_PROMISED] if self.all_answered and ended else found

    def vacuity(self, options: Options, outcome: Outcome, tally: Tally) -> list[str]:
        """Why a trial that passes shows little.

        Whoever gives ids without a word to others has no message that a fault could touch, and its
        ids may come twice all the same.
        """
        reasons = super().vacuity(options, outcome, tally)
        is_at_stake = options.workload == "unique-ids" and not tally.types
        return [reason for reason in reasons if not (is_at_stake and reason == UNTOUCHED)]


Draw = Callable[[Options, random.Random], Options]
"""Makes a trial of the official command, with dice."""


def drawn(base: Options, draw: Draw, count: int, purpose: str) -> Iterator[Options]:
    """So many trials; `purpose` decides the dice, so that nobody guesses the seeds of others."""
    for number in range(count):
        rng = random.Random(f"{purpose}/{number}")
        yield replace(draw(base, rng), seed=seed_of(f"{purpose}/{number}"))


def twin_of(options: Options) -> Options:
    """A crowded run without faults, with two clients at each node."""
    count = 2 * len(options.node_ids)
    return replace(options, rate=RATES[-1], time_limit_s=CROWDED_S, concurrency=count)


def _luck(twin: Options) -> str | None:
    """What shows that nodes give ids that are unique by luck only, as a sentence, if anything does.

    The same requests are made again at the same moments, each at the next node; again, but for
    every fifth; and of nodes that all start in the same nanosecond.
    """
    script = run_once(twin, Tally(), is_recorded=True).script
    assert script is not None
    turned = [op._replace(thread=(op.thread + 1) % twin.concurrency) for op in script.ops]
    fewer = [op for number, op in enumerate(script.ops) if number % 5]
    scripts = [replace(script, ops=tuple(ops), fates={}) for ops in (script.ops, turned, fewer)]
    here, there, again = (_given(twin, each) for each in scripts)
    for id, node in there.ids.items():
        if (other := here.ids.get(id, node)) != node:
            return (
                f"{other} gave the id {said(loads(id))}, and {node} gives it as well when the same "
                "request comes to it at the same moment: nothing in the id says which node it "
                "comes from"
            )
    if twice := _given(twin, replace(scripts[0], starts_at_once=True)).twice:
        id, first, second = twice
        return (
            f"{first} gave the id {said(loads(id))}, and {second} gave it too, when both were "
            "started in the same nanosecond: nothing in the id says which node it comes from"
        )
    common = here.requests.keys() & again.requests.keys()
    if common and all(here.requests[each] == again.requests[each] for each in common):
        return (
            "The ids are made of the requests alone, and stay the same whatever else a node has "
            f"been asked (all of {len(common):,}): nobody keeps clients from having the same name"
        )
    return None


def _given(twin: Options, script: Script) -> GivenIds:
    """The ids that are given when these requests are made."""
    given = GivenIds()
    run_once(twin, given, script=script)
    return given


def seed_of(text: str) -> int:
    """A seed that a text stands for."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1


def alone(base: Options, rng: random.Random) -> Options:
    """One node, without faults."""
    options = _crowded(with_nodes(replace(base, nemesis=frozenset()), 1), rng)
    return _renamed(options, rng)


def together(base: Options, rng: random.Random) -> Options:
    """Several nodes, without faults."""
    most = min(len(base.node_ids) + MORE_NODES, MOST_NODES)
    options = with_nodes(replace(base, nemesis=frozenset()), rng.randint(2, most))
    options = replace(
        _crowded(options, rng),
        latency_ms=rng.choice(_latencies_ms(base)),
        latency_dist=rng.choice(LATENCY_DISTRIBUTIONS),
        topology=rng.choice(TOPOLOGIES),
    )
    return _renamed(options, rng)


def _latencies_ms(base: Options) -> list[int]:
    """The delays to choose from."""
    most = _QUICK_MS if base.workload == "kafka" else max(LATENCIES_MS)
    return [ms for ms in LATENCIES_MS if ms <= most]


def _usual_s(base: Options) -> int:
    """How long a trial lasts that is not crowded, in seconds."""
    return _LOGS_S if base.workload == "kafka" else USUAL_S


def _crowded_s(base: Options) -> int:
    """The same of one that is crowded."""
    return _CROWDED_LOGS_S if base.workload == "kafka" else CROWDED_S


def cut(base: Options, rng: random.Random) -> Options:
    """Several nodes, and the faults of the official command."""
    options = together(base, rng)
    interval_s = rng.choice((*INTERVALS_S, LONG_INTERVAL_S))
    is_long = interval_s == LONG_INTERVAL_S
    return replace(
        options,
        rate=min(options.rate, LONG_RATE if is_long else RATES[1]),
        time_limit_s=LONG_S if is_long else min(base.time_limit_s, _usual_s(base)),
        nemesis=base.nemesis,
        nemesis_interval_s=interval_s,
    )


def _crowded(options: Options, rng: random.Random) -> Options:
    rate = min(rng.choice(RATES), options.rate) if options.rate else options.rate
    longest_s = _crowded_s(options) if rate > RATES[1] else _usual_s(options)
    return replace(
        options,
        rate=rate,
        time_limit_s=min(options.time_limit_s, longest_s),
        concurrency=rng.choice(CLIENTS_PER_NODE) * len(options.node_ids),
    )


def _renamed(options: Options, rng: random.Random) -> Options:
    """The nodes with other names, or in half of the trials with those that they always have."""
    count = len(options.node_ids)
    words, numbers = rng.sample(_WORDS, count), rng.sample(range(100), count)
    names = rng.choice((options.node_ids, options.node_ids, words, [f"n{i}" for i in numbers]))
    return replace(options, node_ids=tuple(names))
