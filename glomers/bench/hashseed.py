"""The hash seed, which decides the order in which sets of texts are iterated."""

from __future__ import annotations

import os
import sys


def fix_hash_seed(argv: list[str]) -> None:
    """Start `glomers bench test` with the words of `argv` again, unless the seed is fixed."""
    if os.environ.get("PYTHONHASHSEED") == "0":
        return
    os.environ["PYTHONHASHSEED"] = "0"
    os.execv(sys.executable, [sys.executable, "-m", "glomers.bench", "test", *argv])
