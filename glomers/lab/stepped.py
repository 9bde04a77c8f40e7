"""Pictures of runs below which stands a page to step through them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from glomers.drawing.stepper.account import Account
from glomers.drawing.stepper.document import frame, script_hash
from glomers.lab import front
from glomers.lab.figure import Figure

SCRIPT = script_hash()
"""What a policy calls the script of these pages, which may run, and no other."""

_PLAIN = "Step through it: a page for JupyterLab, VS Code and exported pages."


def framed(accounts: Sequence[Account], title: str, *, is_open: bool = False) -> str:
    """The page as HTML for an output, folded unless it `is_open`."""
    opened = " open" if is_open else ""
    summary = "<summary>Step through it</summary>"
    return f"<details{opened}>{summary}{frame(accounts, title)}</details>"


class Stepped(Figure):
    """A picture, and below it in a notebook a page to step through what it shows.

    The page is an output of its own: places that show notebooks without running scripts show the
    picture at least.

    Attributes:
        frame: the page in a frame, in which it can do nothing to the page around it.
    """

    def __init__(self, alt: str, caption: str, *, svg: str | None, frame: str) -> None:
        super().__init__(alt, caption, svg=svg)
        self.frame = frame

    def show(self) -> None:
        """Add both to the outputs of the cell that runs."""
        front.show(self._repr_mimebundle_())
        front.show({"text/html": self.frame, "text/plain": _PLAIN})

    def _ipython_display_(self, **kwargs: Any) -> None:
        self.show()
