"""What every checker shares: its options, its kind of result, and how verdicts combine."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from glomers.formats.edn import Keyword, kw
from glomers.formats.history import Op

VALID = kw("valid?")
UNKNOWN = kw("unknown")
ERROR = kw("error")

Result = dict[Keyword, Any]


class CheckError(Exception):
    """A checker cannot judge the history; the verdict is unknown."""


@dataclass(frozen=True)
class CheckOptions:
    """What a run is judged against; `availability` is the least fraction of `ok` operations.

    An excerpt shows some operations of a larger load, see `glomers.bench.checkers.excerpt`; with
    `has_delays` single messages of it are held up.
    """

    workload: str
    consistency_models: tuple[str, ...] = ("strict-serializable",)
    availability: float | None = None
    is_excerpt: bool = False
    has_delays: bool = False


Checker = Callable[[Sequence[Op], CheckOptions], Result]


def merge_valid(verdicts: Iterable[Any]) -> Any:
    """Combine verdicts: False outweighs unknown, which outweighs True."""
    merged: Any = True
    for verdict in verdicts:
        if verdict is False:
            return False
        if verdict is not True:
            merged = UNKNOWN
    return merged


def single_precision(value: float) -> float:
    """Round to single precision, as the JVM's `float` does."""
    rounded: float = struct.unpack("f", struct.pack("f", value))[0]
    return rounded


def shortest_single(value: float) -> float:
    """The number with the fewest digits that is the same as `value` in single precision.

    This is how the JVM prints a `float`: 5.9009433 rather than 5.900943279266357.
    """
    target = single_precision(value)
    candidates = (float(f"{target:.{digits}g}") for digits in range(1, 10))
    return next(c for c in candidates if single_precision(c) == target)
