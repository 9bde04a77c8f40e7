"""The smallest failure of a run: what it takes to make its node fail, as a picture.

It is looked for by `glomers.explore.smallest`, in a process and a folder that are gone afterwards.
A run that failed in a notebook shows it without being asked, if it is found at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from glomers.lab import front
from glomers.lab.command import with_flag, without_flag
from glomers.lab.errors import LabError
from glomers.lab.exploration import counterexample
from glomers.lab.figure import Figure
from glomers.lab.process import Ended, run_module
from glomers.lab.run import Run

AT_ONCE_S = 2.0
"""How long a failed run may look for it without being asked."""

_SHOWN = "The picture is the smallest failure that was found for this command and node."
_SLOW = (
    f"Its smallest failure takes over {AT_ONCE_S:g} s to find: lab.failed_run().counterexample()."
)
_HELD = "lab.failed_run() is this run, with its ops, messages and logs."


class _NotInTimeError(LabError):
    """The search was stopped."""


def smallest(run: Run, command: Sequence[str], deadline_s: float) -> Figure:
    """The picture of the smallest failure of a command and its node, with its sentence.

    Args:
        run: a run of the command in virtual time, whatever its verdict: replicas that disagree
            are a failure that Maelstrom does not look for.
        command: the words from `test` on.
        deadline_s: how long the search may take, in seconds.

    Raises:
        LabError: when the run is none of these, or none of the seeds fails.
    """
    if reason := _why_not(run):
        raise LabError(reason)
    words = with_flag(without_flag([*command], "--test-count"), "--seed", str(run.seed), True)[1:]
    try:
        with TemporaryDirectory(prefix="glomers-", ignore_cleanup_errors=True) as folder:
            ended = run_module("glomers.explore.smallest", [folder, *words], deadline_s)
            return _picture(Path(folder), ended)
    except OSError as error:
        raise LabError(f"There is no place for the search: {error.strerror}.") from None


def _why_not(run: Run) -> str | None:
    if run.engine == "maelstrom" or run.clock == "real":
        where = "the real Maelstrom" if run.engine == "maelstrom" else "the real clock"
        return f"No smaller failure is looked for: a run on {where} cannot be repeated."
    if run.valid is None:
        return run.lacking("A run without a verdict has no failure to make small.")
    return None


def _picture(folder: Path, ended: Ended) -> Figure:
    if ended.status is None:
        raise _NotInTimeError("The search for the smallest failure was stopped: it took too long.")
    stores = sorted((folder / "store").glob("*/2*"))
    if not stores:
        last = ended.err.strip().rpartition("\n")[2]
        raise LabError(f"No failure could be made small. {last}".strip())
    return counterexample(Run.load(stores[-1]))


def show_failed(run: Run) -> list[str]:
    """Show the smallest failure of a run that failed in a notebook, if it is found at once.

    Returns what there is to say besides, a line each.
    """
    lines = [_HELD]
    if run.valid is not False or not front.in_notebook():
        return lines
    if reason := _why_not(run):
        return [*lines, reason]
    try:
        front.show(run.counterexample(AT_ONCE_S)._repr_mimebundle_())
    except _NotInTimeError:
        return [*lines, _SLOW]
    except LabError as error:
        return [*lines, str(error)]
    except KeyboardInterrupt:
        return lines
    return [_SHOWN, *lines]
