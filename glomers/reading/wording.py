"""Values, times and names as they stand in a sentence; nothing here looks like EDN."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Sequence
from typing import Any

from glomers.formats.edn import to_json
from glomers.formats.text import shortened as cut

_KEYWORD = re.compile(r"(?<![\w\"']):(?=[A-Za-z0-9])")
SHOWN_CHARACTERS = 80
SHOWN_NAMES = 4


def at(time_ns: int | None) -> str:
    """A moment: `at 1.204 s`."""
    return f"at {seconds(time_ns)}"


def seconds(time_ns: int | None) -> str:
    """A stretch of time: `1.204 s`."""
    return f"{(time_ns or 0) / 1e9:.3f} s"


def said(value: Any, most: int = SHOWN_CHARACTERS) -> str:
    """A value as JSON, cut to `most` characters."""
    try:
        text = json.dumps(to_json(value), ensure_ascii=False)
    except (TypeError, ValueError):
        text = str(value)
    return shortened(text, most)


def without_edn(text: str) -> str:
    """What a checker says, without the marks of EDN: colons of keywords, hashes of sets."""
    return _KEYWORD.sub("", text.replace("#{", "{"))


def shortened(text: str, most: int = SHOWN_CHARACTERS) -> str:
    """`text` in one line, cut to `most` characters."""
    return cut(" ".join(text.split()), most)


def in_order(names: Collection[str]) -> list[str]:
    """Names of nodes, by their numbers."""
    return sorted(names, key=lambda name: (len(name), name))


def listed(parts: Sequence[str], most: int = SHOWN_NAMES) -> str:
    """`a, b and c`; of many only the first and how many others there are.

    >>> listed(["n0", "n1", "n4"]), listed(["n0", "n1", "n2", "n3", "n4"])
    ('n0, n1 and n4', 'n0, n1, n2 and 2 others')
    """
    if len(parts) > most:
        return f"{', '.join(parts[: most - 1])} and {len(parts) - most + 1} others"
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))


def nodes_in_words(names: Collection[str], everyone: Collection[str]) -> str:
    """Which nodes: `n2`, `n0 and n3`, `all 5 nodes`."""
    if len(names) > 2 and set(names) >= set(everyone):
        return f"all {len(names)} nodes"
    return listed(in_order(names))


def a(name: str) -> str:
    """A name with its article: "a `share`", "an `echo`"."""
    return f"{'an' if name.startswith(tuple('aeiou')) else 'a'} `{name}`"


def times(count: int) -> str:
    """How often: `once`, `twice`, `12 times`."""
    return {1: "once", 2: "twice"}.get(count, f"{count:,} times")


def counted(count: int, noun: str) -> str:
    """`1 value`, `12 values`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def were(count: int, noun: str) -> str:
    """`1 value was`, `12 values were`."""
    return f"{counted(count, noun)} {'was' if count == 1 else 'were'}"


def how_many(count: int, total: int) -> str:
    """A share in whole numbers: `12 of 30`, `all 30`, `both`, `1 of 1`."""
    if count == total == 2:
        return "both"
    return f"all {total:,}" if count == total > 1 else f"{count:,} of {total:,}"


def beginning(words: str) -> str:
    """Words as a sentence begins with them; names of nodes stay as they are.

    >>> beginning("all 3 nodes"), beginning("n2 and n3")
    ('All 3 nodes', 'n2 and n3')
    """
    return words.capitalize() if words.startswith(("all ", "both")) else words
