"""Delta debugging: the few items of many that a failure needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def ddmin(items: Sequence[T], fails: Callable[[list[T]], bool]) -> list[T]:
    """A part of `items`, in their order, that still `fails` and of which no single item can go.

    Source: Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input" (2002),
    the algorithm ddmin; `fails` must hold for all items together.

    >>> ddmin(range(100), lambda part: {17, 42} <= set(part))
    [17, 42]
    """
    if not items or fails([]):
        return []
    left = list(items)
    parts = 2
    while len(left) >= 2:
        size = -(-len(left) // parts)
        chunks = [left[i : i + size] for i in range(0, len(left), size)]
        reduced = _reduce(chunks, fails)
        if reduced is not None:
            was_chunk = any(reduced is chunk for chunk in chunks)
            left, parts = reduced, 2 if was_chunk else max(parts - 1, 2)
        elif size == 1:
            break
        else:
            parts = min(2 * parts, len(left))
    return left


def _reduce(chunks: list[list[T]], fails: Callable[[list[T]], bool]) -> list[T] | None:
    """A chunk that fails by itself, or what is left without one; None: neither does."""
    for chunk in chunks:
        if fails(chunk):
            return chunk
    if len(chunks) == 2:
        return None
    for i in range(len(chunks)):
        rest = [item for chunk in chunks[:i] + chunks[i + 1 :] for item in chunk]
        if fails(rest):
            return rest
    return None
