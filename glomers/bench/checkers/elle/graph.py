"""Dependency graphs over numbered transactions, and their strongly connected components.

An edge carries a set of relations, as bits.  Two kinds of dependencies are not kept edge by edge,
as they are as many as the square of the transactions: *bundles*, from each of many transactions to
each of many others, and those from *time* (see `order`).  The search for components goes through
a helper vertex for each bundle, so that time and memory are linear; the edges between the members
of a component are spelled out afterwards (`subgraph`).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import TypeVar

from glomers.bench.checkers.elle.order import RealTime

WW, WR, RW, PROCESS, REALTIME = 1, 2, 4, 8, 16

Vertex = TypeVar("Vertex", bound=Hashable)

Edges = dict[int, dict[int, int]]
"""Of each vertex, its successors and the relations that lead to them."""

_SMALL_BUNDLE = 16


class Graph:
    """Dependencies between the transactions 0 to `size` - 1."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.is_empty = True
        # Of each vertex, successors and relations in turn; lists are smaller than maps.
        self._out: list[list[int] | None] = [None] * size
        self._bundles: list[tuple[Sequence[int], Sequence[int], int]] = []
        self._bundles_from: dict[int, list[int]] = {}
        self._time: RealTime | None = None

    def link(self, source: int, target: int, relation: int) -> None:
        """Add an edge, or a relation to an edge."""
        self.is_empty = False
        edges = self._out[source]
        if edges is None:
            self._out[source] = [target, relation]
        else:
            edges += target, relation

    def link_others(self, sources: Sequence[int], targets: Sequence[int], relation: int) -> None:
        """Add an edge from each source to each target but itself."""
        if not sources or not targets:
            return
        self.is_empty = False
        if len(sources) * len(targets) <= _SMALL_BUNDLE + len(sources) + len(targets):
            for source in sources:
                for target in targets:
                    if source != target:
                        self.link(source, target, relation)
            return
        number = len(self._bundles)
        self._bundles.append((sources, targets, relation))
        for source in sources:
            self._bundles_from.setdefault(source, []).append(number)

    def add_real_time(self, time: RealTime) -> None:
        """Add the dependencies of real time."""
        self._time = time
        self.is_empty = self.is_empty and time.is_empty

    def components(self) -> list[list[int]]:
        """The strongly connected components of two or more transactions, each in order."""
        size = self.size
        found = []
        for component in strong_components(range(size), self._successors):
            members = sorted(vertex for vertex in component if vertex < size)
            if len(members) > 1:
                found.append(members)
        found.sort()
        return found

    def _successors(self, vertex: int) -> Iterable[int]:
        """What an edge leads to; after the transactions come bundles, then moments of time."""
        size = self.size
        if vertex >= size:
            return self._helper_successors(vertex)
        edges = self._out[vertex]
        successors = edges[::2] if edges else []
        if vertex in self._bundles_from:
            successors += [size + number for number in self._bundles_from[vertex]]
        moment = self._time.moment_of(vertex) if self._time else None
        if moment is not None:
            successors.append(size + len(self._bundles) + moment)
        return successors

    def _helper_successors(self, helper: int) -> Iterable[int]:
        first_moment = self.size + len(self._bundles)
        if helper < first_moment:
            return self._bundles[helper - self.size][1]
        assert self._time is not None
        moment = helper - first_moment
        invoked = self._time.invoked_after(moment)
        return [*invoked, helper + 1] if moment + 1 < self._time.moments else invoked

    def subgraphs(self, components: Sequence[Sequence[int]]) -> list[Edges]:
        """The edges within each of `components`, which share no vertex, spelled out."""
        component_of = {vertex: n for n, members in enumerate(components) for vertex in members}
        subgraphs: list[Edges] = [{v: {} for v in members} for members in components]

        def add(source: int, target: int, relation: int) -> None:
            edges = subgraphs[component_of[source]][source]
            edges[target] = edges.get(target, 0) | relation

        for source, number in component_of.items():
            edges = self._out[source] or []
            for target, relation in zip(edges[::2], edges[1::2], strict=True):
                if component_of.get(target) == number:
                    add(source, target, relation)
        for sources, targets, relation in self._bundles:
            by_component: dict[int, list[int]] = {}
            for target in targets:
                if target in component_of:
                    by_component.setdefault(component_of[target], []).append(target)
            for source in sources if by_component else ():
                for target in by_component.get(component_of.get(source, -1), ()):
                    if source != target:
                        add(source, target, relation)
        if self._time is not None:
            for source, target in self._time.edges_within(component_of):
                add(source, target, REALTIME)
        return subgraphs


def strong_components(
    vertices: Iterable[Vertex], successors: Callable[[Vertex], Iterable[Vertex]]
) -> Iterator[list[Vertex]]:
    """Tarjan's strongly connected components, without recursion, single vertices included.

    `vertices` are those to start from; the components of all that they lead to are found.
    """
    low: dict[Vertex, int] = {}
    done = -1  # the mark of vertices whose component is complete
    stack: list[Vertex] = []
    count = 0
    for root in vertices:
        if root in low:
            continue
        low[root] = number = count
        count += 1
        stack.append(root)
        work = [(root, number, iter(successors(root)))]
        while work:
            vertex, number, rest = work[-1]
            lowest = low[vertex]
            for target in rest:
                mark = low.get(target)
                if mark is None:
                    low[vertex] = lowest
                    low[target] = count
                    stack.append(target)
                    work.append((target, count, iter(successors(target))))
                    count += 1
                    break
                if mark != done and mark < lowest:
                    lowest = mark
            else:
                work.pop()
                if lowest == number:
                    component = []
                    while low[vertex] != done:
                        member = stack.pop()
                        low[member] = done
                        component.append(member)
                    yield component
                else:
                    low[vertex] = lowest
                    parent = work[-1][0]
                    if lowest < low[parent]:
                        low[parent] = lowest
