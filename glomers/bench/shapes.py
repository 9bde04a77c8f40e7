"""Whether a history belongs to a workload: its functions and the shapes of their values.

Each workload says in its own module what shapes those are (`Workload.shapes`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from glomers.formats.edn import Keyword, dumps, kw
from glomers.formats.history import HistoryError, Op

Holds = Callable[[Any], bool]


@dataclass(frozen=True)
class Shape:
    """What values of a function look like: `done` when it succeeded, else `asked`."""

    wanted: str
    done: Holds
    asked: Holds = lambda value: True


def is_int(value: Any) -> bool:
    """Whether `value` is an integer, and not a truth value."""
    return type(value) is int


def is_vector(value: Any) -> bool:
    """Whether `value` is a vector."""
    return isinstance(value, list)


def is_pair(value: Any) -> bool:
    """Whether `value` is a vector of two."""
    return isinstance(value, list) and len(value) == 2


def is_anything(value: Any) -> bool:
    """True, for what may have any value."""
    return True


def micro_ops(**tests: Holds) -> Holds:
    """A test for vectors of micro-operations `[:name key value]`; `tests` are for the values."""
    by_name: dict[Keyword, Holds] = {kw(name): test for name, test in tests.items()}

    def fits(micro_op: Any) -> bool:
        return (
            isinstance(micro_op, list)
            and len(micro_op) == 3
            and isinstance(micro_op[0], Keyword)
            and by_name.get(micro_op[0], lambda _: False)(micro_op[2])
        )

    return lambda value: isinstance(value, list) and all(map(fits, value))


def is_list_or_nil(value: Any) -> bool:
    """Whether `value` is a vector, or nil for an empty one."""
    return value is None or is_vector(value)


ANY_VALUE = Shape("anything", is_anything)
ELEMENTS = Shape("a vector of elements", is_list_or_nil)
Shapes = Mapping[str, Shape]
"""The functions of a workload, and the shapes of their values."""


def validate(history: Iterable[Op], workload: str, shapes: Shapes) -> None:
    """Make sure that clients' operations are those of `workload`, whose functions have `shapes`.

    Raises:
        HistoryError: when a function is not one of the workload's, or a value is of another type.
    """
    for op in history:
        if not isinstance(op.process, int):
            continue
        shape = shapes.get(op.f)
        if shape is None:
            raise HistoryError(
                f"index {op.index} is a :{op.f}, which the {workload} workload does not have "
                f"(it has {', '.join(f':{f}' for f in shapes)}); is this its history?"
            )
        fits = shape.done if op.type == "ok" else shape.asked
        if not fits(op.value):
            raise HistoryError(
                f"index {op.index}, an :{op.type} of :{op.f}, has the value {_shown(op.value)}, "
                f"but the {workload} workload has {shape.wanted}; is this its history?"
            )


def _shown(value: Any) -> str:
    text = dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."
