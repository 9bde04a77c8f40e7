"""Characters that pages print and programs do not take, as they come with what was copied there."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_DASHES = "‐‑‒–—―−"
"""What looks like a hyphen and is none."""
_NAMES = re.compile("QUOTATION MARK$|ZERO WIDTH|NO-BREAK|SOFT HYPHEN|WORD JOINER| SPACE$")
"""Unicode's names of the others."""


def lookalike(texts: Iterable[str]) -> str | None:
    """A sentence about the first text that has such characters in it; None: none has."""
    for text in texts:
        if found := " and ".join(filter(None, map(_name, dict.fromkeys(text)))):
            return (
                f"{text.strip()!a} has {found} in it, as what is copied from a page may: "
                "type it anew."
            )
    return None


def _name(character: str) -> str | None:
    """The code point and the name of such a character; None for any other."""
    name = unicodedata.name(character, "") if not character.isascii() else ""
    if character not in _DASHES and not _NAMES.search(name):
        return None
    return f"U+{ord(character):04X} ({name.lower()})"


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
