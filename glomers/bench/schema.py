"""Shapes of replies: what a node must answer, and a sentence about what it answered instead.

The shapes are those that Maelstrom's clients check (`src/maelstrom/client.clj` and the workloads):
integers have any size and are no floats, and null does for an empty list.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from glomers.formats.text import beginning
from glomers.protocol import RPCError, dumps

Check = tuple[str, Callable[[Any], bool]]

ANYTHING: Check = ("anything", lambda value: True)
INTEGER: Check = ("an integer", lambda value: type(value) is int)
LONG: Check = (
    "an integer of 64 bits",
    lambda value: type(value) is int and -(2**63) <= value < 2**63,
)
LIST: Check = ("a list", lambda value: value is None or isinstance(value, list))
OFFSETS: Check = (
    "a map from keys to offsets, which are integers",
    lambda value: isinstance(value, dict) and all(type(each) is int for each in value.values()),
)

_ENVELOPE = ("in_reply_to", "msg_id")


class MalformedReply(Exception):
    """A node's reply does not have the shape that its request asks for."""


@dataclass(frozen=True)
class Reply:
    """The shape of a reply: its type and its required fields.

    Nothing else may be in it but an integer `msg_id` and what tells which request it answers.
    """

    type: str
    fields: Mapping[str, Check] = field(default_factory=dict)

    def check(self, node: str, request: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
        """Return `body` when it has this shape.

        Raises:
            MalformedReply: naming the node, what it was sent, what it should have answered and
                what it did answer.
        """
        if problem := self._problem(body):
            raise MalformedReply(
                f"Malformed reply: {node} was sent {_show(request)} and should have answered "
                f"{self}, but answered {_show(body)}: {problem}."
            )
        return body

    def _problem(self, body: dict[str, Any]) -> str | None:
        return self._type_problem(body) or self._fields_problem(body)

    def _type_problem(self, body: dict[str, Any]) -> str | None:
        if body.get("type") == self.type:
            return None
        return f"its type is {_show(body.get('type'))}, not {self.type!r}"

    def _fields_problem(self, body: dict[str, Any]) -> str | None:
        for name, (wanted, holds) in self.fields.items():
            if name not in body:
                return f"{name!r} is missing"
            if not holds(body[name]):
                return f"{name!r} is {_show(body[name])}, not {wanted}"
        if type(body.get("msg_id", 0)) is not int:
            return f"'msg_id' is {_show(body['msg_id'])}, not an integer"
        if not body.keys() <= self._keys:
            return f"{min(body.keys() - self._keys)!r} does not belong in it"
        return None

    @cached_property
    def _keys(self) -> frozenset[str]:
        return frozenset({"type", *self.fields, *_ENVELOPE})

    def __str__(self) -> str:
        fields = [f'"type": "{self.type}"', *(f'"{k}": {v[0]}' for k, v in self.fields.items())]
        return "{" + ", ".join(fields) + "}"


class LooseReply(Reply):
    """The shape of a reply of which only the type is judged."""

    def _fields_problem(self, body: dict[str, Any]) -> str | None:
        return None


NO_CODE = -1
"""Stands for the code of an error that has none; like all that nobody has defined, it may mean
anything."""


def refusal(node: str, body: dict[str, Any]) -> RPCError:
    """The error that `node` answered with; without an integer for a code, any error."""
    code = body.get("code")
    if type(code) is int:
        return RPCError(code, body.get("text"))
    text = f"{node} answered {_show(body)}: its 'code' is {_show(code)}, not an integer"
    return RPCError(NO_CODE, text)


def _show(value: Any, count: int = 300) -> str:
    return beginning(dumps(value).decode(), count)
