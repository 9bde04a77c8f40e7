"""The smallest failure of one command, played back: what a failed run in a notebook asks for.

    python -m glomers.explore.search FOLDER -w broadcast --bin … --seed 3

The command's own seed is tried first, then those after it.  The trace and the store folder of its
replay are left in FOLDER.  Exit status: 1 when there is one, otherwise 254 with the reason on
stderr.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from glomers.errors import ExploreError
from glomers.explore.counterexample import find
from glomers.explore.plan import Plan
from glomers.explore.playback import replay
from glomers.explore.trace import Trace

SEEDS = 10
"""How many seeds are tried."""


def smallest(words: Sequence[str]) -> Trace:
    """The failure of the first seed that can be made small, for the words after `test`.

    Raises:
        ExploreError: when there is none; the reason is that of the command's own seed.
    """
    base = Plan(list(words), SEEDS).space().base
    reasons = []
    for seed in range(base.seed, base.seed + SEEDS):
        try:
            return find(replace(base, seed=seed)).trace
        except ExploreError as error:
            reasons.append(error)
    raise reasons[0]


def main(argv: Sequence[str]) -> int:
    """Leave the smallest failure in a folder; returns the exit status."""
    folder, *words = argv
    path = Path(folder) / "trace.json"
    try:
        path.write_text(smallest(words).to_json(), encoding="utf-8")
        return replay(path, folder=path.parent)
    except ExploreError as error:
        print(error, file=sys.stderr)
        return error.exit_status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
