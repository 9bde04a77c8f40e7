"""Counts of outcomes by function; a function that never succeeded makes the run invalid."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from glomers.bench.checkers.excerpt import owed
from glomers.bench.checkers.judgement import CheckOptions, Result, merge_valid
from glomers.formats.edn import keywordize, kw
from glomers.formats.history import Op

# The kafka workload crashes its clients on purpose, so that these never succeed.
MAY_ALWAYS_FAIL = frozenset({"crash", "debug-topic-partitions"})


def check(history: Sequence[Op], options: CheckOptions) -> Result:
    """Count how clients' operations ended, in all and for each function (`:by-f`).

    Of an excerpt only functions that a right node carries out are judged.
    """
    counts: dict[str, Counter[str]] = {}
    for op in history:
        if isinstance(op.process, int) and op.type != "invoke":
            counts.setdefault(op.f, Counter())[op.type] += 1
    excused = counts.keys() - owed(history, options) if options.is_excerpt else frozenset()
    valid = {f: counter["ok"] > 0 or f in excused for f, counter in counts.items()}
    verdict = merge_valid(valid[f] for f in counts if f not in MAY_ALWAYS_FAIL)
    by_f = {kw(f): _summary(counts[f], valid[f]) for f in sorted(counts)}
    return _summary(sum(counts.values(), Counter()), verdict) | {kw("by-f"): by_f}


def _summary(counter: Mapping[str, int], verdict: Any) -> Result:
    summary = keywordize({"valid?": verdict, "count": sum(counter.values())})
    for outcome in ("ok", "fail", "info"):
        summary[kw(f"{outcome}-count")] = counter[outcome]
    return summary
