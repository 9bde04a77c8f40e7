"""From a failing seed to a trace that a person can read, and back to what a trace shows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from glomers.bench.checkers.judgement import ERROR
from glomers.bench.once import Outcome, run_once
from glomers.bench.options import Options
from glomers.bench.script import Script, ScriptedOp
from glomers.errors import ExploreError
from glomers.explore.events import Events
from glomers.explore.judge import anomalies, is_unknown
from glomers.explore.shrink import Case, Shrinker
from glomers.explore.tally import Tally
from glomers.explore.trace import Trace
from glomers.files import digest
from glomers.formats.edn import equality_key
from glomers.reading.cause import cause
from glomers.reading.dossier import Broken, Dossier
from glomers.reading.finding import Finding


@dataclass(frozen=True)
class Counterexample:
    """A trace, and what it took: runs, and operations before and after."""

    trace: Trace
    runs: int
    ops_before: int


def find(options: Options) -> Counterexample:
    """Shrink the run of a command that fails; its first anomaly that will do is the one to keep.

    What a single transaction shows comes before what only several do.

    Raises:
        ExploreError: when the run does not fail, or shows nothing any more when it is played back.
    """
    outcome = run_once(options, Tally(), is_recorded=True)
    found = anomalies(options, outcome)
    if not found:
        raise ExploreError(f"Seed {options.seed} does not fail.")
    assert outcome.script is not None
    whole = Case(options, outcome.script)
    runs = 0
    for anomaly in sorted(found, key=_is_of_a_circle):
        shrinker = Shrinker(anomaly)
        case = shrinker.shrink(whole)
        runs += shrinker.runs
        if case is not None:
            return Counterexample(_trace(case, anomaly), runs, len(whole.script.ops))
    raise ExploreError(
        f"Seed {options.seed} shows {', '.join(found)}, but played back it shows nothing that a "
        "right node could not show as well: it stays as it is. Its store folder has the whole run."
    )


def _trace(case: Case, anomaly: str) -> Trace:
    """The trace of a case, with its sentence."""
    script = _with_end_as_played(case)
    trace = Trace(case.options, script, anomaly, "", digest(case.options.bin))
    told = explain(trace)
    return replace(trace, sentence=told.sentence if told else "")


def _is_of_a_circle(anomaly: str) -> bool:
    """Whether an anomaly tells of several transactions, which says less than a single odd one."""
    return anomaly.startswith(("G0", "G1c", "G-", "G2")) or "cycle" in anomaly


def _with_end_as_played(case: Case) -> Script:
    """The script with what clients do in the end, which was recorded in a longer run."""
    played = run_once(case.options, Tally(), script=case.script, is_recorded=True).script
    assert played is not None
    main = [op for op in case.script.ops if not op.in_end]
    end: dict[Any, ScriptedOp] = {}  # what a client does again and again is told once
    for op in played.ops:
        if op.in_end:
            end.setdefault((op.thread, op.f, equality_key(op.value)), op)
    return replace(case.script, ops=(*main, *end.values()))


@dataclass(frozen=True)
class Played:
    """What a trace shows when it is played: `anomaly` is its own, or another one that shows.

    `cause` tells of the anomaly.  Without one `undecided` says why nobody can tell whether there
    is any; None: there is none.
    """

    anomaly: str | None
    cause: Finding | None
    undecided: str | None


def play(trace: Trace) -> Played:
    """Run a trace, and say what went wrong if anything did."""
    journal = Events()
    outcome = run_once(trace.options, journal, script=trace.script)
    found = anomalies(trace.options, outcome)
    if not found:
        return Played(None, None, _undecided(outcome))
    anomaly = trace.anomaly if trace.anomaly in found else found[0]
    return Played(anomaly, cause(dossier_of(trace.options, outcome, journal), anomaly), None)


def dossier_of(options: Options, outcome: Outcome, journal: Events) -> Dossier:
    """What a run inside this process left, to be read."""
    broken = outcome.broken
    return Dossier(
        workload=options.workload,
        nodes=options.node_ids,
        results=outcome.results,
        history=outcome.history,
        events=lambda text: journal.events,
        broken=Broken(str(broken), broken.node_id) if broken else None,
    )


def _undecided(outcome: Outcome) -> str | None:
    """Why no checker could tell, if none could."""
    if not is_unknown(outcome):
        return None
    results = outcome.results or {}
    errors = (part.get(ERROR) for part in results.values() if isinstance(part, dict))
    return next(filter(None, errors), "there is nothing to judge")


def explain(trace: Trace) -> Finding | None:
    """Run a trace and say how its anomaly comes about; None: it does not show."""
    played = play(trace)
    return played.cause if played.anomaly == trace.anomaly else None
