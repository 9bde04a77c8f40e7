"""What an excerpt of a load can be held to.

Some findings are about a load as a whole: that every function succeeds at least once, that a
certain share of the operations does, that transactions have anything to do with each other.  A
few operations out of a load show nothing of that: a right node, too, answers its only
compare-and-set with an error when the value is another one, and its only request during a
partition perhaps not at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from glomers.formats.edn import Keyword, kw
from glomers.formats.faults import Span, spans_of
from glomers.formats.history import Op, pairs

RECOVERY_NS = 10_000_000_000
"""How long after a fault a right node may need: as long as a test rests before its end."""

REFUSALS = frozenset(
    map(
        kw,
        (
            "temporarily-unavailable",
            "abort",
            "key-does-not-exist",
            "key-already-exists",
            "precondition-failed",
            "txn-conflict",
        ),
    )
)
"""The errors that right nodes answer with when a request cannot be granted."""


def owed(history: Sequence[Op]) -> frozenset[str]:
    """The functions that a right node carries out at least once in this history.

    Those are all of which some operation met no fault, and ended in anything but a refusal.
    """
    spans = spans_of(history)
    return frozenset(
        began.f
        for began, ended in _of_clients(history)
        if not _is_refused(ended) and not any(_touches(span, began, ended) for span in spans)
    )


def _of_clients(history: Sequence[Op]) -> Iterator[tuple[Op, Op]]:
    """The operations of clients that ended."""
    for began, ended in pairs(history):
        if ended is not None and isinstance(began.process, int):
            yield began, ended


def _is_refused(ended: Op) -> bool:
    error = ended.error
    name = error[0] if isinstance(error, list | tuple) and error else None
    return isinstance(name, Keyword) and name in REFUSALS


def _touches(span: Span, began: Op, ended: Op) -> bool:
    """Whether a fault was at work during an operation, or shortly before."""
    return span.start_ns <= ended.time_ns and span.end_ns > began.time_ns - RECOVERY_NS
