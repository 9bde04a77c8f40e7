"""What a node does that it should not, though it breaks no promise: told when it has passed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from glomers.bench.flags import words_of
from glomers.workshop.bench_aside import run_bench, stores_in
from glomers.workshop.evidence import misdeeds_in
from glomers.workshop.stages import ALONE, TOGETHER, Stage

SHOWN = 3


def remarks(stages: Sequence[Stage], folder: Path) -> tuple[str, ...]:
    """What a run without faults shows, in sentences; the most decisive first.

    Requests that nobody answers, coroutines that never began: a retry, or luck, made up for them.

    Args:
        stages: those of the challenge, all of which the node has passed.
        folder: an empty one, for the store of the run.
    """
    calm = [stage for stage in stages if stage.name in (ALONE, TOGETHER)][-1]
    options = calm.trials.scenario(0)
    run_bench(words_of(options), folder)
    found = [misdeeds_in(store, options) for store in stores_in(folder)[:1]]
    return tuple(str(finding) for part in found for finding in part[:SHOWN])
