"""Seeds and how many of them, as a notebook asks for them."""

from __future__ import annotations

import operator
from typing import SupportsIndex

from glomers.errors import LabError


def seeds(first: int, count: int) -> range:
    """`count` seeds, from `first` on.

    Raises:
        LabError: when one is no whole number, or the count is below 1.
    """
    start = whole("A seed", first)
    return range(start, start + whole_count("A count of seeds", count))


def whole_count(what: str, value: SupportsIndex) -> int:
    """`value`, if it is a whole number of at least 1.

    Raises:
        LabError: when it is none; `what` begins the sentence.
    """
    count = whole(what, value)
    if count < 1:
        raise LabError(f"{what} is at least 1, not {count}.")
    return count


def whole(what: str, value: SupportsIndex) -> int:
    """`value`, if it is a whole number.

    Raises:
        LabError: when it is none; `what` begins the sentence.
    """
    try:
        return operator.index(value)
    except TypeError:
        raise LabError(f"{what} is a whole number, not {value!r}.") from None
