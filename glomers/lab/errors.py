"""What can go wrong in the lab: each error is a sentence or a few, without a traceback."""

from __future__ import annotations

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
    """A test ended otherwise than its cell expects; `run` is what there is of it, if anything."""

    def __init__(self, explanation: str, run: Run | None = None) -> None:
        super().__init__(explanation)
        self.run = run


class LabWarning(UserWarning):
    """A store folder is damaged; what can still be read of it is used."""
