"""Counters: every final read is a sum that the adds allow."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from glomers.bench.checkers.judgement import CheckError, CheckOptions, Result
from glomers.formats.edn import dumps, keywordize
from glomers.formats.history import Op, op_record, pairs

MAX_RANGES = 200_000

Range = tuple[int, int]
"""The integers from a lower to an upper bound, both included."""


def check(history: Sequence[Op], options: CheckOptions) -> Result:
    """Compare final reads with the acceptable sums: all definite adds, any of the open ones.

    Raises:
        CheckError: when a value is no integer, or the acceptable sums are too many to list.
    """
    definite = 0
    open_deltas = []
    for invoked, done in pairs(history):
        if invoked.f != "add":
            continue
        if done is None or done.type == "info":
            open_deltas.append(_integer(invoked))
        elif done.type == "ok":
            definite += _integer(invoked)
    acceptable = acceptable_sums(definite, open_deltas)
    reads = [op for op in history if op.final and op.type == "ok"]
    errors = tuple(op_record(op) for op in reads if not _contains(acceptable, _integer(op)))
    return keywordize(
        {
            "valid?": not errors,
            "errors": errors or None,
            "final-reads": tuple(op.value for op in reads),
            "acceptable": tuple([low, high] for low, high in acceptable),
        }
    )


def _integer(op: Op) -> int:
    if type(op.value) is not int:
        raise CheckError(f"the value of index {op.index} is {dumps(op.value)}, not an integer")
    return op.value


def _contains(ranges: Sequence[Range], number: int) -> bool:
    after = bisect_right(ranges, number, key=lambda bounds: bounds[0])
    return after > 0 and number <= ranges[after - 1][1]


def acceptable_sums(definite: int, deltas: Iterable[int]) -> list[Range]:
    """`definite` plus the sum of any subset of `deltas`, as ranges in ascending order.

    Raises:
        CheckError: when there are more than MAX_RANGES ranges.
    """
    ranges = [(definite, definite)]
    for step in _steps(deltas):
        ranges = _merged(sorted([*ranges, *((low + step, high + step) for low, high in ranges)]))
        if len(ranges) > MAX_RANGES:
            raise CheckError("adds with an open outcome allow too many different sums")
    return ranges


def _steps(deltas: Iterable[int]) -> Iterator[int]:
    """Fewer numbers with the same subset sums: n times d becomes d, 2d, 4d, … and a rest."""
    for delta, remaining in sorted(Counter(deltas).items()):
        copies = 1
        while remaining > 0:
            taken = min(copies, remaining)
            yield delta * taken
            remaining -= taken
            copies *= 2


def _merged(ranges: Iterable[Range]) -> list[Range]:
    """Join sorted ranges that overlap or touch."""
    merged: list[Range] = []
    for low, high in ranges:
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], high))
        else:
            merged.append((low, high))
    return merged
