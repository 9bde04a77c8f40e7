"""The end of a run: the last read of each node, where nothing else came after it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from glomers.formats.history import Op

Pair = tuple[Op, Op | None]


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
