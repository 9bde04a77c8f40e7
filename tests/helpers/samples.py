"""Long lists of cases, of which the quick tests take a few."""

from collections.abc import Iterable
from typing import Any

import pytest


def mostly_slow(cases: Iterable[Any], every: int = 10) -> list[Any]:
    """The cases for `parametrize`: the first and each `every`-th after it; others marked slow."""
    marked = []
    for number, case in enumerate(cases):
        values = case if type(case) is tuple else (case,)
        marks = [] if number % every == 0 else [pytest.mark.slow]
        marked.append(pytest.param(*values, marks=marks))
    return marked
