"""The neighbours that broadcast suggests to nodes, by the names of Maelstrom's flag."""

from __future__ import annotations

import math
from collections.abc import Sequence

Neighbours = dict[str, list[str]]


def topology(name: str, nodes: Sequence[str]) -> Neighbours:
    """The neighbours of each node in the topology `name` (line, grid, tree…, total)."""
    if name == "line":
        return _line(nodes)
    if name == "grid":
        return _grid(nodes)
    if name == "total":
        return {node: [other for other in nodes if other != node] for node in nodes}
    return _tree(nodes, branching=int(name.removeprefix("tree") or 2))


def _line(nodes: Sequence[str]) -> Neighbours:
    return {
        node: [*nodes[max(i - 1, 0) : i], *nodes[i + 1 : i + 2]] for i, node in enumerate(nodes)
    }


def _grid(nodes: Sequence[str]) -> Neighbours:
    """Rows as long as the square root of the number of nodes; the last may be shorter."""
    side = math.ceil(math.sqrt(len(nodes)))
    at = {divmod(i, side): node for i, node in enumerate(nodes)}
    steps = ((1, 0), (-1, 0), (0, 1), (0, -1))
    return {
        node: [at[i + di, j + dj] for di, dj in steps if (i + di, j + dj) in at]
        for (i, j), node in at.items()
    }


def _tree(nodes: Sequence[str], branching: int) -> Neighbours:
    """The first node is the root; each has up to `branching` children, filled tier by tier."""
    neighbours: Neighbours = {node: [] for node in nodes}
    for i, node in enumerate(nodes):
        if i > 0:
            parent = nodes[(i - 1) // branching]
            neighbours[node].append(parent)
            neighbours[parent].append(node)
    return neighbours
