"""What a message says, in a few characters: the value that stands on its arrow.

One field is chosen.  Where a workload, a service or a node of the series has a name for the value,
that field counts; of a message that nobody knows, the first list, else the first map, else the
first field of any other kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from glomers.formats.text import clean

MOST_CHARACTERS = 14
"""Of a value on an arrow, where there is room."""

_ENVELOPE = frozenset({"type", "msg_id", "in_reply_to"})
_VALUE_FIELDS = (
    *("message", "messages", "value", "values", "element", "elements"),
    *("echo", "id", "node_id"),
)
_MOST_PART_CHARACTERS = 9
_MOST_KEY_CHARACTERS = 6
_MOST_PARTS = 40
"""More are not looked at: so many never fit."""


def value_of(body: Any, most: int = MOST_CHARACTERS, key: Any = None) -> str:
    """The value that a message's body carries, in up to `most` characters (at least 8).

    Empty when it carries none.  What is told of several keys is only told of `key`, if that is
    among them.
    """
    if not isinstance(body, dict):
        return ""
    fields = {name: value for name, value in body.items() if name not in _ENVELOPE}
    if not fields:
        return ""
    teller = _Teller(most, key, is_reply=body.get("in_reply_to") is not None)
    for needed, tell in _SHAPES:
        if needed <= fields.keys():
            return tell(teller, fields)
    return teller.told(fields[_chosen(fields)])


def is_acknowledgement(body: Any) -> bool:
    """Whether a body is a reply that says nothing but that the request arrived."""
    if not isinstance(body, dict) or body.get("in_reply_to") is None:
        return False
    return not body.keys() - _ENVELOPE


def _chosen(fields: dict[str, Any]) -> str:
    known = (name for name in _VALUE_FIELDS if name in fields)
    lists = (name for name, value in fields.items() if isinstance(value, list))
    maps = (name for name, value in fields.items() if isinstance(value, dict))
    return next(name for names in (known, lists, maps, fields) for name in names)


@dataclass(frozen=True, slots=True)
class _Teller:
    """Tells values in up to `most` characters; of several keys, that of `key`."""

    most: int
    key: Any
    is_reply: bool

    # Shapes of bodies with a notation of their own

    def delta(self, fields: dict[str, Any]) -> str:
        """`+3`: what is added."""
        delta = fields["delta"]
        is_number = isinstance(delta, int | float) and not isinstance(delta, bool)
        return _shortened(("+" if is_number and delta >= 0 else "") + _scalar(delta), self.most)

    def sent(self, fields: dict[str, Any]) -> str:
        """`7: 12`: message 12 for log 7."""
        return self._keyed(fields["key"], _part(fields["msg"]))

    def offset(self, fields: dict[str, Any]) -> str:
        """`offset 7`."""
        return self._row(["offset", _part(fields["offset"])])

    def polled(self, fields: dict[str, Any]) -> str:
        """`7: 12@0 13@1`: messages 12 and 13 of log 7 at the offsets 0 and 1."""
        if not isinstance(fields["msgs"], dict) or not fields["msgs"]:
            return self.told(fields["msgs"])
        words = []
        for key, entries in self._about(fields["msgs"].items()):
            pairs = entries[:_MOST_PARTS] if isinstance(entries, list) else [entries]
            first, *rest = map(_message_at, pairs) if pairs else ["[]"]
            words += [f"{_part(key)}: {first}", *rest]
        return self._row(words)

    def compared(self, fields: dict[str, Any]) -> str:
        """`total: 0→2`: the key, what it should have been, and what it becomes."""
        return self._keyed(fields["key"], f"{_part(fields['from'])}→{_part(fields['to'])}")

    def written(self, fields: dict[str, Any]) -> str:
        """`7: 12`: key 7 gets 12."""
        return self._keyed(fields["key"], _part(fields["value"]))

    def transaction(self, fields: dict[str, Any]) -> str:
        """`w8=16`: what a request writes in the end, or else reads; `r8=16`: what a reply read."""
        operations = fields["txn"]
        if not isinstance(operations, list) or not all(map(_is_micro_op, operations)):
            return self.told(operations)
        found = list(self._about(operations[:_MOST_PARTS], key_at=1))
        reads = [op for op in found if op[0] == "r"]
        writes = [op for op in found if op[0] != "r"]
        if self.is_reply and reads:
            return self._row(map(_done, reads))
        last = [op for i, op in enumerate(writes) if not _is_overwritten(op, writes[i + 1 :])]
        return self._row(map(_done, last) if last else (f"r{_part(op[1])}" for op in reads))

    def code(self, fields: dict[str, Any]) -> str:
        """The code of an error."""
        return self.told(fields["code"])

    # Any value

    def told(self, value: Any) -> str:
        """`12`, `[1 2 …]`, `n0:3 n1:5`, `20 items`."""
        if isinstance(value, dict):
            return self._pairs(value.items()) if value else "{}"
        if not isinstance(value, list):
            return _shortened(_scalar(value), self.most)
        parts = value[:_MOST_PARTS]
        if parts and all(map(_is_bulky, parts)):
            return "1 item" if len(value) == 1 else f"{len(value)} items"
        if parts and all(map(_is_record, parts)):
            return self._row([*map(_part, parts[0]), *("…" for _ in parts[1:])])
        if parts and all(map(_is_pair, parts)):
            return self._pairs(parts)
        return f"[{_row(map(_part, parts), self.most - 2)}]"

    def _pairs(self, pairs: Iterable[Any]) -> str:
        return self._row(
            f"{_shortened(_part(key), _MOST_KEY_CHARACTERS)}:{_part(item)}"
            for key, item in self._about(pairs)
        )

    def _about(self, items: Iterable[Any], key_at: int = 0) -> Iterable[Any]:
        """The items that are about `key`, or else all of them."""
        looked_at = list(islice(items, _MOST_PARTS))
        if self.key is None:
            return looked_at
        return [item for item in looked_at if str(item[key_at]) == str(self.key)] or looked_at

    def _keyed(self, key: Any, told: str) -> str:
        """A key and what belongs to it, of which the key is shortened first."""
        name = _part(key) if isinstance(key, list | dict) else _scalar(key)
        room = max(1, self.most - 2 - len(told))
        return _shortened(f"{_shortened(name, room)}: {told}", self.most)

    def _row(self, words: Iterable[str]) -> str:
        return _row(words, self.most) or "[]"


_SHAPES: tuple[tuple[frozenset[str], Callable[[_Teller, dict[str, Any]], str]], ...] = (
    (frozenset({"delta"}), _Teller.delta),
    (frozenset({"key", "msg"}), _Teller.sent),
    (frozenset({"offset"}), _Teller.offset),
    (frozenset({"msgs"}), _Teller.polled),
    (frozenset({"key", "from", "to"}), _Teller.compared),
    (frozenset({"key", "value"}), _Teller.written),
    (frozenset({"txn"}), _Teller.transaction),
    (frozenset({"code"}), _Teller.code),
)


def _message_at(pair: Any) -> str:
    return f"{_part(pair[1])}@{_part(pair[0])}" if _is_pair(pair) else _part(pair)


def _is_micro_op(operation: Any) -> bool:
    return isinstance(operation, list) and len(operation) == 3


def _is_overwritten(write: list[Any], later: list[list[Any]]) -> bool:
    return write[0] == "w" and any(op[0] == "w" and op[1] == write[1] for op in later)


def _done(operation: list[Any]) -> str:
    f, key, value = operation
    return f"{'a' if f == 'append' else _part(f)}{_part(key)}={_part(value)}"


def _part(value: Any) -> str:
    """A value as a part of another; of long lists and maps only how they begin."""
    if isinstance(value, dict):
        return "{…}" if value else "{}"
    if not isinstance(value, list):
        return _shortened(_scalar(value), _MOST_PART_CHARACTERS)
    if not value:
        return "[]"
    if any(isinstance(item, list | dict) for item in value[:_MOST_PARTS]):
        return "[…]"
    if _is_long_number(value[0]):  # a moment: what happened then stands last
        return f"[… {_shortened(_scalar(value[-1]), _MOST_PART_CHARACTERS - 4)}]"
    return f"[{_row(map(_scalar, value[:_MOST_PARTS]), _MOST_PART_CHARACTERS - 2)}]"


def _scalar(value: Any) -> str:
    if value is None:
        return "nil"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}"
    try:
        text = str(value)
    except ValueError:  # of a whole number with thousands of digits
        return "a long number"
    return " ".join(clean(text).split()) or '""'


def _row(words: Iterable[str], most: int) -> str:
    """As many of the words as fit, and `…` for the others."""
    enough = most // 2 + 2  # words of a letter each are then too many already
    row, *rest = [*islice(words, enough)] or [""]
    row = _shortened(row, most - 2 if rest else most)
    for i, word in enumerate(rest, start=1):
        longer = f"{row} {word}"
        if len(longer) + (2 if i < len(rest) else 0) > most:
            return f"{row} …"
        row = longer
    return row


def _shortened(text: str, most: int) -> str:
    """Text without its middle: names of many things differ in how they begin and end."""
    if len(text) <= most:
        return text
    end = (most - 1) // 2
    return f"{text[: most - 1 - end].rstrip()}…{text[len(text) - end :] if end else ''}"


def _is_bulky(value: Any) -> bool:
    """Whether a value is a map, a list of lists, or a pair that begins with a long number."""
    if isinstance(value, dict):
        return True
    if _is_pair(value):
        return _is_long_number(value[0])
    return isinstance(value, list) and any(isinstance(part, list) for part in value)


def _is_long_number(value: Any) -> bool:
    return isinstance(value, int | float) and len(_scalar(value)) > _MOST_KEY_CHARACTERS


def _is_record(value: Any) -> bool:
    """Whether a value is a list that begins with the name of what it tells, and is no pair."""
    return isinstance(value, list) and len(value) > 2 and isinstance(value[0], str)


def _is_pair(value: Any) -> bool:
    """Whether a value is a list of a key and what belongs to it."""
    return isinstance(value, list) and len(value) == 2 and not isinstance(value[0], list | dict)
