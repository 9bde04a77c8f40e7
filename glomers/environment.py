"""What runs around the series: the engine of tests, the hash seed, the language of notebooks."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

ENGINES = ("bench", "maelstrom")
"""What can run a test; the first does unless somebody asks for another."""
ENGINE = "GLOMERS_ENGINE"
"""The variable that names the engine where nobody else does."""
HASH_SEED = "PYTHONHASHSEED"
"""The variable that decides in which order Python iterates a set of texts."""
LANGUAGE = {
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "nbconvert_exporter": "python",
    "pygments_lexer": "ipython3",
}
"""The language of a notebook, as tools that make a script of it want to know it.

There is no version in it, which would change.
"""
OF_RUNS = {HASH_SEED: "0"}
"""What all processes have in which tests run in virtual time."""


def engine_or_default(asked_for: str | None = None) -> str:
    """The engine that is asked for, else the one of the environment, else the bench.

    There may be no such engine: whoever asks says so in words of his own.
    """
    return asked_for or os.environ.get(ENGINE) or ENGINES[0]


CAGE = "GLOMERS_CAGE"
"""A variable in the environment: what keeps nodes that nobody trusts; see `bench.hosts.cage`."""


def cage_kind() -> str:
    """Which layers there are around nodes; empty: none."""
    return os.environ.get(CAGE, "")


HAS_PROCESSES = sys.platform not in ("emscripten", "wasi")
"""Whether there are other processes: in a browser there is this one."""
HAS_FORKS = hasattr(os, "fork")
"""Whether a process can become two, as on all systems but Windows."""
IS_WINDOWS = os.name == "nt"
IS_LINUX = sys.platform == "linux"
"""Whether the memory of a process can be bounded, and its calls of the system be filtered."""


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def fix_hash_seed(words: Sequence[str]) -> None:
    """Start `glomers` with these words again, unless it has the hash seed of runs."""
    if os.environ.get(HASH_SEED) == OF_RUNS[HASH_SEED]:
        return
    os.environ.update(OF_RUNS)
    # With -P: a file beside the nodes may be called like a module of the standard library.
    again = [sys.executable, "-P", "-m", "glomers", *words]
    if IS_WINDOWS:  # where `execv` does not wait, and loses the exit status
        import subprocess

        sys.exit(subprocess.call(again))
    os.execv(sys.executable, again)
