"""The kinds of cycles, and the search for one of each kind in a component.

| kind | a cycle of |
|---|---|
| G0 | write-write edges |
| G1c | write-write and write-read edges |
| G-single-item | those, and one read-write edge |
| G-nonadjacent-item | those, and two or more read-write edges that do not follow one another |
| G2-item | those, and two or more read-write edges |

With `-process` or `-realtime`, edges from the order of sessions or of time take part as well.

Kinds are looked for from the severest down; one that a found kind implies is left out.  Before
that, components of the graphs that each consistency model wants acyclic (`cycle_exists`) tell
which kinds need not be looked for, and prove the verdict should the search miss the cycle.

A cycle of a kind is a closed path without repetition, of edges that an automaton accepts (`kinds`).
Finding one is NP-hard in general, so the search goes breadth first over all paths, and is cut off
when these become too many (`Budget`).  Then a second search keeps only one path for each vertex
and state of the automaton; it may miss a kind, and shows every kind that it finds.

Vertices are visited in the order of Elle's hash tries: of several cycles the same one is shown,
and the kind that it turns out to be is the same (see `docs/verdicts.md`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from glomers.bench.checkers.elle.graph import (
    PROCESS,
    REALTIME,
    RW,
    WR,
    WW,
    Edges,
    strong_components,
)
from glomers.bench.checkers.elle.kinds import SPECS, Spec, State, kind_of, moves
from glomers.bench.checkers.elle.models import (
    canonical,
    forbidden_anomalies,
    friendly,
    implied_anomalies,
    impossible_models,
    models_ruled_out,
)
from glomers.bench.checkers.elle.tries import trie_order

MAX_PATHS = 250_000
MIN_PATHS = 5_000
MAX_PATHS_IN_ALL = 500_000
MAX_STATES = 10_000
MAX_STATES_IN_ALL = 100_000

Cycle = list[int]
"""Transactions by number, the first one again at the end."""


@dataclass(frozen=True)
class Model:
    """A consistency model that wants a graph acyclic.

    The graph has edges of `relations`, and, if `hops` are given, also one such edge followed by
    one of `hops`, taken together: read-write edges that do not follow one another.
    """

    name: str
    relations: int
    hops: int = 0

    @property
    def anomaly(self) -> str:
        """The anomaly of a cycle in that graph."""
        return f"{self.name}-cycle-exists"


MODELS = (
    Model("PL-1", WW),
    Model("PL-2", WW | WR),
    Model("PL-SI", WW | WR, RW),
    Model("PL-2.99", WW | WR | RW),
    Model("PL-3", WW | WR | RW),
    Model("strong-session-PL-1", WW | PROCESS),
    Model("strong-session-PL-2", WW | WR | PROCESS),
    Model("strong-session-snapshot-isolation", WW | WR | PROCESS, RW),
    Model("strong-session-serializable", WW | WR | RW | PROCESS),
    Model("strong-PL-1", WW | REALTIME),
    Model("strong-PL-2", WW | WR | REALTIME),
    Model("strong-snapshot-isolation", WW | WR | REALTIME, RW),
    Model("PL-SS", WW | WR | RW | REALTIME),
)
"""From weak to strong; a cycle that rules out a model rules out the stronger ones."""


@dataclass
class Findings:
    """What the search found in a component."""

    exists: dict[str, list[int]] = field(default_factory=dict)
    """For a `-cycle-exists` anomaly, the smallest set of transactions with such a cycle."""
    cycles: list[tuple[str, Cycle]] = field(default_factory=list)
    """Cycles, each with its kind."""
    is_cut_off: bool = False
    """Whether there were too many paths to look at all of them."""


class StepsUsedUp(Exception):
    """The search took too many steps."""


class Steps:
    """How many more steps a search may take."""

    def __init__(self, left: int) -> None:
        self.left = left

    def take(self, number: int) -> None:
        """Take some steps.

        Raises:
            StepsUsedUp: when there are not so many left.
        """
        self.left -= number
        if self.left < 0:
            raise StepsUsedUp


class Budget:
    """How many steps the searches in all components of a history may take."""

    def __init__(self) -> None:
        self._paths_left = MAX_PATHS_IN_ALL
        self._states_left = MAX_STATES_IN_ALL

    @contextmanager
    def paths(self) -> Iterator[Steps]:
        """Steps for all paths of a component: fewer when many were taken before."""
        granted = max(MIN_PATHS, min(MAX_PATHS, self._paths_left))
        steps = Steps(granted)
        yield steps
        self._paths_left -= granted - max(0, steps.left)

    @contextmanager
    def states(self) -> Iterator[Steps]:
        """Steps for one path for each state, in the search for one kind."""
        granted = max(0, min(MAX_STATES, self._states_left))
        steps = Steps(granted)
        yield steps
        self._states_left -= granted - max(0, steps.left)


def search(
    edges: Edges,
    main_relation: Callable[[int], int],
    index_of: Callable[[int], int],
    budget: Budget,
) -> Findings:
    """Look for cycles of every kind in a component.

    `main_relation` tells which of several relations an edge counts as when a cycle is named;
    `index_of` gives the index of the operation that ended a transaction.
    """
    findings = Findings(exists=_cycle_exists(edges))
    with budget.paths() as steps:
        try:
            _search_paths(edges, main_relation, index_of, steps, findings)
        except StepsUsedUp:
            findings.is_cut_off = True
    if findings.is_cut_off:
        _search_states(edges, main_relation, index_of, budget, findings)
    return findings


def _search_paths(
    edges: Edges,
    main_relation: Callable[[int], int],
    index_of: Callable[[int], int],
    steps: Steps,
    findings: Findings,
) -> None:
    """Add a cycle of each kind that is possible and that no found one implies.

    Raises:
        StepsUsedUp: when there are too many paths.
    """
    needless = set(_impossible_kinds(findings.exists))
    views: dict[int, View] = {}
    for kind, spec in SPECS.items():
        if kind in needless:
            continue
        if spec.relations not in views:
            views[spec.relations] = View(edges, spec.relations, index_of)
        cycle = _find(views[spec.relations], spec, steps, every_path=True)
        if cycle is None:
            continue
        found = kind_of([main_relation(edges[a][b]) for a, b in pairwise(cycle)])
        if found == kind or not spec.is_exact:
            findings.cycles.append((found, cycle))
            needless |= implied_anomalies([kind])


def _search_states(
    edges: Edges,
    main_relation: Callable[[int], int],
    index_of: Callable[[int], int],
    budget: Budget,
    findings: Findings,
) -> None:
    """Add cycles of the kinds that are missing in `findings`, as far as they are soon found."""
    main = {
        source: {target: main_relation(relations) for target, relations in targets.items()}
        for source, targets in edges.items()
    }
    known = {kind for kind, _ in findings.cycles}
    views: dict[int, View] = {}
    for kind, spec in SPECS.items():
        if kind in known:
            continue
        relations = spec.relations
        if relations not in views:
            views[relations] = View(_cyclic_part(main, relations), relations, index_of)
        cycle = None
        with budget.states() as steps, suppress(StepsUsedUp):
            cycle = _find(views[relations], spec, steps, every_path=False)
        if cycle and kind_of([main[a][b] for a, b in pairwise(cycle)]) == kind:
            findings.cycles.append((kind, cycle))


def _cyclic_part(edges: Edges, relations: int) -> Edges:
    """The edges of `relations` that lie on cycles of such edges."""
    component_of: dict[int, int] = {}
    components = strong_components(
        edges, lambda vertex: (t for t, r in edges[vertex].items() if r & relations)
    )
    for number, component in enumerate(components):
        component_of |= dict.fromkeys(component, number)
    return {
        source: {t: r for t, r in targets.items() if component_of[t] == component_of[source]}
        for source, targets in edges.items()
    }


def _cycle_exists(edges: Edges) -> dict[str, list[int]]:
    """The models whose graph has a cycle, and the smallest component with one."""
    found: dict[str, list[int]] = {}
    ruled_out: set[str] = set()
    for model in MODELS:
        if model.name in ruled_out:
            continue
        smallest = _smallest_component(edges, model)
        if smallest:
            found[model.anomaly] = smallest
            ruled_out |= impossible_models([model.name])
    return found


def _smallest_component(edges: Edges, model: Model) -> list[int] | None:
    """The smallest component with a cycle in `model`'s graph.

    With hops, the vertex (-1 - v) stands for v as reached by an edge that a hop may follow.
    """

    def successors(vertex: int) -> Iterator[int]:
        wanted, vertex = (model.relations, vertex) if vertex >= 0 else (model.hops, -1 - vertex)
        for target, relations in edges[vertex].items():
            if relations & wanted:
                yield target
                if model.hops and wanted == model.relations:
                    yield -1 - target

    components = (
        sorted(vertex for vertex in component if vertex >= 0)
        for component in strong_components(edges, successors)
        if len(component) > 1 or edges.get(component[0], {}).get(component[0], 0) & model.relations
    )
    return min((c for c in components if c), key=lambda c: (len(c), c), default=None)


def _impossible_kinds(exists: Iterable[str]) -> Iterable[str]:
    """The kinds that cannot be there, as models that forbid them have acyclic graphs."""
    broken = [model.name for model in MODELS if model.anomaly in set(exists)]
    ruled_out = impossible_models(broken)
    return forbidden_anomalies(m.name for m in MODELS if canonical(m.name) not in ruled_out)


def redundant_exists(anomalies: Iterable[str]) -> set[str]:
    """The `-cycle-exists` anomalies whose models other anomalies rule out by themselves."""
    exists = {model.anomaly for model in MODELS}
    ruled_out = models_ruled_out(a for a in anomalies if a not in exists)
    return {model.anomaly for model in MODELS if canonical(model.name) in ruled_out}


def friendly_name(anomaly: str) -> str:
    """The friendly name of the model that a `-cycle-exists` anomaly rules out."""
    return friendly(anomaly.removesuffix("-cycle-exists"))


class View:
    """A component restricted to some relations, everything in the order of the search."""

    def __init__(self, edges: Edges, relations: int, index_of: Callable[[int], int]) -> None:
        self.index_of = index_of
        self.successors: dict[int, dict[int, int]] = {}
        touched: dict[int, None] = {}
        for source, targets in edges.items():
            restricted = {t: r & relations for t, r in targets.items() if r & relations}
            if restricted:
                order = trie_order(restricted, index_of)
                self.successors[source] = {target: restricted[target] for target in order}
                touched[source] = None
                touched |= dict.fromkeys(restricted)
        self.vertices = trie_order(touched, index_of)

    def restricted_to(self, vertices: Sequence[int]) -> Mapping[int, Mapping[int, int]]:
        """The edges between `vertices`."""
        members = set(vertices)
        successors = {}
        for source in members:
            edges = self.successors.get(source, {})
            kept = [target for target in edges if target in members]
            order = trie_order(kept, self.index_of)
            successors[source] = {target: edges[target] for target in order}
        return successors


Successors = Mapping[int, Mapping[int, int]]

_NO_EDGES: Mapping[int, int] = {}


_Path = tuple[int, State, Any]
"""The last vertex of a path, the automaton's state there, and the path before it (or None)."""


def _vertices(path: _Path | None) -> list[int]:
    """The vertices of a path from its start to its end."""
    vertices = []
    while path is not None:
        vertices.append(path[0])
        path = path[2]
    return vertices[::-1]


def _find(view: View, spec: Spec, steps: Steps, every_path: bool) -> Cycle | None:
    """A cycle that `spec` accepts, if there is one.

    Raises:
        StepsUsedUp: when the steps are used up.
    """
    for start in view.vertices:
        cycle = _find_from(start, view, view.successors, spec, steps, every_path)
        if cycle is not None:
            return cycle
    return None


def _find_from(
    start: int, view: View, successors: Successors, spec: Spec, steps: Steps, every_path: bool
) -> Cycle | None:
    """The first cycle met when going breadth first from `start`, which may lie before it."""
    shell: list[_Path] = [(start, spec.start, None)]
    seen: set[tuple[int, State]] = set()
    after_edge = moves(spec, True)
    while shell:
        following: list[_Path] = []
        loops: list[_Path] = []
        for path in shell:
            vertex, state, _ = path
            visited = _vertices(path)
            reached = [
                (target, after, path)
                for target, relations in successors.get(vertex, _NO_EDGES).items()
                for after in after_edge[state, relations]
            ]
            steps.take(len(reached))
            for longer in reached:
                if longer[0] in visited:
                    if spec.accepts(longer[1]):
                        loops.append(longer)
                elif every_path:
                    following.append(longer)
                elif longer[:2] not in seen:
                    seen.add(longer[:2])
                    following.append(longer)
        for loop in loops:
            is_whole = loop[0] == start
            cycle = _vertices(loop) if is_whole else _trimmed(loop, view, spec, steps, every_path)
            if cycle is not None:
                return cycle
        shell = following
        after_edge = moves(spec, False)
    return None


def _trimmed(path: _Path, view: View, spec: Spec, steps: Steps, every_path: bool) -> Cycle | None:
    """A cycle among the vertices of the loop that `path` ends in."""
    vertices = _vertices(path)
    loop = vertices[vertices.index(path[0]) :]
    successors = view.restricted_to(loop)
    for start in loop:
        cycle = _find_from(start, view, successors, spec, steps, every_path)
        if cycle is not None:
            return cycle
    return None
