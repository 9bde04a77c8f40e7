"""Shrinking: from a run that fails to a smaller one that fails in the same way.

The first operations are tried alone.  Then delays become constant, nodes go, then operations, then
faults, then what is special about single messages; in the end the moments move together.  A step is
kept only if a run with it still shows the anomaly.

What is left must convict only the guilty: every right node passes it.  So the end is never cut
short: network and nodes heal and rest, and then clients look at everything (see
`glomers.bench.generator`), or what is still under way would count as lost.  Messages are lost,
copied and held up only while a fault does such things (`glomers.bench.transit`).  And what a few
operations cannot show is not judged (`glomers.bench.checkers.excerpt`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from glomers.bench.nemesis import FaultEvent
from glomers.bench.once import run_once
from glomers.bench.options import Options
from glomers.bench.script import Script, ScriptedOp
from glomers.bench.transit import Fates
from glomers.bench.workloads import workload_class
from glomers.explore.ddmin import ddmin
from glomers.explore.judge import anomalies
from glomers.explore.scenario import with_nodes
from glomers.explore.tally import Tally

RUNS_MAX = 1_000
ROUNDS_MAX = 5
FEWEST_OPS = 16
"""A run of so many operations is tried first."""
GAPS_NS = (1_000_000, 20_000_000, 200_000_000)
"""How far apart events may be moved together: one of these, the first that will do."""


@dataclass(frozen=True)
class Case:
    """A run to be played back."""

    options: Options
    script: Script


class Shrinker:
    """Makes cases smaller that show `anomaly`; `runs` counts what that took."""

    def __init__(self, anomaly: str) -> None:
        self.anomaly = anomaly
        self.runs = 0

    def fails(self, case: Case) -> bool:
        """Whether a run of the case shows the anomaly; no more, once too many runs were made."""
        if self.runs >= RUNS_MAX:
            return False
        self.runs += 1
        outcome = run_once(case.options, Tally(), script=case.script)
        return self.anomaly in anomalies(case.options, outcome)

    def shrink(self, case: Case) -> Case | None:
        """A smaller case; None when not even the one given shows the anomaly."""
        early = next(filter(self.fails, _beginnings(case)), case)
        smaller = self._plainest(early)
        return smaller and self._smallest(smaller)

    def _plainest(self, case: Case) -> Case | None:
        """The case with constant delays, if possible none; None if it does not show the anomaly."""
        plain = _with_script(case, fates={})
        quick = replace(plain, options=replace(case.options, latency_ms=0))
        return next((some for some in (quick, plain, case) if self.fails(some)), None)

    def _smallest(self, case: Case) -> Case:
        links = self._faults, self._fates, self._earlier
        steps = self._nodes, self._ops, self._ends, *links, self._clients
        for _ in range(ROUNDS_MAX):
            before = _size(case)
            for step in steps:
                case = step(case)
            if _size(case) == before:
                break
        return self._closer(case)

    def _nodes(self, case: Case) -> Case:
        for node in case.options.node_ids:
            if len(case.options.node_ids) > 1 and node in case.options.node_ids:
                smaller = without_node(case, node)
                if self.fails(smaller):
                    case = smaller
        return case

    def _ops(self, case: Case) -> Case:
        main, end = _by_phase(case.script.ops)
        return self._minimal(case, main, lambda case, ops: _with_ops(case, [*ops, *end]))

    def _ends(self, case: Case) -> Case:
        """Fewer clients in the end; transactions are compared, which takes all of them."""
        main, end = _by_phase(case.script.ops)
        if case.options.workload in ("txn-rw-register", "txn-list-append") or not end:
            return case

        def with_clients(case: Case, threads: list[int]) -> Case:
            return _with_ops(case, [*main, *(op for op in end if op.thread in threads)])

        threads = list(dict.fromkeys(op.thread for op in end))
        kept = ddmin(threads, lambda some: bool(some) and self.fails(with_clients(case, some)))
        return with_clients(case, kept)

    def _faults(self, case: Case) -> Case:
        spans = _spans(case.script.faults)
        kept = ddmin(spans, lambda some: self.fails(_with_spans(case, some)))
        return _with_spans(case, kept)

    def _fates(self, case: Case) -> Case:
        special = _special(case)
        kept = ddmin(special, lambda some: self.fails(_with_fates(case, some)))
        return _with_fates(case, kept)

    def _earlier(self, case: Case) -> Case:
        """The same for earlier messages of a kind: then those before them are not needed."""
        first = _first_of_their_kinds(case)
        if first != case and self.fails(first):
            return first
        special = _special(case)
        for number, (kind, index) in enumerate(special):
            for earlier in (0, index // 2, index - 1):
                if not 0 <= earlier < index or (kind, earlier) in special:
                    continue
                moved = _with_moved_fate(case, kind, index, earlier)
                if self.fails(moved):
                    case, special[number] = moved, (kind, earlier)
                    break
        return case

    def _clients(self, case: Case) -> Case:
        """One client a node, where that is enough."""
        count = len(case.options.node_ids)
        ops = tuple(op._replace(thread=op.thread % count) for op in case.script.ops)
        fewer = Case(replace(case.options, concurrency=count), replace(case.script, ops=ops))
        is_free = not workload_class(case.options.workload).has_groups
        is_smaller = is_free and case.options.concurrency > count
        return fewer if is_smaller and self.fails(fewer) else case

    def _closer(self, case: Case) -> Case:
        """The same events in the same order, with less time between them."""
        for gap_ns in GAPS_NS:
            closer = replace(case, script=_moved_together(case.script, gap_ns))
            if self.fails(closer):
                return closer
        return case

    def _minimal(
        self,
        case: Case,
        items: Sequence[ScriptedOp],
        build: Callable[[Case, list[ScriptedOp]], Case],
    ) -> Case:
        return build(case, ddmin(list(items), lambda some: self.fails(build(case, some))))


def _size(case: Case) -> tuple[int, ...]:
    script = case.script
    nodes, clients = len(case.options.node_ids), case.options.concurrency
    return nodes, clients, len(script.ops), len(script.faults), len(_special(case))


def _special(case: Case) -> list[tuple[str, int]]:
    """The messages that have a fate of their own, by kind and number."""
    fates = case.script.fates.items()
    return [(kind, i) for kind, all_ in fates for i, each in enumerate(all_) if each is not None]


def _beginnings(case: Case) -> Iterator[Case]:
    """The case's first operations with the faults that begin by then, twice as many each time.

    Most failures show early, and every run of a beginning costs a part of one of the whole.
    """
    main, end = _by_phase(case.script.ops)
    count = FEWEST_OPS
    while count < len(main):
        last_ns = main[count - 1].at_ns
        spans = [span for span in _spans(case.script.faults) if span[0].at_ns <= last_ns]
        yield _with_spans(_with_ops(case, [*main[:count], *end]), spans)
        count *= 2


def _with_script(case: Case, **changes: Any) -> Case:
    return replace(case, script=replace(case.script, **changes))


def _with_ops(case: Case, ops: list[ScriptedOp]) -> Case:
    return _with_script(case, ops=tuple(ops))


def _by_phase(ops: Iterable[ScriptedOp]) -> tuple[list[ScriptedOp], list[ScriptedOp]]:
    """The operations of the main phase, and those of the end."""
    main: list[ScriptedOp] = []
    end: list[ScriptedOp] = []
    for op in ops:
        (end if op.in_end else main).append(op)
    return main, end


Span = tuple[FaultEvent, ...]
"""A fault's start and, if there is one, its stop."""


def _spans(events: Iterable[FaultEvent]) -> list[Span]:
    spans: list[Span] = []
    open_at: dict[str, int] = {}
    for event in events:
        if event.starts:
            open_at[event.fault] = len(spans)
            spans.append((event,))
        elif event.fault in open_at:
            at = open_at.pop(event.fault)
            spans[at] = (*spans[at], event)
    return spans


def _with_spans(case: Case, spans: Iterable[Span]) -> Case:
    events = sorted((event for span in spans for event in span), key=lambda event: event.at_ns)
    return _with_script(case, faults=tuple(events))


def _with_fates(case: Case, special: Iterable[tuple[str, int]]) -> Case:
    """Only these messages keep a fate of their own."""
    fates: Fates = {}
    for kind, index in special:
        delays = fates.setdefault(kind, [])
        delays += [None] * (index + 1 - len(delays))
        delays[index] = case.script.fates[kind][index]
    return _with_script(case, fates=fates)


def _first_of_their_kinds(case: Case) -> Case:
    """Special messages come first, and reads that would have sent what came before them go."""
    ops = [op for op in case.script.ops if op.in_end or op.f not in ("read", "poll")]
    fates: Fates = {
        kind: [delay for delay in delays if delay is not None]
        for kind, delays in case.script.fates.items()
    }
    return _with_script(case, ops=tuple(ops), fates=fates)


def _with_moved_fate(case: Case, kind: str, index: int, earlier: int) -> Case:
    delays = list(case.script.fates[kind])
    delays[earlier], delays[index] = delays[index], None
    while delays[-1] is None:
        delays.pop()
    fates = {**case.script.fates, kind: delays}
    return _with_script(case, fates=fates)


def _moved_together(script: Script, gap_ns: int) -> Script:
    moments = {op.at_ns for op in script.ops if not op.in_end}
    moments |= {event.at_ns for event in script.faults}
    new_ns = {at_ns: number * gap_ns for number, at_ns in enumerate(sorted(moments))}
    ops = (op if op.in_end else op._replace(at_ns=new_ns[op.at_ns]) for op in script.ops)
    faults = (replace(event, at_ns=new_ns[event.at_ns]) for event in script.faults)
    return replace(script, ops=tuple(ops), faults=tuple(faults))


# A node less


def without_node(case: Case, node: str) -> Case:
    """The case without `node` and what its clients do; the nodes after it move up by one name."""
    old = list(case.options.node_ids)
    options = with_nodes(case.options, len(old) - 1)
    renamed = dict(zip([name for name in old if name != node], options.node_ids, strict=True))
    index = {old.index(name): number for number, name in enumerate(renamed)}
    ops = tuple(
        op._replace(thread=op.thread // len(old) * len(renamed) + index[op.thread % len(old)])
        for op in case.script.ops
        if op.thread % len(old) in index
    )
    spans = [span for span in _spans(case.script.faults) if _hits(span[0].target, renamed)]
    faults = [
        replace(event, target=_renamed(event.target, renamed)) for span in spans for event in span
    ]
    faults.sort(key=lambda event: event.at_ns)
    fates = _renamed_fates(case.script.fates, renamed, frozenset(old))
    return Case(options, replace(case.script, ops=ops, faults=tuple(faults), fates=fates))


def _hits(target: object, renamed: dict[str, str]) -> bool:
    """Whether a fault still has somebody to hit."""
    if isinstance(target, dict) and "node" in target:
        return target["node"] in renamed
    return True


def _renamed(target: object, renamed: dict[str, str]) -> object:
    if not isinstance(target, dict):
        return target
    if "node" in target:
        return {**target, "node": renamed[target["node"]]}
    return {
        renamed.get(key, key): [renamed[n] for n in value if n in renamed]
        if isinstance(value, list)
        else value
        for key, value in target.items()
        if not isinstance(value, list) or key in renamed
    }


def _renamed_fates(fates: Fates, renamed: dict[str, str], old: frozenset[str]) -> Fates:
    """Fates by the nodes' new names; what went to or from the missing node is left out."""
    kept = {}
    for kind, delays in fates.items():
        link, _, message_type = kind.partition(" ")
        ends = link.split(">")
        if all(end in renamed or end not in old for end in ends):
            kept[f"{'>'.join(renamed.get(end, end) for end in ends)} {message_type}"] = delays
    return kept
