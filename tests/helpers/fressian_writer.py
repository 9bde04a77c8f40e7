"""A small writer of Fressian, for tests of its reader; it caches what Maelstrom caches."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from glomers.formats.edn import Char, Keyword, Symbol, Tagged, kw

PACKED_INTS = ((0x50, 1, 12), (0x68, 2, 19), (0x72, 3, 25), (0x76, 4, 33), (0x7A, 5, 41))
LAST_PACKED_INT = (0x7E, 6, 49)
NO_CACHE = (None, True, False, "", 0.0, 1.0)
TAGS = {"map": 0xC0, "set": 0xC1, "uuid": 0xC3, "bigint": 0xC6, "inst": 0xC8}
STRING_CHUNK_BYTES = 65_535


class Writer:
    """Appends objects to `out`."""

    def __init__(self, string_chunk_bytes: int = STRING_CHUNK_BYTES) -> None:
        self.out = bytearray()
        self._chunk_bytes = string_chunk_bytes
        self._cache: dict[Any, int] = {}
        self._structs: dict[str, int] = {}

    def write(self, value: Any, *, cache: bool = False) -> None:
        if cache and not self._is_plain(value):
            known = self._cache.get((type(value), value))
            if known is not None:
                self._recall(known)
                return
            self._cache[type(value), value] = len(self._cache)
            self.out.append(0xCD)
        self._write(value)

    @staticmethod
    def _is_plain(value: Any) -> bool:
        if isinstance(value, int) and not isinstance(value, bool):
            return -4096 <= value < 4096
        return isinstance(value, str | float | bool | None) and value in NO_CACHE

    def _recall(self, index: int) -> None:
        if index < 32:
            self.out.append(0x80 + index)
        else:
            self.out.append(0xCC)
            self.integer(index)

    def _write(self, value: Any) -> None:
        match value:
            case None | True | False:
                self.out.append({None: 0xF7, True: 0xF5, False: 0xF6}[value])
            case int():
                self.integer(value)
            case float():
                self._float(value)
            case str():
                self._string(value)
            case bytes():
                self._bytes(value)
            case list() | tuple():
                self._list(value)
            case _:
                self._structure(value)

    def integer(self, value: int) -> None:
        if -1 <= value < 64:
            self.out.append(value & 0xFF)
            return
        for zero, more, bits in (*PACKED_INTS, LAST_PACKED_INT):
            if -(1 << bits) <= value < 1 << bits:
                self.out.append(zero + (value >> 8 * more))
                self.out += (value & ((1 << 8 * more) - 1)).to_bytes(more)
                return
        if -(1 << 63) <= value < 1 << 63:
            self.out.append(0xF8)
            self.out += value.to_bytes(8, signed=True)
            return
        self.tag("bigint", 1)
        self._bytes(value.to_bytes(value.bit_length() // 8 + 1, signed=True))

    def _float(self, value: float) -> None:
        if value in (0.0, 1.0):
            self.out.append(0xFB if value == 0.0 else 0xFC)
            return
        self.out.append(0xFA)
        self.out += struct.pack(">d", value)

    def _string(self, value: str) -> None:
        units = value.encode("utf-16-be", "surrogatepass")
        chunk = bytearray()
        for i in range(0, len(units), 2):
            unit = units[i : i + 2].decode("utf-16-be", "surrogatepass")
            char = unit.encode("utf-8", "surrogatepass")
            if len(chunk) + len(char) > self._chunk_bytes:
                self.out.append(0xE2)
                self.integer(len(chunk))
                self.out += chunk
                chunk.clear()
            chunk += char
        if len(chunk) < 8:
            self.out.append(0xDA + len(chunk))
        else:
            self.out.append(0xE3)
            self.integer(len(chunk))
        self.out += chunk

    def _bytes(self, value: bytes) -> None:
        if len(value) < 8:
            self.out.append(0xD0 + len(value))
        else:
            while len(value) > 65_535:
                self.out.append(0xD8)
                self.integer(65_535)
                self.out += value[:65_535]
                value = value[65_535:]
            self.out.append(0xD9)
            self.integer(len(value))
        self.out += value

    def _list(self, values: Sequence[Any]) -> None:
        if len(values) < 8:
            self.out.append(0xE4 + len(values))
        else:
            self.out.append(0xEC)
            self.integer(len(values))
        for value in values:
            self.write(value)

    def tag(self, tag: str, components: int) -> None:
        if tag in TAGS:
            self.out.append(TAGS[tag])
            return
        known = self._structs.get(tag)
        if known is None:
            self._structs[tag] = len(self._structs)
            self.out.append(0xEF)
            self.write(tag)
            self.integer(components)
        elif known < 16:
            self.out.append(0xA0 + known)
        else:
            self.out.append(0xF0)
            self.integer(known)

    def _structure(self, value: Any) -> None:
        match value:
            case Keyword() | Symbol():
                self.out.append(0xCA if isinstance(value, Keyword) else 0xC9)
                *namespace, name = value.name.split("/", 1)
                self.write(namespace[0] if namespace else None, cache=True)
                self.write(name, cache=True)
            case dict():
                self.closed_map(value)
            case frozenset():
                self.tag("set", 1)
                self._list(sorted(value, key=repr))
            case Fraction():
                self.tag("ratio", 2)
                self.write(value.numerator)
                self.write(value.denominator)
            case Char():
                self.tag("char", 1)
                self.integer(ord(value.value))
            case Tagged():
                self.tag(value.tag, 1)
                self.write(value.value)
            case _:
                raise TypeError(value)

    def closed_map(self, body: dict[Any, Any]) -> None:
        """A map as the journal writes bodies: keys cached, and the value of `:type` too."""
        self.out += b"\xc0\xed"
        for key, value in body.items():
            self.write(key, cache=True)
            self.write(value, cache=key is kw("type"))
        self.out.append(0xFD)

    def event(self, number: int, time_ns: int, kind: str, message: Sequence[Any]) -> None:
        """An event of Maelstrom's journal; the message is (id, src, dest, body as JSON)."""
        message_id, src, dest, body = message
        self.tag("ev", 4)
        self.integer(number)
        self.integer(time_ns)
        self.write(kw(kind), cache=True)
        self.tag("msg", 4)
        self.integer(message_id)
        self.write(src, cache=True)
        self.write(dest, cache=True)
        self.closed_map(_with_keywords(body))


def _with_keywords(value: Any) -> Any:
    """JSON as Maelstrom reads it: keys are keywords."""
    if isinstance(value, dict):
        return {kw(k) if isinstance(k, str) else k: _with_keywords(v) for k, v in value.items()}
    return [_with_keywords(item) for item in value] if isinstance(value, list) else value


def write_maelstrom_journal(
    folder: Path, events: Iterable[tuple[str, int, Sequence[Any]]], stripes: int = 4
) -> None:
    """Write events (kind, time in ns, message) to files in `folder`, in turn."""
    folder.mkdir(parents=True, exist_ok=True)
    writers = [Writer() for _ in range(stripes)]
    for number, (kind, time_ns, message) in enumerate(events):
        writers[number % stripes].event(number, time_ns, kind, message)
    for number, writer in enumerate(writers):
        (folder / f"{number}.fressian").write_bytes(writer.out)
