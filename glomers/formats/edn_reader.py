"""Reading EDN (see `glomers.formats.edn`).

One regular expression cuts the text into tokens, a stack machine builds the values.  A vector of
plain atoms, the bulk of every history, is a single token.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from math import inf, nan
from typing import Any

from glomers.formats.edn import (
    KEYWORD,
    NAMED_CHARS,
    SIMPLE_ESCAPES,
    Char,
    EdnError,
    Keyword,
    Symbol,
    Tagged,
    freeze,
)

MAX_DEPTH = 100
MAX_TAGS_IN_A_ROW = 3
_MAX_CACHED_ATOMS = 200_000
_MAX_CACHED_ATOM_LENGTH = 24

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
_SYMBOL = re.compile(r"[^\s#:'^@`~][^\s^@`~]*")
_TAG = re.compile(r"[^\W\d_][^\s#:'^@`~]*")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|[0-3]?[0-7]{1,2}|.)", re.DOTALL)
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
    if code not in SIMPLE_ESCAPES:
        raise EdnError(f"\\{code} is no escape in a string")
    return SIMPLE_ESCAPES[code]


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
    if name in NAMED_CHARS:
        return Char(NAMED_CHARS[name])
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
    if KEYWORD.fullmatch(token):
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
