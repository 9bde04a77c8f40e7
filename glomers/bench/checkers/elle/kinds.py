"""The automata of the kinds of cycles: which edges a cycle may, and which ones it must have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from glomers.bench.checkers.elle.graph import PROCESS, REALTIME, RW, WR, WW
from glomers.bench.checkers.elle.models import CYCLE_ANOMALIES

# Read-write edges are taken like others, once, never twice in a row (free or just taken).
PLAIN, SINGLE, FREE, TAKEN = range(4)

State = tuple[int, int, int]
"""Which requirements are open (bits), how many read-write edges are wanted yet, and the mode."""


@dataclass(frozen=True, eq=False)
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


class _Moves(dict[tuple[State, int], tuple[State, ...]]):
    """The states after an edge, by the state before it and the edge's relations."""

    def __init__(self, spec: Spec, is_first: bool) -> None:
        super().__init__()
        self._spec = spec
        self._is_first = is_first

    def __missing__(self, key: tuple[State, int]) -> tuple[State, ...]:
        states = self[key] = _steps(self._spec, *key, self._is_first)
        return states


@cache
def moves(spec: Spec, is_first: bool) -> Mapping[tuple[State, int], tuple[State, ...]]:
    """The states after an edge; a first edge has to be one that is wanted."""
    return _Moves(spec, is_first)


def _steps(spec: Spec, state: State, relations: int, is_first: bool) -> tuple[State, ...]:
    """The states after an edge of `relations`; a first edge has to be one that is wanted."""
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
