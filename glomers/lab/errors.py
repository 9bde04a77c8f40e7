"""What can go wrong in the lab: each error is a sentence or a few, without a traceback."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from glomers.lab.run import Run


class LabError(Exception):
    """Something that the reader of a notebook can mend; the text says how."""

    def _render_traceback_(self) -> list[str]:
        """What IPython shows instead of a traceback through the lab's own code."""
        return [f"{type(self).__name__}: {self}"]


class StoreError(LabError):
    """A store folder does not hold what was asked for."""


class RunFailed(LabError):
    """A test ended otherwise than its cell expects; `run` is what there is of it, if anything.

    In a notebook it shows the smallest failure too, where that is found at once
    (`glomers.lab.smallest`).
    """

    def __init__(self, explanation: str, run: Run | None = None) -> None:
        super().__init__(explanation)
        self.run = run

    @cached_property
    def _more_lines(self) -> list[str]:
        """What there is to say of the run; kept, because an error can be shown again."""
        if self.run is None:
            return []
        from glomers.lab.smallest import show_failed  # it needs what raises these errors

        return show_failed(self.run)

    def _render_traceback_(self) -> list[str]:
        return [*super()._render_traceback_(), *self._more_lines]


class LabWarning(UserWarning):
    """A store folder is damaged; what can still be read of it is used."""
