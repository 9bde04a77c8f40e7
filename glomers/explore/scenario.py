"""What varies from seed to seed, and within which bounds."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from glomers.bench.flags import parse_options, words_of
from glomers.bench.once import Outcome
from glomers.bench.options import LATENCY_DISTRIBUTIONS, Options
from glomers.bench.workloads import workload_class
from glomers.explore.judge import anomalies, vacuity
from glomers.explore.tally import Tally

LATENCIES_MS = (0, 2, 10, 50, 100)
INTERVALS_S = (1.0, 2.0, 5.0, 10.0)
CLIENTS_PER_NODE = (1, 2, 4)

VARIABLES = {
    "nodes": "2 up to the command's, or 3 where it has 2; 1 stays 1",
    "latency": f"a mean of {', '.join(map(str, LATENCIES_MS))} ms, of any distribution",
    "interval": f"a fault every {', '.join(f'{s:g}' for s in INTERVALS_S)} s in the mean",
    "clients": f"{', '.join(map(str, CLIENTS_PER_NODE))} clients a node (lin-kv: as it stands)",
    "faults": "any of the faults asked for, but at least one",
}
"""What may vary, with its bounds in words."""


@dataclass(frozen=True)
class Space:
    """The scenarios of an exploration: a command, and what of it varies from seed to seed."""

    base: Options
    vary: frozenset[str] = frozenset()

    def as_json(self) -> dict[str, Any]:
        """The same as plain data."""
        return {"words": words_of(self.base), "vary": sorted(self.vary)}

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> Space:
        """The scenarios that `as_json` gave these fields of."""
        return cls(parse_options(fields["words"]), frozenset(fields["vary"]))

    def scenario(self, seed: int) -> Options:
        """The command of a seed; all that varies is drawn from the seed."""
        rng = random.Random(f"{seed}/scenario")
        # Everything is drawn in any case, so that what varies is the same whatever else does.
        count = _draw_count(len(self.base.node_ids), rng)
        latency_ms, latency_dist = rng.choice(LATENCIES_MS), rng.choice(LATENCY_DISTRIBUTIONS)
        interval_s = rng.choice(INTERVALS_S)
        clients = rng.choice(CLIENTS_PER_NODE)
        faults = _draw_faults(sorted(self.base.nemesis), rng)
        options = replace(self.base, seed=seed)
        if "nodes" in self.vary:
            options = with_nodes(options, count)
        if "latency" in self.vary:
            options = replace(options, latency_ms=latency_ms, latency_dist=latency_dist)
        if "interval" in self.vary:
            options = replace(options, nemesis_interval_s=interval_s)
        if "clients" in self.vary and not workload_class(options.workload).has_groups:
            options = replace(options, concurrency=clients * len(options.node_ids))
        if "faults" in self.vary:
            options = replace(options, nemesis=frozenset(faults))
        return options

    def tally(self, options: Options) -> Tally:
        """What counts, and looks at, the messages of a run with these options."""
        return Tally()

    def anomalies(self, options: Options, outcome: Outcome) -> list[str]:
        """The names of all that is wrong with a run with these options."""
        return anomalies(options, outcome)

    def vacuity(self, options: Options, outcome: Outcome, tally: Tally) -> list[str]:
        """Why a run with these options that passes shows little."""
        return vacuity(options, outcome, tally)


def _draw_count(most: int, rng: random.Random) -> int:
    return 1 if most == 1 else rng.randint(2, max(3, most))


def _draw_faults(faults: list[str], rng: random.Random) -> list[str]:
    """Swarm testing (Groce et al. 2012): runs with fewer kinds of faults find more bugs."""
    return rng.sample(faults, rng.randint(1, len(faults))) if faults else []


def with_nodes(options: Options, count: int) -> Options:
    """The options for `count` nodes, with as many clients a node as before, rounded up."""
    each = -(-options.concurrency // len(options.node_ids))
    nodes = tuple(f"n{i}" for i in range(count))
    return replace(options, node_ids=nodes, concurrency=each * count)
