"""The smallest failure of a run: what it takes to make its node fail, as a picture.

It is looked for by `glomers.explore.search`, in a process and a folder that are gone afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from glomers.engine.command import with_flag, without_flag
from glomers.engine.guarded import Ended, run_module
from glomers.errors import LabError
from glomers.lab.played import counterexample
from glomers.lab.stepped import Stepped

if TYPE_CHECKING:
    from glomers.lab.run import Run


class NotInTimeError(LabError):
    """The search was stopped."""


def smallest(run: Run, command: Sequence[str], deadline_s: float) -> Stepped:
    """The picture of the smallest failure of a command and its node, with its sentence.

    Args:
        run: a run of the command in virtual time, whatever its verdict: replicas that disagree
            are a failure that Maelstrom does not look for.
        command: the words from `test` on.
        deadline_s: how long the search may take, in seconds.

    Raises:
        LabError: when the run is none of these, or none of the seeds fails.
    """
    if reason := why_not(run):
        raise LabError(reason)
    words = with_flag(without_flag([*command], "--test-count"), "--seed", str(run.seed), True)[1:]
    try:
        with TemporaryDirectory(prefix="glomers-", ignore_cleanup_errors=True) as folder:
            ended = run_module("glomers.explore.search", [folder, *words], deadline_s)
            return counterexample(type(run).load(_store(Path(folder), ended)))
    except OSError as error:
        raise LabError(f"There is no place for the search: {error.strerror}.") from None


def why_not(run: Run) -> str | None:
    """Why no smaller failure of a run is looked for, if none is."""
    if run.engine == "maelstrom" or run.clock == "real":
        where = "the real Maelstrom" if run.engine == "maelstrom" else "the real clock"
        return f"No smaller failure is looked for: a run on {where} cannot be repeated."
    if run.valid is None:
        return run.lacking("A run without a verdict has no failure to make small.")
    return None


def _store(folder: Path, ended: Ended) -> Path:
    """The store that the search has left of what it found."""
    if ended.status is None:
        raise NotInTimeError("The search for the smallest failure was stopped: it took too long.")
    stores = sorted((folder / "store").glob("*/2*"))
    if not stores:
        last = ended.err.strip().rpartition("\n")[2]
        raise LabError(f"No failure could be made small. {last}".strip())
    return stores[-1]
