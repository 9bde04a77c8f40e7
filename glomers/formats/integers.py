"""Integers of more than 64 bits: orjson reads floats in their place, and does not write them."""

from __future__ import annotations

_DIGITS_AS_ZEROS = bytes.maketrans(b"123456789", b"0" * 9)
_MANY = b"0" * 19


def has_long_integers(text: bytes) -> bool:
    """Whether so many digits stand in a row in `text` that 64 bits may not hold them."""
    return text.translate(_DIGITS_AS_ZEROS).find(_MANY) >= 0
