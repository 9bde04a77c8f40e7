"""What can go wrong with the real Maelstrom, each in the sentence that a person gets."""

from __future__ import annotations


class MaelstromError(Exception):
    """Maelstrom cannot be found, installed or started; the text says what to do."""
