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

A cycle of a kind is a closed path without repetition, of edges that a small automaton accepts.
Finding one is NP-hard in general, so the search goes breadth first over all paths, and is cut off
when these become too many (`Budget`).  Then a second search keeps only one path for each vertex
and state of the automaton; it may miss a kind, and shows every kind that it finds.

Vertices are visited in the order of Elle's hash tries: of several cycles the same one is shown,
and the kind that it turns out to be is the same (see `docs/verdicts.md`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise

from glomers.bench.checkers.elle.graph import (
    PROCESS,
    REALTIME,
    RW,
    WR,
    WW,
    Edges,
    strong_components,
)
from glomers.bench.checkers.elle.models import (
    CYCLE_ANOMALIES,
    canonical,
    forbidden_anomalies,
    friendly,
    implied_anomalies,
    impossible_models,
    models_ruled_out,
)
from glomers.bench.checkers.elle.tries import trie_order

MAX_PATHS = 300_000
MIN_PATHS = 5_000
MAX_PATHS_IN_ALL = 1_000_000
MAX_STATES_OF_KIND = 50_000

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


class CutOff(Exception):
    """The search took too many steps."""


class Steps:
    """How many more steps a search may take."""

    def __init__(self, left: int) -> None:
        self.left = left

    def take(self) -> None:
        """Take a step.

        Raises:
            CutOff: when there is none left.
        """
        self.left -= 1
        if self.left < 0:
            raise CutOff


class Budget:
    """How many paths the searches in all components of a history may look at."""

    def __init__(self) -> None:
        self._left = MAX_PATHS_IN_ALL

    def for_component(self) -> Steps:
        """Steps for the next component: fewer when many were taken before."""
        steps = Steps(max(MIN_PATHS, min(MAX_PATHS, self._left)))
        self._left -= steps.left
        return steps

    def give_back(self, steps: Steps) -> None:
        """Keep what a component left for the others."""
        self._left += max(0, steps.left)


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
    needless = set(_impossible_kinds(findings.exists))
    steps = budget.for_component()
    views: dict[int, View] = {}
    try:
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
    except CutOff:
        findings.is_cut_off = True
        _search_states(edges, main_relation, index_of, findings)
    budget.give_back(steps)
    return findings


def _search_states(
    edges: Edges,
    main_relation: Callable[[int], int],
    index_of: Callable[[int], int],
    findings: Findings,
) -> None:
    """Add cycles of the kinds that are missing in `findings`, as far as they are soon found."""
    main = {
        source: {target: main_relation(relations) for target, relations in targets.items()}
        for source, targets in edges.items()
    }
    known = {kind for kind, _ in findings.cycles}
    for kind, spec in SPECS.items():
        if kind in known:
            continue
        view = View(_cyclic_part(main, spec.relations), spec.relations, index_of)
        try:
            cycle = _find(view, spec, Steps(MAX_STATES_OF_KIND), every_path=False)
        except CutOff:
            continue
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


# Read-write edges are taken like others, once, never twice in a row (free or just taken).
PLAIN, SINGLE, FREE, TAKEN = range(4)

State = tuple[int, int, int]
"""Which requirements are open (bits), how many read-write edges are wanted yet, and the mode."""


@dataclass(frozen=True)
class Spec:
    """The automaton of a kind: which edges a cycle may, and which ones it must take."""

    allowed: int
    required: tuple[int, ...] = ()
    rw_wanted: int = 0
    mode: int = PLAIN
    is_exact: bool = False

    @property
    def relations(self) -> int:
        """All relations that may occur."""
        relations = self.allowed
        for required in self.required:
            relations |= required
        return relations | RW if self.rw_wanted else relations

    @property
    def start(self) -> State:
        """The state before the first edge."""
        return (1 << len(self.required)) - 1, self.rw_wanted, self.mode

    def accepts(self, state: State) -> bool:
        """Whether a cycle may end in `state`."""
        required, rw_wanted, mode = state
        return not required and not rw_wanted and mode != TAKEN

    def steps(self, state: State, relations: int, is_first: bool) -> tuple[State, ...]:
        """The states after an edge of `relations`; a first edge has to be one that is wanted."""
        return _steps(self, state, relations, is_first)


@cache
def _steps(spec: Spec, state: State, relations: int, is_first: bool) -> tuple[State, ...]:
    required, rw_wanted, mode = state
    wants_rw = rw_wanted > 0 or mode in (SINGLE, FREE)
    states = []
    if wants_rw and relations & RW:
        states += _step(spec, state, RW)
    if is_first and rw_wanted:
        return tuple(states)
    wanted = 0
    for number, mask in enumerate(spec.required):
        wanted |= mask if required >> number & 1 else 0
    if wants_rw:
        wanted &= ~RW
    for relation in _bits(relations & wanted):
        states += _step(spec, state, relation)
    if is_first and required:
        return tuple(states)
    rest = spec.allowed & ~wanted & ~(RW if wants_rw else 0)
    for relation in _bits(relations & rest):
        # Which of several plain relations an edge is taken for makes no difference.
        return (*states, *_step(spec, state, relation))
    return tuple(states)


def _bits(relations: int) -> Iterator[int]:
    return (bit for bit in (WW, WR, RW, PROCESS, REALTIME) if relations & bit)


def _step(spec: Spec, state: State, relation: int) -> list[State]:
    """The state after an edge that is taken for `relation`, if the automaton allows it."""
    required, rw_wanted, mode = state
    for number, mask in enumerate(spec.required):
        if required >> number & 1 and mask & relation:
            required &= ~(1 << number)
            break
    rw_left = max(0, rw_wanted - 1)
    if relation & spec.allowed:
        after = FREE if mode == TAKEN else mode
        return [(required, rw_left if relation == RW else rw_wanted, after)]
    if relation == RW and mode == SINGLE:
        return [(required, 0, PLAIN)]
    if relation == RW and mode == FREE:
        return [(required, rw_left, TAKEN)]
    return []


_BASE_SPECS = {
    "G0": Spec(WW),
    "G1c": Spec(WW | WR, required=(WR,)),
    "G-single-item": Spec(WW | WR, rw_wanted=1, mode=SINGLE, is_exact=True),
    "G-nonadjacent-item": Spec(WW | WR, rw_wanted=2, mode=FREE, is_exact=True),
    "G2-item": Spec(WW | WR | RW, rw_wanted=2, is_exact=True),
}


def _variant(spec: Spec, relation: int) -> Spec:
    return Spec(
        spec.allowed | relation,
        (*spec.required, relation),
        spec.rw_wanted,
        spec.mode,
        spec.is_exact,
    )


_ALL_SPECS = {
    f"{name}{suffix}": _variant(spec, relation) if relation else spec
    for name, spec in _BASE_SPECS.items()
    for suffix, relation in (("", 0), ("-process", PROCESS), ("-realtime", REALTIME))
}
SPECS: Mapping[str, Spec] = {
    kind: _ALL_SPECS[kind] for kind in CYCLE_ANOMALIES if kind in _ALL_SPECS
}
"""The automata of the kinds that histories without predicates can show, the severest first."""


def kind_of(relations: Sequence[int]) -> str:
    """The kind of a cycle whose edges, in order, have these relations, one each."""
    rw = relations.count(RW)
    if rw > 1:
        neighbours = zip(relations, [*relations[1:], relations[0]], strict=True)
        kind = "G2-item" if (RW, RW) in neighbours else "G-nonadjacent-item"
    elif rw:
        kind = "G-single-item"
    else:
        kind = "G1c" if WR in relations else "G0"
    if REALTIME in relations:
        return f"{kind}-realtime"
    return f"{kind}-process" if PROCESS in relations else kind


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


class _Path:
    """A path from a start, as its last vertex and the path before it."""

    __slots__ = ("before", "is_loop", "state", "vertex", "visited")

    def __init__(self, before: _Path | None, vertex: int, state: State) -> None:
        self.before = before
        self.vertex = vertex
        self.state = state
        self.is_loop = before is not None and vertex in before.visited
        self.visited: frozenset[int] = frozenset((vertex,))
        if before is not None:
            self.visited |= before.visited

    def vertices(self) -> list[int]:
        """The vertices from the start to the end."""
        path: _Path | None = self
        vertices = []
        while path is not None:
            vertices.append(path.vertex)
            path = path.before
        return vertices[::-1]


def _find(view: View, spec: Spec, steps: Steps, every_path: bool) -> Cycle | None:
    """A cycle that `spec` accepts, if there is one.

    Raises:
        CutOff: when the steps are used up.
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
    shell = [_Path(None, start, spec.start)]
    seen: set[tuple[int, State]] = set()
    while shell:
        for path in shell:
            if path.is_loop and spec.accepts(path.state):
                if path.vertex == start:
                    return path.vertices()
                cycle = _trimmed(path, view, spec, steps, every_path)
                if cycle is not None:
                    return cycle
        following = []
        for path in shell:
            if path.is_loop:
                continue
            is_first = path.before is None
            for target, relations in successors.get(path.vertex, {}).items():
                for state in spec.steps(path.state, relations, is_first):
                    steps.take()
                    if not every_path and target not in path.visited:
                        if (target, state) in seen:
                            continue
                        seen.add((target, state))
                    following.append(_Path(path, target, state))
        shell = following
    return None


def _trimmed(path: _Path, view: View, spec: Spec, steps: Steps, every_path: bool) -> Cycle | None:
    """A cycle among the vertices of the loop that `path` ends in."""
    vertices = path.vertices()
    loop = vertices[vertices.index(path.vertex) :]
    successors = view.restricted_to(loop)
    for start in loop:
        cycle = _find_from(start, view, successors, spec, steps, every_path)
        if cycle is not None:
            return cycle
    return None
