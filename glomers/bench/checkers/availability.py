"""The fraction of requests that succeeded, against the fraction asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from glomers.bench.checkers.judgement import CheckOptions, Result, shortest_single, single_precision
from glomers.formats.edn import keywordize
from glomers.formats.history import Op


def check(history: Sequence[Op], options: CheckOptions) -> Result:
    """Compare `ok` operations with invocations; without a goal every fraction is valid.

    Maelstrom keeps the fraction in single precision: nine out of ten is less than 0.9.  An excerpt
    is held to a goal only if that is all operations.
    """
    counts = Counter(op.type for op in history)
    if not counts["invoke"]:
        return keywordize({"valid?": True, "ok-fraction": 1})
    fraction = counts["ok"] / counts["invoke"]
    goal = options.availability
    if options.is_excerpt and goal != 1:
        goal = None
    return keywordize(
        {
            "valid?": goal is None or goal <= single_precision(fraction),
            "ok-fraction": shortest_single(fraction),
        }
    )
