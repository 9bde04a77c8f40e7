"""Pictures of runs below which stands a page to step through them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from glomers.drawing.stepper.account import Account
from glomers.drawing.stepper.document import frame, script_hashes
from glomers.lab import front
from glomers.lab.figure import Figure

SCRIPTS = script_hashes()
"""What a policy calls the scripts of these pages, which may run, and no others."""

_PLAIN = "Step through it: a page for JupyterLab, VS Code and exported pages."


def framed(accounts: Sequence[Account], title: str, *, is_open: bool = False) -> str:
    """The page as HTML for an output, folded unless it `is_open`."""
    opened = " open" if is_open else ""
    summary = "<summary>Step through it</summary>"
    return f"<details{opened}>{summary}{frame(accounts, title)}</details>"


def show(above: dict[str, str], frame: str) -> None:
    """Add two outputs to the cell that runs: what stands above, by its MIME types, and the page.

    Places that show notebooks without running scripts show the first at least.
    """
    front.show(above)
    front.show({"text/html": frame, "text/plain": _PLAIN})


class Stepped(Figure):
    """A picture, and below it in a notebook a page to step through what it shows.

    Attributes:
        frame: the page in a frame, in which it can do nothing to the page around it.
    """

    def __init__(self, alt: str, caption: str, *, svg: str | None, frame: str) -> None:
        super().__init__(alt, caption, svg=svg)
        self.frame = frame

    def show(self) -> None:
        """Add both to the outputs of the cell that runs."""
        show(self._repr_mimebundle_(), self.frame)

    def _ipython_display_(self, **kwargs: Any) -> None:
        self.show()
