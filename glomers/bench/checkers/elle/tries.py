"""The order in which Elle goes through transactions: that of a hash trie of their indices.

Elle keeps its graphs in Bifurcan's hash maps: tries with 32 branches a node, after Steindorfer
and Vinju, *Optimizing Hash-Array Mapped Tries* (2015).  A node's entries come before the nodes
below it, both by the next five bits of the hash.  A map's layout depends on nothing but its keys.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

_BITS = 5
_HASH_BITS = 32
_MAX_ARRAY_MAP = 8
_MASK = 0xFFFFFFFF


def trie_order(vertices: Iterable[int], index_of: Callable[[int], int]) -> list[int]:
    """`vertices` in the order of a trie of the hashes of their indices."""
    return _ordered((_hash(index_of(vertex)), vertex) for vertex in vertices)


def _ordered(hashed: Iterable[tuple[int, int]]) -> list[int]:
    """Numbers in the order of a trie of the hashes before them."""
    ordered: list[int] = []
    nodes = [([*hashed], 0)]
    while nodes:
        entries, shift = nodes.pop()
        if len(entries) < 2 or shift > _HASH_BITS:
            ordered += [vertex for _, vertex in entries]
            continue
        branches: dict[int, list[tuple[int, int]]] = {}
        for entry in entries:
            branches.setdefault(entry[0] >> shift & 31, []).append(entry)
        below = []
        for _, branch in sorted(branches.items()):
            if len(branch) == 1:
                ordered.append(branch[0][1])
            else:
                below.append((branch, shift + _BITS))
        nodes += reversed(below)
    return ordered


def value_order(values: Iterable[Any]) -> list[Any]:
    """`values` in the order of a trie of their hash codes in Java.

    Values that hold other things than integers, text, nil and vectors of those keep their places.
    """
    values = list(values)
    hashes = [_java_hash(value) for value in values]
    if None in hashes:
        return values
    codes = [_stirred(hashed) for hashed in hashes if hashed is not None]
    return [values[at] for at in _ordered(zip(codes, range(len(values)), strict=True))]


def _java_hash(value: Any) -> int | None:
    """Java's hash code of a value, or None where it is not known here."""
    if value is None:
        return 0
    if type(value) is int:
        return (value ^ value >> 32) & _MASK
    if type(value) is str:
        units = value.encode("utf-16-le", "surrogatepass")
        items = [int.from_bytes(units[at : at + 2], "little") for at in range(0, len(units), 2)]
        return _java_sequence_hash(0, items)
    if not isinstance(value, list):
        return None
    hashes = [_java_hash(item) for item in value]
    return None if None in hashes else _java_sequence_hash(1, hashes)


def _java_sequence_hash(hashed: int, items: Iterable[int | None]) -> int:
    for item in items:
        hashed = 31 * hashed + (item or 0) & _MASK
    return hashed


@cache
def _hash(index: int) -> int:
    """The hash of a transaction whose operation has that index."""
    return _stirred(_murmur3(index))


def _stirred(hashed: int) -> int:
    """A 32-bit hash as Bifurcan folds (with its sign) and stirs it."""
    if hashed >> 31:
        hashed = ~hashed & _MASK
    hashed ^= hashed >> 20 ^ hashed >> 12
    hashed ^= hashed >> 7 ^ hashed >> 4
    return hashed


def _murmur3(number: int) -> int:
    """Murmur3 (32 bits, seed 0) of a 64-bit integer, with zero for zero, as on the JVM."""
    if not number:
        return 0
    hashed = _mix(_mix(0, number & _MASK), number >> 32 & _MASK)
    return _finish(hashed, 8)


def _mix(hashed: int, word: int) -> int:
    word = word * 0xCC9E2D51 & _MASK
    word = (word << 15 | word >> 17) & _MASK
    hashed ^= word * 0x1B873593 & _MASK
    hashed = (hashed << 13 | hashed >> 19) & _MASK
    return (hashed * 5 + 0xE6546B64) & _MASK


def _finish(hashed: int, length: int) -> int:
    hashed ^= length
    hashed ^= hashed >> 16
    hashed = hashed * 0x85EBCA6B & _MASK
    hashed ^= hashed >> 13
    hashed = hashed * 0xC2B2AE35 & _MASK
    return hashed ^ hashed >> 16


def hash_set_order(values: Iterable[Any]) -> list[Any]:
    """`values` in the order of Clojure's hash sets, whose nodes mix entries and nodes.

    Other values than integers, text and nil keep their places.
    """
    values = list(values)
    hashes = [_clojure_hash(value) for value in values]
    if None in hashes:
        return values
    slots = [[(h or 0) >> shift & 31 for shift in range(0, _HASH_BITS, _BITS)] for h in hashes]
    return [values[at] for at in sorted(range(len(values)), key=slots.__getitem__)]


def hash_map_order(keys: Iterable[Any]) -> list[Any]:
    """`keys` in the order of Clojure's maps, which keep small ones in the order of insertion."""
    keys = list(keys)
    return keys if len(keys) <= _MAX_ARRAY_MAP else hash_set_order(keys)


def _clojure_hash(value: Any) -> int | None:
    """Clojure's `hash` of a value, or None where it is not known here."""
    if value is None:
        return 0
    if type(value) is int:
        return _murmur3(value & 0xFFFFFFFFFFFFFFFF)
    if type(value) is str:
        code = _java_hash(value)
        return _finish(_mix(0, code), 4) if code else 0
    return None
