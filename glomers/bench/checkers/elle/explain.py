"""Found cycles as data: the transactions, the edges, and the reason of each edge in words."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Protocol

from glomers.bench.checkers.elle.cycles import Cycle
from glomers.bench.checkers.elle.graph import PROCESS, REALTIME, RW, WR, WW, Edges
from glomers.bench.checkers.elle.txn import Anomaly, Txn
from glomers.formats.edn import Keyword, keywordize, kw
from glomers.formats.history import op_record

NS_PER_S = 1_000_000_000

Reason = dict[Keyword, Any]
"""Why one transaction comes before another: `:type`, what it is about, and `:words`."""


class DataReasons(Protocol):
    """What a workload says about the edges that come from data."""

    @property
    def relations(self) -> Sequence[int]:
        """The relations from data, the one first that names an edge with several of them."""

    def reason(self, relation: int, before: int, after: int, names: tuple[str, str]) -> Reason:
        """Why `before` comes before `after`, two transactions called `names`."""


def main_relation(relations: int, data_first: Sequence[int]) -> int:
    """The relation that an edge is shown and counted as."""
    return next((r for r in (*data_first, REALTIME, PROCESS) if relations & r), 0)


def explain(
    kind: str, cycle: Cycle, edges: Edges, txns: Sequence[Txn], reasons: DataReasons
) -> Anomaly:
    """`cycle` as it stands in results.

    `:cycle` has the operations, the first one again at the end; `:steps` the reason of each edge;
    `:words` a line for each of both, calling the transactions T1, T2, ...
    """
    names = [f"T{number}" for number in range(1, len(cycle))]
    names.append(names[0])
    steps = []
    words = [
        f"{name} = index {txns[number].done.index}"
        for name, number in zip(names[:-1], cycle, strict=False)
    ]
    for (before, after), pair in zip(pairwise(cycle), pairwise(names), strict=True):
        relation = main_relation(edges[before][after], reasons.relations)
        if relation in (WW, WR, RW):
            step = reasons.reason(relation, before, after, pair)
        else:
            step = _time_reason(relation, txns[before], txns[after], pair)
        steps.append(step)
        words.append(f"{pair[0]} < {pair[1]}, because {step[kw('words')]}")
    return keywordize(
        {
            "type": kw(kind),
            "cycle": [op_record(txns[number].done) for number in cycle],
            "steps": tuple(steps),
            "words": words,
        }
    )


def _time_reason(relation: int, before: Txn, after: Txn, names: tuple[str, str]) -> Reason:
    earlier, later = names
    if relation == PROCESS:
        process = before.done.process
        return keywordize(
            {
                "type": kw("process"),
                "process": process,
                "words": f"process {process} executed {earlier} before {later}",
            }
        )
    gap_s = (after.invoked.time_ns - before.done.time_ns) / NS_PER_S
    return keywordize(
        {
            "type": kw("realtime"),
            "a'": op_record(before.done),
            "b": op_record(after.invoked),
            "words": f"{earlier} was over (index {before.done.index}) "
            f"{max(0.0, gap_s):.3f} s before {later} was invoked (index {after.invoked.index})",
        }
    )
