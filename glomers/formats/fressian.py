"""Fressian, the binary notation that Maelstrom writes its journal of messages in.

The format is described at github.com/Datomic/fressian (wiki, "Format" and "Caching"). Each object
begins with a byte, its code, which is often most of it: small numbers, short strings and short
lists have their value or length in the code. An object that was marked for caching is stored once
and repeated as a reference to its number; so is the head of a structure, its tag and its length.

How Fressian's types look in Python, unless the caller of `Reader` wants them otherwise:

| Fressian | Python |
|---|---|
| null, bool, int, bigint | None, bool, int |
| float, double, bigdec, ratio | float, Fraction |
| string, char, bytes | str, Char, bytes |
| key, sym | Keyword, Symbol |
| list and arrays, map, set | list, dict, frozenset |
| uuid, uri, regex, inst (ms since 1970) and any other tag | Tagged |

Data may be damaged or hostile: whatever the bytes are, reading takes time and memory in proportion
to their number, or ends with an error.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any
from uuid import UUID

from glomers.formats.edn import Char, Keyword, Symbol, Tagged, freeze

MAX_DEPTH = 100
MAX_REPEATED_BYTES = 1 << 20
"""How many bytes of cached collections and long strings one object may repeat."""
MAX_BIGINT_BYTES = 1024

Handler = Callable[[list[Any]], Any]
"""Makes a value of the components of a structure."""

_PUT_CACHE, _GET_CACHE, _FOOTER = 0xCD, 0xCC, 0xCF
_END, _RESET_CACHES = 0xFD, 0xFE
_BYTES_CHUNK, _BYTES = 0xD8, 0xD9
_STRING_PACKED, _STRING_CHUNK, _STRING = 0xDA, 0xE2, 0xE3
_MAGIC = b"\xcf\xcf\xcf\xcf"
_BUILT_IN = {
    0xC0: ("map", 1),
    0xC1: ("set", 1),
    0xC3: ("uuid", 1),
    0xC4: ("regex", 1),
    0xC5: ("uri", 1),
    0xC6: ("bigint", 1),
    0xC7: ("bigdec", 2),
    0xC8: ("inst", 1),
    0xC9: ("sym", 2),
    0xCA: ("key", 2),
}
_ARRAYS = range(0xB0, 0xB6)
_PACKED_INTS = {
    # the highest bits of integers, which are in their codes, and the number of further bytes
    code: (code - zero << 8 * more, more)
    for codes, zero, more in (
        (range(0x40, 0x60), 0x50, 1),
        (range(0x60, 0x70), 0x68, 2),
        (range(0x70, 0x74), 0x72, 3),
        (range(0x74, 0x78), 0x76, 4),
        (range(0x78, 0x7C), 0x7A, 5),
        (range(0x7C, 0x80), 0x7E, 6),
    )
    for code in codes
}
_CONSTANTS = {0xF5: True, 0xF6: False, 0xF7: None, 0xFB: 0.0, 0xFC: 1.0, 0xFF: -1}
_UNFINISHED = object()
_LIGHT = (str, int, float, Keyword, Symbol, Char, type(None))
_LIGHT_BYTES = 256


class FressianError(ValueError):
    """Bytes are not Fressian."""


class CutOff(FressianError):
    """The data ends in the middle of an object."""


class Reader:
    """Reads the objects that `data` holds one after the other: iterate over it.

    Args:
        data: a stream of objects, with or without footers.
        handlers: what to make of the structures of a tag; a handler gets a list of as many
            components as the structure has. These come before the ones for standard types.
        other: what to make of a structure that no handler is for, from its tag and components.

    Raises:
        CutOff: when the data ends in the middle of an object.
        FressianError: when it is damaged. What was read before that is good.
    """

    def __init__(
        self,
        data: bytes,
        handlers: Mapping[Any, Handler] | None = None,
        other: Callable[[Any, list[Any]], Any] | None = None,
    ) -> None:
        self._data = data
        self._handlers = {**HANDLERS, **(handlers or {})}
        self._other = other or _tagged
        self._at = 0
        self._since_footer = 0
        self._depth = 0
        self._repeated = 0
        self._light: dict[int, Any] = {}
        """Cached objects that are short and single, by the code that refers to them."""
        self._reset_caches()
        self._readers = self._table()

    def _table(self) -> list[Callable[[int], Any]]:
        """For each code the function that reads on from there."""
        table: list[Callable[[int], Any]] = [self._unknown] * 256
        for code in range(8):
            table[0xD0 + code] = lambda code: self._take(code - 0xD0)
            table[_STRING_PACKED + code] = lambda code: _text(self._take(code - _STRING_PACKED))
            table[0xE4 + code] = lambda code: self._items(code - 0xE4)
        for code in range(16):
            table[0xA0 + code] = self._known_struct
        for code in range(32):
            table[0x80 + code] = lambda code: self._recall(code - 0x80)
        for code in _BUILT_IN:
            table[code] = lambda code: self._struct(*_BUILT_IN[code])
        for code in _ARRAYS:
            table[code] = lambda code: self._items(self._count())
        for code in _CONSTANTS:
            table[code] = _CONSTANTS.__getitem__
        table[_GET_CACHE] = lambda code: self._recall(self._count())
        table[_PUT_CACHE] = lambda code: self._remember()
        table[_BYTES_CHUNK] = table[_BYTES] = self._chunked_bytes
        table[_STRING_CHUNK] = table[_STRING] = self._chunked_string
        table[0xEC] = lambda code: self._items(self._count())
        table[0xED] = lambda code: self._items(len(self._data), closed=True)
        table[0xEE] = lambda code: self._items(len(self._data), closed=True, open_ended=True)
        table[0xEF] = lambda code: self._new_struct()
        table[0xF0] = lambda code: self._known_struct(0xA0 + self._count())
        table[0xF8] = lambda code: int.from_bytes(self._take(8), signed=True)
        table[0xF9] = lambda code: struct.unpack(">f", self._take(4))[0]
        table[0xFA] = lambda code: struct.unpack(">d", self._take(8))[0]
        table[_RESET_CACHES] = lambda code: self._after_reset()
        return table

    def __iter__(self) -> Iterator[Any]:
        data = self._data
        while self._at < len(data):
            if data[self._at] == _FOOTER:
                self._footer()
                continue
            self._repeated = 0
            yield self._read()

    @property
    def position(self) -> int:
        """How many bytes have been read."""
        return self._at

    def _read(self) -> Any:
        return self._items(1)[0]

    def _items(self, limit: int, *, closed: bool = False, open_ended: bool = False) -> list[Any]:
        """The next objects: `limit` of them, or those up to the mark of the end if it comes first.

        Args:
            limit: how many objects there are at most.
            closed: whether a mark may come; otherwise there are as many objects as `limit` says.
            open_ended: whether the end of the data will do for a mark.
        """
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise FressianError(f"at byte {self._at:,} objects nest more than {MAX_DEPTH} deep")
        data, light, at = self._data, self._light, self._at
        items: list[Any] = []
        append = items.append
        for _ in range(limit):
            try:
                code = data[at]
            except IndexError:
                if open_ended:
                    break
                raise self._cut_off() from None
            at += 1
            # The commonest objects are read here: a function for each would take as long again.
            if code < 0x40:
                append(code)
            elif code < 0x80:
                high, more = _PACKED_INTS[code]
                end = at + more
                if end > len(data):
                    raise self._cut_off()
                append(high | int.from_bytes(data[at:end]))
                at = end
            elif code < 0xA0 and code in light:
                append(light[code])
            elif code == _END and closed:
                break
            else:
                self._at = at
                append(self._readers[code](code))
                at = self._at
        self._at = at
        self._depth -= 1
        return items

    def _unknown(self, code: int) -> Any:
        raise FressianError(f"no object begins with the byte {code:#04x} at {self._at - 1:,}")

    def _cut_off(self) -> CutOff:
        return CutOff(f"the data ends in the middle of an object, at byte {len(self._data):,}")

    def _take(self, length: int) -> bytes:
        """The next bytes as they are."""
        end = self._at + length
        if end > len(self._data):
            raise self._cut_off()
        taken = self._data[self._at : end]
        self._at = end
        return taken

    def _count(self) -> int:
        """The number of things that follow, each of at least one byte, or of a cached thing."""
        count = self._read()
        if type(count) is not int or count < 0:
            raise FressianError(f"before byte {self._at:,} there is {count!r:.40}, not a length")
        if count > len(self._data):
            raise self._cut_off()
        return count

    # Collections and structures

    def _new_struct(self) -> Any:
        tag = self._read()
        if not isinstance(tag, str | Keyword | Symbol):
            raise FressianError(f"before byte {self._at:,} there is no name for a structure")
        components = self._count()
        self._structs.append((tag, components))
        return self._struct(tag, components)

    def _known_struct(self, code: int) -> Any:
        """A structure whose head is cached: its number is what `code` is above 0xA0."""
        index = code - 0xA0
        if index >= len(self._structs):
            raise FressianError(f"before byte {self._at:,} there is no structure number {index}")
        tag, length = self._structs[index]
        return self._struct(tag, length)

    def _struct(self, tag: Any, length: int) -> Any:
        components = self._items(length)
        handler = self._handlers.get(tag)
        if handler is None:
            return self._other(tag, components)
        try:
            return handler(components)
        except (TypeError, ValueError, LookupError, ArithmeticError) as error:
            raise FressianError(f"before byte {self._at:,} there is no {tag}: {error}") from None

    # Caches

    def _reset_caches(self) -> None:
        self._cache: list[Any] = []
        self._light.clear()
        self._weights: dict[int, int] = {}
        """How many bytes the others stand for."""
        self._structs: list[tuple[Any, int]] = []

    def _after_reset(self) -> Any:
        while self._at < len(self._data) and self._data[self._at] == _RESET_CACHES:
            self._at += 1
        self._reset_caches()
        return self._read()

    def _remember(self) -> Any:
        index = len(self._cache)
        self._cache.append(_UNFINISHED)
        weight = -self._at - self._repeated
        value = self._read()
        weight += self._at + self._repeated
        if index < len(self._cache):  # the caches may have been reset meanwhile
            self._cache[index] = value
            if weight > _LIGHT_BYTES or not isinstance(value, _LIGHT):
                self._weights[index] = weight
            else:
                self._light[0x80 + index] = value
        return value

    def _recall(self, index: int) -> Any:
        cache = self._cache
        if index >= len(cache) or cache[index] is _UNFINISHED:
            raise FressianError(f"before byte {self._at:,} there is no cached object {index}")
        if index in self._weights:
            self._repeated += self._weights[index]
            if self._repeated > MAX_REPEATED_BYTES:
                raise FressianError(f"the object before byte {self._at:,} repeats too much")
        return cache[index]

    # Strings and bytes

    def _chunked_bytes(self, code: int) -> bytes:
        chunks = []
        while code == _BYTES_CHUNK:
            chunks.append(self._take(self._count()))
            code = self._take(1)[0]
        if code != _BYTES:
            raise FressianError(f"before byte {self._at:,} there is no chunk of bytes")
        return b"".join([*chunks, self._take(self._count())])

    def _chunked_string(self, code: int) -> str:
        # Chunks may part the two halves of a character, so the text is made at the end.
        chunks = []
        while code == _STRING_CHUNK:
            chunks.append(self._take(self._count()))
            code = self._take(1)[0]
        if code == _STRING:
            chunks.append(self._take(self._count()))
        elif _STRING_PACKED <= code < _STRING_CHUNK:
            chunks.append(self._take(code - _STRING_PACKED))
        else:
            raise FressianError(f"before byte {self._at:,} there is no chunk of a string")
        return _text(b"".join(chunks))

    def _footer(self) -> None:
        """Check a footer: a mark, the number of bytes since the last one, and their checksum."""
        end = self._at
        body = self._data[self._since_footer : end]
        if self._take(4) != _MAGIC:
            raise FressianError(f"at byte {end:,} there is a damaged footer")
        if self._take(8) != struct.pack(">II", len(body) & 0xFFFFFFFF, zlib.adler32(body)):
            raise FressianError(f"the checksum at byte {end:,} is of other data")
        self._since_footer = self._at
        self._reset_caches()


def _text(raw: bytes) -> str:
    """A string: UTF-8, in which the halves of Java's long characters may be encoded one by one."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        pass
    try:
        halves = raw.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        raise FressianError(f"a string is not UTF-8: {error.reason}") from None
    return halves.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


# Structures of the standard types


def _map(components: list[Any]) -> dict[Any, Any]:
    pairs = _items(components)
    if len(pairs) % 2:
        raise ValueError("a key has no value")
    return dict(zip(map(freeze, pairs[::2]), pairs[1::2], strict=True))


def _set(components: list[Any]) -> frozenset[Any]:
    return frozenset(map(freeze, _items(components)))


def _items(components: list[Any]) -> list[Any]:
    (items,) = components
    if not isinstance(items, list):
        raise TypeError("its content is no list")
    return items


def full_name(components: list[Any]) -> str:
    """The name of a keyword or symbol, with its namespace if it has one."""
    namespace, name = components
    if not isinstance(name, str) or not isinstance(namespace, str | None):
        raise TypeError("its name is no string")
    return name if namespace is None else f"{namespace}/{name}"


def _bigint(components: list[Any]) -> Any:
    (raw,) = components
    if len(raw) > MAX_BIGINT_BYTES:  # Python refuses to write such numbers
        return Tagged("bigint", bytes(raw).hex())
    return int.from_bytes(raw, signed=True)


def _bigdec(components: list[Any]) -> float:
    raw, scale = components
    return float(f"{_bigint([raw])}e{-scale}")


def _ratio(components: list[Any]) -> Fraction:
    numerator, denominator = components
    if not isinstance(numerator, int) or not isinstance(denominator, int):
        raise TypeError("it is not made of two whole numbers")
    return Fraction(numerator, denominator)


def _char(components: list[Any]) -> Char:
    (number,) = components
    return Char(chr(number).encode("utf-8", "replace").decode())


def _tagged(tag: Any, components: list[Any]) -> Tagged:
    return Tagged(str(tag), components[0] if len(components) == 1 else components)


HANDLERS: Mapping[Any, Handler] = {
    "map": _map,
    "set": _set,
    "key": lambda components: Keyword(full_name(components)),
    "sym": lambda components: Symbol(full_name(components)),
    "bigint": _bigint,
    "bigdec": _bigdec,
    "ratio": _ratio,
    "char": _char,
    "uuid": lambda components: Tagged("uuid", str(UUID(bytes=components[0]))),
}
"""What is made of the standard structures that are not simply tagged values."""
