"""What a run came to: its anomalies, and whether anything worth checking happened in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from glomers.bench.checkers import invalid_checkers
from glomers.bench.once import Outcome
from glomers.bench.options import Options
from glomers.bench.workloads import workload_class
from glomers.explore.tally import Tally
from glomers.formats.edn import kw
from glomers.formats.history import Op, pairs
from glomers.reading import replicas
from glomers.reading.cause import BROKEN
from glomers.reading.disagreement import ALONE, DIRTY, DIVERGED, FORGOTTEN
from glomers.reading.faults import Span, spans_of

LEAST_REPLICATED = 0.5
UNTOUCHED = "no fault touched a message"


def anomalies(options: Options, outcome: Outcome) -> list[str]:
    """The names of all that is wrong with a run, the workload's own first; empty: a pass.

    The verdict `unknown` is no anomaly.  Where there are final reads, replicas are compared too,
    which Maelstrom does not do (see `glomers.reading.replicas`).
    """
    if outcome.results is None:
        return [BROKEN]
    results = outcome.results
    invalid = [n for n in invalid_checkers(results) if results[kw(n)][kw("valid?")] is False]
    names = []
    if "workload" in invalid:
        convicting = workload_class(options.workload).convicting(results[kw("workload")])
        names += convicting or ["errors"]
    names += _replica_anomalies(options, outcome.history)
    return names + [name for name in invalid if name != "workload"]


def _replica_anomalies(options: Options, history: Sequence[Op]) -> Iterable[str]:
    nodes = options.node_ids
    found = replicas.convergence(history, nodes)
    if found is None:
        return
    are_compared = replicas.are_compared(options.workload, nodes, options.final_reads)
    if options.workload != "txn-rw-register":
        if are_compared and not found.is_reached:
            yield DIVERGED
        return
    txns = replicas.transactions_of(history, nodes)
    if replicas.forgotten_writes(txns):
        yield FORGOTTEN
    if replicas.dirty_writes(txns, found.finals):
        yield DIRTY
    if are_compared and not found.is_reached:
        yield DIVERGED
    share = replicas.replicated_share(txns, found.finals)
    if are_compared and share is not None and share <= LEAST_REPLICATED:
        yield ALONE


def is_unknown(outcome: Outcome) -> bool:
    """Whether a checker could not judge, and none found anything wrong."""
    return outcome.results is not None and not isinstance(outcome.results[kw("valid?")], bool)


def vacuity(options: Options, outcome: Outcome, tally: Tally) -> list[str]:
    """Why a run that passes shows little; empty when it shows something."""
    operations = pairs(outcome.history)
    writes = [(began, ended) for began, ended in operations if _writes(began)]
    if not any(ended is not None and ended.type == "ok" for _, ended in operations):
        return ["no operation succeeded"]
    if not options.nemesis:
        return []
    spans = spans_of(outcome.history)
    if not spans:
        return ["no fault occurred"]
    reasons = []
    if not any(tally.effects[fault] for fault in options.nemesis):
        reasons.append(UNTOUCHED)
    if not any(_overlaps(write, span) for write in writes for span in spans):
        reasons.append("no write was concurrent with a fault")
    return reasons


def _writes(op: Op) -> bool:
    """Whether an operation may change something, or, as with unique ids, must be unlike others."""
    if op.f == "txn":
        return any(micro_op[0] is not kw("r") for micro_op in op.value)
    return op.f not in ("read", "poll", "assign", "crash")


def _overlaps(operation: tuple[Op, Op | None], span: Span) -> bool:
    began, ended = operation
    ends_later = ended is None or ended.time_ns >= span.start_ns
    return began.time_ns <= span.end_ns and ends_later
