"""From a failing seed to a trace that a person can read."""

from __future__ import annotations

from dataclasses import dataclass, replace

from glomers.bench.once import run_once
from glomers.bench.options import Options
from glomers.bench.script import Script
from glomers.explore.errors import ExploreError
from glomers.explore.events import Events
from glomers.explore.explain import Explanation, Story
from glomers.explore.judge import anomalies
from glomers.explore.shrink import Case, Shrinker
from glomers.explore.tally import Tally
from glomers.explore.trace import Trace, digest


@dataclass(frozen=True)
class Found:
    """A trace, and what it took: runs, and operations before and after."""

    trace: Trace
    runs: int
    ops_before: int


def find(options: Options) -> Found:
    """Shrink the run of a command that fails; its first anomaly is the one to keep.

    Raises:
        ExploreError: when the run does not fail, or not when it is played back.
    """
    outcome = run_once(options, Tally(), is_recorded=True)
    found = anomalies(options, outcome)
    if not found:
        raise ExploreError(f"Seed {options.seed} does not fail.")
    assert outcome.script is not None
    shrinker = Shrinker(found[0])
    case = shrinker.shrink(Case(options, outcome.script))
    if case is None:
        raise ExploreError(
            f"Seed {options.seed} shows {found[0]}, but not when its operations, faults and delays "
            "are played back: it stays as it is. Its store folder has the whole run."
        )
    script = _with_end_as_played(case)
    trace = Trace(case.options, script, found[0], "", digest(case.options.bin))
    trace = replace(trace, sentence=explain(trace).sentence)
    return Found(trace, shrinker.runs, len(outcome.script.ops))


def _with_end_as_played(case: Case) -> Script:
    """The script with what clients do in the end, which was recorded in a longer run."""
    played = run_once(case.options, Tally(), script=case.script, is_recorded=True).script
    assert played is not None
    main = (op for op in case.script.ops if not op.in_end)
    return replace(case.script, ops=(*main, *(op for op in played.ops if op.in_end)))


def explain(trace: Trace) -> Explanation:
    """Run a trace and say how its anomaly comes about; without it, the sentence is empty."""
    journal = Events()
    outcome = run_once(trace.options, journal, script=trace.script)
    if trace.anomaly not in anomalies(trace.options, outcome):
        return Explanation("")
    broken = str(outcome.broken) if outcome.broken else None
    story = Story(trace.options.node_ids, outcome.results, outcome.history, journal.events, broken)
    return story.explain(trace.anomaly)
