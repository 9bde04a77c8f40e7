"""Slips in a command line that change what it means, told before they do."""

from __future__ import annotations

_DASHES = "‐‑‒–—−"
"""What looks like a hyphen and is none."""


def dash_slip(word: str) -> str | None:
    """The sentence about a word that begins with one of the dashes which pages print for hyphens.

    Maelstrom itself takes such a word for an argument of the node.
    """
    if not word or word[0] not in _DASHES:
        return None
    return (
        f"{word!r} begins with a dash that is not a hyphen. The official page of challenge 6c has "
        "this slip; Maelstrom would take the word for an argument of the node and run without the "
        f"flag. Type it with hyphens: --{word.lstrip(_DASHES + '-')}"
    )
