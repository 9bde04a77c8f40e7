"""The order in which Elle goes through transactions: that of a hash trie of their indices.

Elle keeps its graphs in Bifurcan's hash maps: tries with 32 branches a node, after Steindorfer
and Vinju, *Optimizing Hash-Array Mapped Tries* (2015).  A node's entries come before the nodes
below it, both by the next five bits of the hash.  A map's layout depends on nothing but its keys.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache

_BITS = 5
_HASH_BITS = 32
_MASK = 0xFFFFFFFF


def trie_order(vertices: Iterable[int], index_of: Callable[[int], int]) -> list[int]:
    """`vertices` in the order of a trie of the hashes of their indices."""
    ordered: list[int] = []
    nodes = [([(_hash(index_of(vertex)), vertex) for vertex in vertices], 0)]
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


@cache
def _hash(index: int) -> int:
    """Murmur3 of a 64-bit integer, folded to 32 bits and stirred as Bifurcan does."""
    hashed = _murmur3(index)
    if hashed >> 31:
        hashed = ~hashed & _MASK
    hashed ^= hashed >> 20 ^ hashed >> 12
    hashed ^= hashed >> 7 ^ hashed >> 4
    return hashed


def _murmur3(number: int) -> int:
    """Murmur3 (32 bits, seed 0) of a 64-bit integer, with zero for zero, as on the JVM."""
    if not number:
        return 0
    hashed = 0
    for word in (number & _MASK, number >> 32 & _MASK):
        word = word * 0xCC9E2D51 & _MASK
        word = (word << 15 | word >> 17) & _MASK
        hashed ^= word * 0x1B873593 & _MASK
        hashed = (hashed << 13 | hashed >> 19) & _MASK
        hashed = (hashed * 5 + 0xE6546B64) & _MASK
    hashed ^= 8
    hashed ^= hashed >> 16
    hashed = hashed * 0x85EBCA6B & _MASK
    hashed ^= hashed >> 13
    hashed = hashed * 0xC2B2AE35 & _MASK
    return hashed ^ hashed >> 16
