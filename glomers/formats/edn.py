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
from math import inf, isfinite, nan
from typing import Any

import orjson

from glomers.formats.integers import has_long_integers

MAX_DEPTH = 100
MAX_TAGS_IN_A_ROW = 3
PRETTY_WIDTH = 70
_MAX_CACHED_ATOMS = 200_000
_MAX_CACHED_ATOM_LENGTH = 24


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
            keyword.edn = f":{name}" if _KEYWORD.fullmatch(f":{name}") else _write_string(name)
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


# Reading: one regular expression cuts the text into tokens, a stack machine builds the values.
# A vector of plain atoms, the bulk of every history, is a single token.

_TOKEN = re.compile(
    r"""
    \[[^\[\](){}"\\#;,]*+\]                 # vector of atoms
    | [\[\](){}]                            # delimiter
    | "[^"\\]*+(?:\\.[^"\\]*+)*+"           # string
    | \#[{_]                                # set, discard
    | \\.[^\s,"();\[\]{}\\]*+               # character
    | ;[^\n]*+                              # comment
    | [^\s,"();\[\]{}\\]++                  # any other atom, and tags
    | [^\s,]                                # a lone quotation mark or backslash
    """,
    re.VERBOSE | re.DOTALL,
)
_INTEGER = re.compile(r"[+-]?(?:0|[1-9][0-9]*)N?")
_FLOAT = re.compile(r"([+-]?(?:0|[1-9][0-9]*)(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?)M?")
_RATIO = re.compile(r"[+-]?[0-9]+/[0-9]+")
_NUMBER_START = re.compile(r"[+-]?[0-9]")
_KEYWORD = re.compile(r':[^\s:,"();\[\]{}\\][^\s,"();\[\]{}\\]*')
_SYMBOL = re.compile(r"[^\s#:'^@`~][^\s^@`~]*")
_TAG = re.compile(r"[^\W\d_][^\s#:'^@`~]*")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|[0-3]?[0-7]{1,2}|.)", re.DOTALL)
_SIMPLE_ESCAPES = {
    "t": "\t",
    "r": "\r",
    "n": "\n",
    "b": "\b",
    "f": "\f",
    '"': '"',
    "\\": "\\",
}
_NAMED_CHARS = {
    "newline": "\n",
    "space": " ",
    "tab": "\t",
    "return": "\r",
    "backspace": "\b",
    "formfeed": "\f",
}
_CONSTANTS: dict[str, Any] = {
    "nil": None,
    "true": True,
    "false": False,
    "##NaN": nan,
    "##Inf": inf,
    "##-Inf": -inf,
}
_CLOSED_BY = {"[": "]", "(": ")", "{": "}", "#{": "}"}


class _Prefix:
    """A tag, or a discard (`#_`), that stands before the value it belongs to."""

    __slots__ = ("tag",)

    def __init__(self, tag: str | None) -> None:
        self.tag = tag


def _unescape(match: re.Match[str]) -> str:
    code = match[1]
    if code[0] == "u" and len(code) == 5:
        return chr(int(code[1:], 16))
    if code[0] in "01234567":
        return chr(int(code, 8))
    if code not in _SIMPLE_ESCAPES:
        raise EdnError(f"\\{code} is no escape in a string")
    return _SIMPLE_ESCAPES[code]


def _join_surrogates(text: str) -> str:
    """Join characters that Java escaped in two halves; a lone half becomes U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _parse_string(token: str) -> str:
    if len(token) < 2 or token[-1] != '"':
        raise EdnError("a string has no closing quotation mark")
    if "\\" not in token:
        return token[1:-1]
    text = _ESCAPE.sub(_unescape, token[1:-1])
    return _join_surrogates(text) if "\\u" in token else text


def _parse_char(token: str) -> Char:
    name = token[1:]
    if len(name) == 1:
        return Char(name)
    if name in _NAMED_CHARS:
        return Char(_NAMED_CHARS[name])
    if re.fullmatch(r"u[0-9a-fA-F]{4}", name):
        return Char(_join_surrogates(chr(int(name[1:], 16))))
    if re.fullmatch(r"o[0-3]?[0-7]{1,2}", name):
        return Char(chr(int(name[1:], 8)))
    raise EdnError(f"{token!r} is no character")


def _parse_number(token: str) -> int | float | Fraction:
    try:
        if _INTEGER.fullmatch(token):
            return int(token.removesuffix("N"))
        if match := _FLOAT.fullmatch(token):
            return float(match[1])
        if _RATIO.fullmatch(token):
            ratio = Fraction(token)
            return int(ratio) if ratio.denominator == 1 else ratio
    except (ValueError, ZeroDivisionError):
        pass
    raise EdnError(f"{_shortened(token)} is no number")


def _parse_name(token: str) -> Keyword | Symbol:
    if _KEYWORD.fullmatch(token):
        return Keyword(token[1:])
    if not _SYMBOL.fullmatch(token):
        raise EdnError(f"{_shortened(token)} means nothing")
    return Symbol(token)


def _parse_prefix(token: str) -> _Prefix:
    if not _TAG.fullmatch(token, 1):
        raise EdnError(f"{_shortened(token)} is no tag")
    return _Prefix(token[1:])


def _shortened(token: str) -> str:
    return repr(token if len(token) <= 40 else token[:37] + "...")


class _Atoms(dict[str, Any]):
    """The value of each atom met so far, so that equal atoms are parsed once and shared."""

    def __missing__(self, token: str) -> Any:
        value = self._parse(token)
        if len(self) < _MAX_CACHED_ATOMS and len(token) <= _MAX_CACHED_ATOM_LENGTH:
            self[token] = value
        return value

    @staticmethod
    def _parse(token: str) -> Any:
        first = token[0]
        if first == '"':
            return _parse_string(token)
        if first == "\\":
            return _parse_char(token)
        if _NUMBER_START.match(token):
            return _parse_number(token)
        return _parse_name(token)


_atoms = _Atoms(_CONSTANTS)


def _resolve_prefixes(items: list[Any]) -> list[Any]:
    """Apply tags and discards to the values that follow them, from the last to the first."""
    resolved: list[Any] = []
    tags_in_a_row = 0
    for item in reversed(items):
        if not isinstance(item, _Prefix):
            resolved.append(item)
            tags_in_a_row = 0
            continue
        if not resolved:
            raise EdnError("a tag or discard has no value after it")
        value = resolved.pop()
        if item.tag is None:
            continue
        tags_in_a_row += 1
        if tags_in_a_row > MAX_TAGS_IN_A_ROW:
            raise EdnError(f"more than {MAX_TAGS_IN_A_ROW} tags in a row")
        resolved.append(Tagged(item.tag, value))
    resolved.reverse()
    return resolved


def _build_map(items: list[Any]) -> dict[Any, Any]:
    if len(items) % 2:
        raise EdnError("a map has a key without a value")
    keys, values = items[::2], items[1::2]
    try:
        built = dict(zip(keys, values, strict=True))
        is_built = len(built) == len(keys)
    except TypeError:
        is_built = False
    if not is_built:
        built = dict(zip(map(freeze, keys), values, strict=True))
    if len(built) != len(keys):
        raise EdnError("a map has the same key twice")
    return built


def _build_set(items: list[Any]) -> frozenset[Any]:
    built = frozenset(map(freeze, items))
    if len(built) != len(items):
        raise EdnError("a set has the same member twice")
    return built


_BUILDERS: dict[str, Callable[[list[Any]], Any]] = {
    "[": list,
    "(": tuple,
    "{": _build_map,
    "#{": _build_set,
}


class _Builder:
    """The stack machine: takes tokens, and holds the values that are complete so far."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._outer: list[tuple[str, list[Any]]] = []
        self._has_prefixes = False
        self.at = 0

    def feed(self, tokens: list[str]) -> None:
        """Build the values of `tokens`; `at` tells which one an EdnError is about."""
        values = self.values
        cached = _atoms.get
        atom = _atoms.__getitem__
        for self.at, token in enumerate(tokens):
            value = cached(token, _atoms)
            if value is not _atoms:
                values.append(value)
                continue
            first = token[0]
            if first == "[" and len(token) > 1:
                # A list that grew has room to spare, its copy none: 72 bytes a pair, not 120.
                values.append([*map(atom, token[1:-1].split())][:])
            elif token in _CLOSED_BY:
                values = self._open(token)
            elif first in "])}":
                values = self._close(token)
            elif first == "#":
                values.append(_Prefix(None) if token == "#_" else _parse_prefix(token))
                self._has_prefixes = True
            elif first != ";":
                values.append(atom(token))

    def _open(self, delimiter: str) -> list[Any]:
        if len(self._outer) >= MAX_DEPTH:
            raise EdnError(f"values are nested more than {MAX_DEPTH} deep")
        self._outer.append((delimiter, self.values))
        self.values = []
        return self.values

    def _close(self, delimiter: str) -> list[Any]:
        if not self._outer or _CLOSED_BY[self._outer[-1][0]] != delimiter:
            raise EdnError(f"{delimiter!r} closes nothing that is open")
        opened_by, outer = self._outer.pop()
        items = _resolve_prefixes(self.values) if self._has_prefixes else self.values
        outer.append(_BUILDERS[opened_by](items))
        self.values = outer
        return outer

    def finish(self) -> list[Any]:
        """Return the values, all of them complete."""
        if self._outer:
            raise EdnError(f"the text ends before {_CLOSED_BY[self._outer[-1][0]]!r}")
        return _resolve_prefixes(self.values) if self._has_prefixes else self.values


def loads_all(text: str) -> list[Any]:
    """Read every value in `text`.

    Raises:
        EdnError: with line and column, when `text` is not EDN, or is nested deeper than anything
            Maelstrom writes.
    """
    builder = _Builder()
    try:
        builder.feed(_TOKEN.findall(text))
        return builder.finish()
    except EdnError as error:
        raise EdnError(f"{error} ({_place(text, builder.at)})") from None


def loads(text: str) -> Any:
    """Read the one value in `text`; see `loads_all` for what is raised."""
    values = loads_all(text)
    if len(values) != 1:
        raise EdnError(f"expected one value, found {len(values) or 'none'}")
    return values[0]


def _place(text: str, token_number: int) -> str:
    """Say where in `text` a token stands; in a single line the column is enough."""
    start = 0
    for number, match in enumerate(_TOKEN.finditer(text)):
        start = match.start()
        if number == token_number:
            break
    column = f"column {start - text.rfind(chr(10), 0, start)}"
    if "\n" not in text.strip():
        return column
    line = text.count("\n", 0, start) + 1
    return f"line {line}, {column}"


# Writing

_NEEDS_ESCAPE = re.compile(r'["\\\n\t\r\f\b]')
_ESCAPES = {character: f"\\{code}" for code, character in _SIMPLE_ESCAPES.items()}
_CHAR_NAMES = {character: name for name, character in _NAMED_CHARS.items()}


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
            text = orjson.dumps(value)
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
