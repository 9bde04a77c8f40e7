"""Clojure's order of values: only values of one kind can be compared."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from glomers.bench.checkers.judgement import CheckError
from glomers.formats.edn import Keyword


def ordered(values: Iterable[Any]) -> list[Any]:
    """Sort `values` as Clojure's `compare` does: nil first, vectors by length and then content.

    Raises:
        CheckError: when two or more values have no common order, as a number and a text.
    """
    try:
        return sorted(values, key=_key)
    except TypeError:
        raise CheckError(
            "the values have no order, as they are not of one comparable type"
        ) from None


class _Value:
    """A value that compares with values of its own kind only."""

    __slots__ = ("kind", "value")

    def __init__(self, kind: str, value: Any) -> None:
        self.kind = kind
        self.value = value

    def __eq__(self, other: object) -> bool:
        """Lists are compared item by item, and go on where items are equal."""
        if not isinstance(other, _Value):
            return NotImplemented
        return self.kind == other.kind and bool(self.value == other.value)

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, _Value) or self.kind != other.kind:
            return NotImplemented
        less: bool = self.value < other.value
        return less


def _key(value: Any) -> tuple[Any, ...]:
    if value is None:
        return (0,)
    if isinstance(value, bool):
        return (1, _Value("boolean", value))
    if isinstance(value, int | float | Fraction):
        return (1, _Value("number", value))
    if isinstance(value, str | Keyword):
        return (1, _Value(type(value).__name__, value))
    if isinstance(value, list | tuple):
        return (1, _Value("vector", (len(value), [_key(item) for item in value])))
    return (1, object())
