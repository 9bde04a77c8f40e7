"""The hash seed, which decides the order in which sets of texts are iterated."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence


def fix_hash_seed(words: Sequence[str]) -> None:
    """Start `glomers` with these words again, unless it has the seed of runs in virtual time."""
    if os.environ.get("PYTHONHASHSEED") == "0":
        return
    os.environ["PYTHONHASHSEED"] = "0"
    # With -P: a file beside the nodes may be called like a module of the standard library.
    os.execv(sys.executable, [sys.executable, "-P", "-m", "glomers", *words])
