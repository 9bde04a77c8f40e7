"""What an excerpt of a load can be held to.

Some findings are about a load as a whole: that every function succeeds at least once, that a
certain share of the operations does, that transactions have anything to do with each other, that
any element is there to be read.  A few operations out of a load show nothing of that: a right
node, too, answers its only compare-and-set with an error when the value is another one, and its
only request during a partition perhaps not at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from glomers.bench.checkers.judgement import CheckOptions
from glomers.formats.edn import Keyword, equality_key, kw
from glomers.formats.history import Op, pairs
from glomers.reading.faults import Span, spans_of

RECOVERY_NS = 10_000_000_000
"""How long after a fault a right node may need: as long as a test rests before its end."""

_OTHER_VALUE = frozenset({kw("key-does-not-exist"), kw("precondition-failed")})
_REFUSALS = _OTHER_VALUE | {
    kw(name) for name in ("temporarily-unavailable", "abort", "key-already-exists", "txn-conflict")
}
"""The errors that right nodes answer with when a request cannot be granted."""

_MISUNDERSTOOD = frozenset({kw("not-supported"), kw("malformed-request")})
_MISUNDERSTOOD_TEXTS = tuple(
    f"indeterminate: {text}" for text in ("error 10:", "error 12:", "Malformed reply")
)

TIMEOUTS = frozenset({kw("net-timeout"), "indeterminate: Client read timeout"})
"""The errors of operations that got no answer in time."""

Ended = tuple[Op, Op]


def owed(history: Sequence[Op], options: CheckOptions) -> frozenset[str]:
    """The functions that a right node carries out at least once in this history.

    Those are all of which some operation met no fault and was not refused with good reason.  Where
    messages are held up, an answer may come too late.  Nothing excuses a node that does not know
    what it is asked, or answers in another shape.
    """
    spans = spans_of(history)
    of_registers = options.workload == "lin-kv"
    excuses = _REFUSALS.union(TIMEOUTS) if options.has_delays else _REFUSALS
    operations = [
        (began, ended)
        for began, ended in pairs(history)
        if ended is not None and isinstance(began.process, int)
    ]
    return frozenset(
        operation[0].f
        for operation in operations
        if _is_misunderstood(operation[1])
        or (
            not any(_touches(span, operation) for span in spans)
            and (
                not _ended_with(operation, excuses)
                or (of_registers and _is_wronged(operation, operations))
            )
        )
    )


def _is_misunderstood(ended: Op) -> bool:
    """Whether the node did not know the request, or answered in another shape."""
    if isinstance(ended.error, str):
        return ended.error.startswith(_MISUNDERSTOOD_TEXTS)
    return _ended_with((ended, ended), _MISUNDERSTOOD)


def _touches(span: Span, operation: Ended) -> bool:
    """Whether a fault was at work during an operation, or shortly before."""
    began, ended = operation
    return span.start_ns <= ended.time_ns and span.end_ns > began.time_ns - RECOVERY_NS


def _ended_with(operation: Ended, errors: frozenset[Any]) -> bool:
    error = operation[1].error
    name = error[0] if isinstance(error, list | tuple) and error else error
    return isinstance(name, Keyword | str) and name in errors


def _is_wronged(operation: Ended, operations: Sequence[Ended]) -> bool:
    """Whether a register is said to hold another value than it can hold (lin-kv).

    It can hold only one when the last change was over before, and none was under way since.
    """
    began, ended = operation
    if not _ended_with(operation, _OTHER_VALUE):
        return False
    key, argument = began.value
    changes = [
        change
        for change in operations
        if change[0].f in ("write", "cas")
        and change[1].type != "fail"
        and equality_key(change[0].value[0]) == equality_key(key)
        and change[0].index < ended.index
    ]
    last = max(changes, key=lambda change: change[0].index, default=None)
    if last is None or last[1].type != "ok" or last[1].index > began.index:
        return False
    if any(change is not last and change[1].index > last[0].index for change in changes):
        return False
    return began.f == "read" or equality_key(argument[0]) == equality_key(_new_value(last))


def _new_value(change: Ended) -> Any:
    """What a register holds after a change."""
    value = change[1].value[1]
    return value if change[0].f == "write" else value[1]
