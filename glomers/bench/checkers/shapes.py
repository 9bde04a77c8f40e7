"""Whether a recorded history belongs to a workload: its functions and the shapes of its values."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from glomers.formats.edn import Keyword, dumps, kw
from glomers.formats.history import HistoryError, Op

Test = Callable[[Any], bool]


@dataclass(frozen=True)
class Shape:
    """What values of a function look like: `done` when it succeeded, else `asked`."""

    wanted: str
    done: Test
    asked: Test = lambda value: True


def _is_int(value: Any) -> bool:
    return type(value) is int


def _is_nil(value: Any) -> bool:
    return value is None


def _is_vector(value: Any) -> bool:
    return isinstance(value, list)


def _is_map(value: Any) -> bool:
    return isinstance(value, dict)


def _is_pair(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2


def _is_swap(value: Any) -> bool:
    return _is_pair(value) and _is_pair(value[1])


def _is_anything(value: Any) -> bool:
    return True


def _micro_ops(**tests: Test) -> Test:
    """A test for vectors of micro-operations `[:name key value]`; `tests` are for the values."""
    by_name: dict[Keyword, Test] = {kw(name): test for name, test in tests.items()}

    def fits(micro_op: Any) -> bool:
        return (
            isinstance(micro_op, list)
            and len(micro_op) == 3
            and isinstance(micro_op[0], Keyword)
            and by_name.get(micro_op[0], lambda _: False)(micro_op[2])
        )

    return lambda value: isinstance(value, list) and all(map(fits, value))


def _is_message_map(value: Any) -> bool:
    """Whether `value` is `{key [[offset message] ...]}`."""
    return isinstance(value, dict) and all(
        isinstance(messages, list) and all(map(_is_pair, messages)) for messages in value.values()
    )


def _is_log_txn(send: Test) -> Test:
    """A test for `[[:send key value]]`, with `send` for the value, and `[[:poll {...}]]`."""
    is_send = _micro_ops(send=send)

    def fits(micro_op: Any) -> bool:
        if not isinstance(micro_op, list) or micro_op[:1] != [kw("poll")]:
            return is_send([micro_op])
        return len(micro_op) <= 2 and all(map(_is_message_map, micro_op[1:]))

    return lambda value: isinstance(value, list) and all(map(fits, value))


def _is_list_or_nil(value: Any) -> bool:
    return _is_vector(value) or _is_nil(value)


_ANYTHING = Shape("anything", _is_anything)
_ELEMENTS = Shape("a vector of elements", _is_list_or_nil)
_COUNTER = {
    "add": Shape("an integer", _is_int, _is_int),
    "read": Shape("an integer", _is_int),
}
_KEYED = Shape("[key value]", _is_pair, _is_pair)
_LOG = Shape(
    "a vector of [:send key [offset message]] or [:poll {key [[offset message] ...]}]",
    _is_log_txn(_is_pair),
    _is_log_txn(_is_anything),
)
_REGISTER_TXN = _micro_ops(r=_is_anything, w=_is_anything)
_LIST_TXN = _micro_ops(r=_is_list_or_nil, append=_is_anything)

SHAPES: dict[str, dict[str, Shape]] = {
    "echo": {"echo": Shape("a map, the body of the reply", _is_map)},
    "unique-ids": {"generate": _ANYTHING},
    "broadcast": {"broadcast": _ANYTHING, "read": _ELEMENTS},
    "g-set": {"add": _ANYTHING, "read": _ELEMENTS},
    "g-counter": _COUNTER,
    "pn-counter": _COUNTER,
    "kafka": {
        "send": _LOG,
        "poll": _LOG,
        "txn": _LOG,
        "assign": Shape("a vector of keys", _is_vector, _is_vector),
        "subscribe": Shape("a vector of keys", _is_vector, _is_vector),
        "crash": _ANYTHING,
        "debug-topic-partitions": _ANYTHING,
    },
    "lin-kv": {
        "read": _KEYED,
        "write": _KEYED,
        "cas": Shape("[key [from to]]", _is_swap, _is_swap),
    },
    "txn-rw-register": {
        "txn": Shape("a vector of [:r key value] and [:w key value]", _REGISTER_TXN, _REGISTER_TXN)
    },
    "txn-list-append": {
        "txn": Shape("a vector of [:r key list] and [:append key value]", _LIST_TXN, _LIST_TXN)
    },
}
"""The functions of each workload."""


def validate(history: Iterable[Op], workload: str) -> None:
    """Make sure that clients' operations are those of `workload`.

    Raises:
        HistoryError: when a function is not one of the workload's, or a value is of another type.
    """
    shapes = SHAPES[workload]
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
