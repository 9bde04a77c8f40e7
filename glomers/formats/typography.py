"""Characters that pages print and programs do not take, as they come with what was copied there."""

from __future__ import annotations

from collections.abc import Iterable

_NAMES = {
    "\u00a0": "a no-break space",
    "\u00ad": "a soft hyphen",
    "\u200b": "a zero-width space",
    "\u200c": "a zero-width non-joiner",
    "\u200d": "a zero-width joiner",
    "\u202f": "a narrow no-break space",
    "\u2060": "a word joiner",
    "\ufeff": "a byte-order mark",
    **dict.fromkeys("‘’‚‛“”„‟«»", "a curly quote"),
    **dict.fromkeys("‐‑‒–—―−", "a dash that is not a hyphen"),
}


def lookalike(texts: Iterable[str]) -> str | None:
    """A sentence about the first text that has such a character in it; None: none has."""
    for text in texts:
        for character in text:
            if character in _NAMES:
                name = f"{_NAMES[character]} (U+{ord(character):04X})"
                shown = ascii(text.strip())
                return f"{shown} has {name} in it, as what is copied from a page may: type it anew."
    return None
