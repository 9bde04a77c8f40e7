"""EDN, the notation that Maelstrom writes its histories and results in (edn-format.org).

How EDN's types look in Python:

| EDN | Python |
|---|---|
| nil, true, false | None, True, False |
| integers (also `12N`, as those of more than 64 bits are written), ratios | int, Fraction |
| floating-point numbers (also `1.5M`, `##Inf`) | float |
| strings, characters | str, Char |
| keywords, symbols | Keyword, Symbol |
| vectors, lists | list, tuple |
| maps | dict |
| sets | frozenset |
| tagged values | Tagged |

Keys of maps and members of sets are frozen (see `freeze`), as Python needs them hashable.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import total_ordering
from itertools import chain
from math import isfinite
from typing import Any

from glomers.formats import compact_json
from glomers.formats.integers import has_long_integers

PRETTY_WIDTH = 70


class EdnError(ValueError):
    """Text is not EDN, or a value cannot be written as EDN."""


@total_ordering
class Keyword:
    """A keyword such as `:valid?`; there is one object for each name, so `is` compares them."""

    __slots__ = ("edn", "name")
    _interned: dict[str, Keyword] = {}  # noqa: RUF012  (ClassVar would clash with the slots)
    name: str
    edn: str

    def __new__(cls, name: str) -> Keyword:
        """Return the keyword called `name` (without the colon).

        A name that no reader would take for a keyword, such as one with spaces, is written as a
        string.
        """
        keyword = cls._interned.get(name)
        if keyword is None:
            keyword = object.__new__(cls)
            keyword.name = name
            keyword.edn = f":{name}" if KEYWORD.fullmatch(f":{name}") else _write_string(name)
            cls._interned[name] = keyword
        return keyword

    def __reduce__(self) -> tuple[type[Keyword], tuple[str]]:
        return Keyword, (self.name,)

    def __repr__(self) -> str:
        return self.edn

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Keyword):
            return NotImplemented
        return self.name < other.name


kw = Keyword


@dataclass(frozen=True, slots=True)
class Symbol:
    """A symbol such as `clojure.lang.ExceptionInfo`."""

    name: str


@dataclass(frozen=True, slots=True)
class Char:
    r"""A single character, written `\c` or `\newline`."""

    value: str


@dataclass(frozen=True, slots=True)
class Tagged:
    """A value with a tag that says what it stands for, such as `#inst "2026-11-23"`."""

    tag: str
    value: Any


class FrozenMap(dict[Any, Any]):
    """A map that serves as a key or set member; it must not be changed."""

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))


class FrozenFloat(float):
    """A float that serves as a key or set member, and is another one than the integer."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, float) and float.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = float.__hash__


def freeze(value: Any) -> Any:
    """Return `value` in a hashable form: vectors become tuples, maps become FrozenMaps.

    Among keys and members, 1 and 1.0 are two as in Clojure.
    """
    if type(value) is float:
        return FrozenFloat(value)
    if isinstance(value, list | tuple):
        return tuple(map(freeze, value))
    if isinstance(value, dict):
        return FrozenMap({key: freeze(item) for key, item in value.items()})
    if isinstance(value, Tagged):
        return Tagged(value.tag, freeze(value.value))
    return value


KEYWORD = re.compile(r':[^\s:,"();\[\]{}\\][^\s,"();\[\]{}\\]*')
SIMPLE_ESCAPES = {
    "t": "\t",
    "r": "\r",
    "n": "\n",
    "b": "\b",
    "f": "\f",
    '"': '"',
    "\\": "\\",
}
NAMED_CHARS = {
    "newline": "\n",
    "space": " ",
    "tab": "\t",
    "return": "\r",
    "backspace": "\b",
    "formfeed": "\f",
}
_NEEDS_ESCAPE = re.compile(r'["\\\n\t\r\f\b]')
_ESCAPES = {character: f"\\{code}" for code, character in SIMPLE_ESCAPES.items()}
_CHAR_NAMES = {character: name for name, character in NAMED_CHARS.items()}


def _write_float(value: float) -> str:
    """Write a float as Java does: `0.001` to `9999999.0` plainly, others as `1.0E7`."""
    if not isfinite(value):
        return "##NaN" if value != value else "##Inf" if value > 0 else "##-Inf"
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(value)
    digits, _, exponent = f"{Decimal(repr(value)).normalize():E}".partition("E")
    return f"{digits if '.' in digits else digits + '.0'}E{int(exponent)}"


def _write_string(value: str) -> str:
    if _NEEDS_ESCAPE.search(value):
        value = _NEEDS_ESCAPE.sub(lambda match: _ESCAPES[match[0]], value)
    return f'"{value}"'


def _write_items(items: Iterable[Any]) -> str:
    return " ".join([_WRITERS.get(type(item), _write_other)(item) for item in items])


def _write_integer(value: int) -> str:
    """Write an integer as Clojure does: with an N where it has more than 64 bits."""
    return str(value) if -(2**63) <= value < 2**63 else f"{value}N"


def _write_list(value: list[Any]) -> str:
    if _is_all_integers(value):
        try:
            text = compact_json.dumps(value)
        except TypeError:  # one of them has more than 64 bits
            return f"[{_write_items(value)}]"
        if not has_long_integers(text):
            return text.decode().replace(",", " ")
    return f"[{_write_items(value)}]"


def _is_all_integers(value: list[Any]) -> bool:
    """Whether a list holds integers only, or lists of them: pairs are what logs consist of."""
    first = value[0] if value else None
    if type(first) is list:
        first = first[0] if first else None
    if type(first) is not int:  # most lists are told apart by their first item
        return False
    kinds = set(map(type, value))
    if kinds == {list}:
        kinds = set(map(type, chain.from_iterable(value)))
    return kinds == {int}


def _write_map(value: Mapping[Any, Any]) -> str:
    pairs = [f"{dumps(key)} {dumps(item)}" for key, item in value.items()]
    return f"{{{', '.join(pairs)}}}"


def _sorted_members(value: Iterable[Any]) -> list[Any]:
    """Members in an order that does not depend on hashes: by type, then numbers before text."""
    return sorted(value, key=_member_order)


def _member_order(member: Any) -> tuple[str, int, str]:
    return type(member).__name__, member if type(member) is int else 0, dumps(member)


_WRITERS: dict[type, Callable[[Any], str]] = {
    type(None): lambda _: "nil",
    bool: lambda value: "true" if value else "false",
    int: _write_integer,
    float: _write_float,
    Fraction: str,
    str: _write_string,
    Keyword: lambda value: value.edn,
    Symbol: lambda value: value.name,
    Char: lambda value: "\\" + _CHAR_NAMES.get(value.value, value.value),
    list: _write_list,
    tuple: lambda value: f"({_write_items(value)})",
    dict: _write_map,
    FrozenMap: _write_map,
    set: lambda value: f"#{{{_write_items(_sorted_members(value))}}}",
    frozenset: lambda value: f"#{{{_write_items(_sorted_members(value))}}}",
    Tagged: lambda value: f"#{value.tag}{_gap(value.value)}{dumps(value.value)}",
}


def _gap(value: Any) -> str:
    """What stands between a tag and its value: nothing before a map, as Clojure writes records."""
    return "" if isinstance(value, dict) else " "


def _write_other(value: Any) -> str:
    for kind in type(value).__mro__:
        if kind in _WRITERS:
            return _WRITERS[kind](value)
    raise EdnError(f"a {type(value).__name__} cannot be written as EDN")


def dumps(value: Any) -> str:
    """Write `value` in one line; maps keep their order, members of sets are sorted.

    Raises:
        EdnError: when `value` holds something EDN has no notation for, or is nested too deeply.
    """
    try:
        return _WRITERS.get(type(value), _write_other)(value)
    except RecursionError:
        raise EdnError("a value is nested too deeply to be written") from None


@dataclass(slots=True)
class _Block:
    """A collection on its way to being laid out: in one line if it fits, else one item a line."""

    opening: str
    items: list[tuple[str | _Block, str | _Block | None]]
    separator: str
    closing: str
    length: int


def _length(part: str | _Block) -> int:
    return part.length if isinstance(part, _Block) else len(part)


def _blocks(value: Any, prefix: str = "") -> str | _Block:
    if isinstance(value, Tagged):
        return _blocks(value.value, f"{prefix}#{value.tag}{_gap(value.value)}")
    if isinstance(value, dict):
        pairs = [(_blocks(key), _blocks(item)) for key, item in value.items()]
        length = sum(_length(key) + 1 + _length(item) for key, item in pairs)
        return _Block(prefix + "{", [*pairs], ", ", "}", _block_length(prefix, length, pairs, 2))
    if isinstance(value, list | tuple | set | frozenset):
        opening, closing = _brackets(value)
        members = _sorted_members(value) if isinstance(value, set | frozenset) else value
        items = [_blocks(item) for item in members]
        length = sum(map(_length, items)) + len(opening) - 1
        block_length = _block_length(prefix, length, items, 1)
        return _Block(prefix + opening, [(i, None) for i in items], " ", closing, block_length)
    return prefix + dumps(value)


def _block_length(prefix: str, length: int, items: list[Any], separator_length: int) -> int:
    return len(prefix) + 2 + length + separator_length * max(0, len(items) - 1)


def _brackets(value: Any) -> tuple[str, str]:
    if isinstance(value, list):
        return "[", "]"
    return ("(", ")") if isinstance(value, tuple) else ("#{", "}")


def _lay_out(part: str | _Block, column: int, out: list[str]) -> None:
    """Append the text of `part`, which starts at `column`."""
    if isinstance(part, str):
        out.append(part)
        return
    flat = column + part.length <= PRETTY_WIDTH
    indent = column + len(part.opening)
    gap = part.separator if flat else f"{part.separator.strip()}\n{' ' * indent}"
    out.append(part.opening)
    for number, (first, second) in enumerate(part.items):
        if number:
            out.append(gap)
        _lay_out(first, indent, out)
        if second is not None:
            out.append(" ")
            _lay_out(second, indent + _length(first) + 1, out)
    out.append(part.closing)


def pretty(value: Any) -> str:
    """Write `value` indented over several lines, as Maelstrom lays out `results.edn`."""
    out: list[str] = []
    _lay_out(_blocks(value), 0, out)
    return "".join(out)


def keywordize(mapping: Mapping[str, Any]) -> dict[Keyword, Any]:
    """Turn the keys of `mapping` (but not those inside its values) into keywords."""
    return {Keyword(key): value for key, value in mapping.items()}


def to_json(value: Any) -> Any:
    """Turn an EDN value into one that JSON can hold: keywords and keys of maps become text."""
    if isinstance(value, dict):
        return {_json_key(key): to_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_json(item) for item in value]
    if isinstance(value, set | frozenset):
        return [to_json(item) for item in _sorted_members(value)]
    if isinstance(value, Tagged):
        return to_json(value.value)
    if isinstance(value, Keyword | Symbol):
        return value.name
    if isinstance(value, Char):
        return value.value
    if isinstance(value, Fraction | float):
        try:
            return float(value) if isfinite(value) else None
        except OverflowError:  # a ratio beyond all floats
            return None
    return value


def _json_key(key: Any) -> str:
    if isinstance(key, str):
        return key
    return key.name if isinstance(key, Keyword) else dumps(key)


def equality_key(value: Any) -> Any:
    """A hashable key that is the same for two values exactly when EDN calls them equal.

    Python's own `==` will not do: it takes 1, 1.0 and True for the same.
    """
    if value is None or type(value) in (int, str, Keyword):
        return value
    if isinstance(value, list | tuple):
        return tuple(map(equality_key, value))
    if isinstance(value, dict):
        pairs = ((equality_key(key), equality_key(item)) for key, item in value.items())
        return dict, frozenset(pairs)
    if isinstance(value, set | frozenset):
        return frozenset, frozenset(map(equality_key, value))
    if isinstance(value, Tagged):
        return Tagged, value.tag, equality_key(value.value)
    return type(value), value
