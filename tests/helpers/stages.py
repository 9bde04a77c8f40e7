"""The first stage that a node breaks, without looking for the reason."""

from __future__ import annotations

from pathlib import Path

from glomers.explore.seed import run_seed
from glomers.workshop.brief import brief
from glomers.workshop.hunts import task
from glomers.workshop.stages import stages_of


def broken_stage(
    challenge: str, node: Path, seeds: int | None = None, *, is_graded: bool = False
) -> str | None:
    """The name of the first stage before the limits that a node breaks; None: it breaks none."""
    stages = stages_of(task(challenge), node, seeds)
    if is_graded:
        # A node that is wrong in one of fifty runs passes with one secret of eight; not with this.
        stages = stages_of(task(challenge), node, seeds, "a", "lockstep")
        stages = brief(task(challenge), stages)
    for stage in stages:
        for position in range(len(stage.trials.commands)):
            if stage.is_broken_by(run_seed(stage.trials, position)):
                return stage.name
    return None
