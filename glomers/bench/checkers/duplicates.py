"""Unique ids: no id is given out twice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from glomers.bench.checkers.clojure_order import ordered
from glomers.bench.checkers.judgement import CheckOptions, Result
from glomers.formats.edn import equality_key, freeze, keywordize
from glomers.formats.history import Op

MAX_DUPLICATES_SHOWN = 48


def check(history: Sequence[Op], options: CheckOptions) -> Result:
    """Count ids that were given out more than once, and show the most frequent of them.

    Raises:
        CheckError: when ids are of types that cannot be compared with one another.
    """
    attempted = 0
    ids: list[Any] = []
    copies: dict[Any, int] = {}
    for op in history:
        if op.f != "generate":
            continue
        if op.type == "invoke":
            attempted += 1
        elif op.type == "ok":
            key = equality_key(op.value)
            copies[key] = copies.get(key, 0) + 1
            if copies[key] == 1:
                ids.append(op.value)
    ids = ordered(ids)
    counts = [(value, copies[equality_key(value)]) for value in ids]
    duplicated = [(value, count) for value, count in counts if count > 1]
    return keywordize(
        {
            "valid?": not duplicated,
            "attempted-count": attempted,
            "acknowledged-count": sum(copies.values()),
            "duplicated-count": len(duplicated),
            "duplicated": _most_frequent(duplicated),
            "range": [ids[0], ids[-1]] if ids else [None, None],
        }
    )


def _most_frequent(duplicated: list[tuple[Any, int]]) -> dict[Any, int]:
    """The ids with the most copies, in their own order."""
    places = sorted(range(len(duplicated)), key=lambda place: duplicated[place][1])
    shown = (duplicated[place] for place in sorted(places[-MAX_DUPLICATES_SHOWN:]))
    return {freeze(value): count for value, count in shown}
