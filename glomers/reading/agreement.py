"""Whether replicas agree in the end: what the last reads of all nodes show, beside one another.

The order in which nodes are read at the end is chance, and decides whether Maelstrom calls a value
lost that some node lacks.  This does not depend on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from glomers.formats.edn import equality_key
from glomers.formats.history import Op, pairs

SETS = ("broadcast", "g-set")
COUNTERS = ("g-counter", "pn-counter")
_PLAIN = frozenset({int, str})
"""The types of values that are their own keys."""

Pair = tuple[Op, Op | None]


def agree(workload: str, history: Sequence[Op], nodes: Sequence[str]) -> bool:
    """Whether the final reads of a run lack nothing, as far as that can be told."""
    if workload not in (*SETS, *COUNTERS):
        return True
    operations = pairs(history)
    finals = final_reads(operations, nodes).values()
    if workload in COUNTERS:
        return len({ended.value for _, ended in finals}) < 2
    added = acknowledged(operations)
    return all(added <= shown_by(ended) for _, ended in finals)


def final_reads(operations: Iterable[Pair], nodes: Sequence[str]) -> dict[str, tuple[Op, Op]]:
    """The last read of each node, where it began after everything else was over."""
    last: dict[str, tuple[Op, Op]] = {}
    end = -1
    for began, ended in operations:
        if ended is None or ended.type != "ok":
            continue
        if began.f != "read":
            end = max(end, ended.index)
        elif nodes and isinstance(began.process, int):
            last[nodes[began.process % len(nodes)]] = began, ended
    return {node: pair for node, pair in last.items() if pair[0].index > end}


def acknowledged(operations: Iterable[Pair]) -> set[Any]:
    """The keys of the elements that were acknowledged."""
    return {
        equality_key(began.value)
        for began, ended in operations
        if began.f != "read" and ended is not None and ended.type == "ok"
    }


def shown_by(read: Op) -> frozenset[Any]:
    """The keys of the elements that a read of a set shows."""
    value = read.value
    if not isinstance(value, list):
        return frozenset()
    return frozenset(value if _PLAIN.issuperset(map(type, value)) else map(equality_key, value))
