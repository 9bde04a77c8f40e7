"""What a run in which nodes were killed has lost that it should not have lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glomers.errors import LabError
from glomers.reading import restarts as core

if TYPE_CHECKING:
    from glomers.lab.run import Run


def lost_after_restart(run: Run) -> list[str]:
    """What was asked for after the last restart, acknowledged, and is not there in the end.

    A sentence for each client and thing, of values that are broadcast, growing counters, logs and,
    with `--final-reads`, registers.

    Raises:
        LabError: when the run left no store, or nobody was asked in the end.
    """
    history = run.history
    if not core.final_views(history):
        sentence = "This run has no final reads: add --final-reads to its command line."
        raise LabError(run.lacking(sentence))
    return core.lost_after_restart(history, run.nodes)
