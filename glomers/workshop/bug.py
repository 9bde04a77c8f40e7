"""From a mended node with its bug beside it to what learners are given, and to what they are shown.

# BUG
…the lines as they were…
# MENDED
…the lines as they should be…
# END
"""

from __future__ import annotations

from collections.abc import Iterator

from glomers.errors import WorkshopError

_FOLLOWS = {"# BUG": None, "# MENDED": "# BUG", "# END": "# MENDED"}
"""Each marker, and the one that has to stand before it."""


def with_bug(source: str) -> str:
    """The node with its bug, without markers."""
    return _without(source, "# MENDED")


def mended(source: str) -> str:
    """The node without its bug and without markers."""
    return _without(source, "# BUG")


def _without(source: str, part: str) -> str:
    """The lines that are not in this part, nor markers.

    Raises:
        WorkshopError: when a marker is not where it belongs.
    """
    return "".join(f"{line}\n" for within, line in _marked(source) if within != part)


def _marked(source: str) -> Iterator[tuple[str | None, str]]:
    """The lines that are no markers, each with the marker that it stands under."""
    under: str | None = None
    for line in source.splitlines():
        word = line.strip()
        if word not in _FOLLOWS:
            yield under, line
        elif _FOLLOWS[word] != under:
            raise WorkshopError(f"The marker `{word}` stands under {under or 'no marker'}.")
        else:
            under = None if word == "# END" else word
    if under:
        raise WorkshopError(f"The marker `{under}` has no `# END`.")
