"""One seed at a time: run it, judge it, and say in a row what came of it."""

from __future__ import annotations

import shlex
from typing import Any

from glomers.bench.flags import words_of
from glomers.bench.once import run_once
from glomers.bench.options import Options
from glomers.explore.judge import is_unknown
from glomers.explore.scenario import Space
from glomers.reading.cause import BROKEN

Row = dict[str, Any]
"""What is known about a seed, as plain data:

`seed`, `outcome` (`pass`, `fail` or `unknown`), `anomalies`, `broken` (the sentence, if a node
broke the test), `vacuous` (reasons why a pass shows little), `nodes`, `latency_ms`, `latency_dist`,
`clients`, `faults`, `operations`, `types` (messages between nodes by type), `effects` (how often
each fault did something), `pairs` (messages by `type × fault`), `messages` (how many there were),
`told` (a sentence for each anomaly that only the tally knows), `command`.
"""


def run_seed(space: Space, seed: int) -> Row:
    """Run the scenario of a seed and judge it."""
    options = space.scenario(seed)
    tally = space.tally(options)
    outcome = run_once(options, tally)
    found = [*space.anomalies(options, outcome), *tally.wrong]
    return _described(options) | {
        "outcome": "fail" if found else "unknown" if is_unknown(outcome) else "pass",
        "anomalies": found,
        "broken": str(outcome.broken) if outcome.broken else None,
        "vacuous": [] if found else space.vacuity(options, outcome, tally),
        "told": list(tally.wrong.values()),
        "messages": tally.messages,
        "operations": sum(op.type == "invoke" for op in outcome.history),
        "types": dict(sorted(tally.types.items())),
        "effects": {fault: n for fault, n in sorted(tally.effects.items()) if n},
        "pairs": {f"{kind} × {fault}": n for (kind, fault), n in sorted(tally.pairs.items())},
    }


def broken_row(space: Space, seed: int, why: str) -> Row:
    """The row of a seed whose process ended with it."""
    found = {"outcome": "fail", "anomalies": [BROKEN], "broken": why, "vacuous": []}
    nothing: Row = {
        "told": [],
        "messages": 0,
        "operations": 0,
        "types": {},
        "effects": {},
        "pairs": {},
    }
    return _described(space.scenario(seed)) | found | nothing


def _described(options: Options) -> Row:
    """What is known before the run."""
    return {
        "seed": options.seed,
        "nodes": len(options.node_ids),
        "latency_ms": options.latency_ms,
        "latency_dist": options.latency_dist,
        "clients": options.concurrency,
        "faults": sorted(options.nemesis),
        "command": "test " + shlex.join(words_of(options)),
    }
