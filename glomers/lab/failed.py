"""The error that a run has failed, and what it shows of it in a notebook."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from glomers.errors import LabError
from glomers.lab import front
from glomers.lab.smallest import NotInTimeError, why_not

if TYPE_CHECKING:
    from glomers.lab.run import Run

AT_ONCE_S = 2.0
"""How long a failed run may look for its smallest failure without being asked."""

_SHOWN = "The picture is the smallest failure that was found for this command and node."
_SLOW = (
    f"Its smallest failure takes over {AT_ONCE_S:g} s to find: lab.failed_run().counterexample()."
)
_HELD = "lab.failed_run() is this run, with its ops, messages and logs."


class RunFailed(LabError):
    """A test ended otherwise than its cell expects; `run` is what there is of it, if anything.

    In a notebook it shows the smallest failure too, where that is found at once.
    """

    def __init__(self, explanation: str, run: Run | None = None) -> None:
        super().__init__(explanation)
        self.run = run

    @cached_property
    def _more_lines(self) -> list[str]:
        """What there is to say of the run; kept, because an error can be shown again."""
        return [] if self.run is None else _show(self.run)

    def _render_traceback_(self) -> list[str]:
        return [*super()._render_traceback_(), *self._more_lines]


def _show(run: Run) -> list[str]:
    """Show the smallest failure of a run that failed in a notebook, if it is found at once.

    Returns what there is to say besides, a line each.
    """
    lines = [_HELD]
    if run.valid is not False or not front.in_notebook():
        return lines
    if reason := why_not(run):
        return [*lines, reason]
    try:
        run.counterexample(AT_ONCE_S).show()
    except NotInTimeError:
        return [*lines, _SLOW]
    except LabError as error:
        return [*lines, str(error)]
    except KeyboardInterrupt:
        return lines
    return [_SHOWN, *lines]
