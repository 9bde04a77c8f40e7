"""What a run in which nodes were killed has lost that it should not have lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glomers.formats import restarts as core
from glomers.formats.history import read_history
from glomers.lab.errors import LabError

if TYPE_CHECKING:
    from glomers.lab.run import Run


def lost_after_restart(run: Run) -> list[str]:
    """What was asked for after the last restart, acknowledged, and is not there in the end.

    A sentence for each client and thing, of values that are broadcast, growing counters, logs and,
    with `--final-reads`, registers.

    Raises:
        LabError: when the run left no store, or nobody was asked in the end.
    """
    if run.store is None:
        raise LabError("This run left no store folder: it was refused before it began.")
    history = read_history(run.store / "history.edn")
    if not core.final_views(history):
        raise LabError("This run has no final reads: add --final-reads to its command line.")
    return core.lost_after_restart(history, run.nodes)
