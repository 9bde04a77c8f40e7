"""Looking inside a run: its page to step through, in a notebook or as a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from glomers.drawing.stepper.account import Account
from glomers.drawing.stepper.document import frame
from glomers.lab import front
from glomers.lab.accounts import account_of
from glomers.lab.diagram import spacetime
from glomers.lab.figure import Figure

if TYPE_CHECKING:
    from glomers.lab.run import Run

_PICTURED = 60
"""How many messages the picture shows that stands before the frame."""
_PLAIN = "A page to step through the run, in JupyterLab, VS Code and exported pages."


class Debugger:
    """A page to step through one run, or two side by side.

    A notebook shows a picture first, in an output of its own, since places that show notebooks
    without running scripts show nothing of the page.

    Attributes:
        html: the page in a frame, in which it can do nothing to the page around it.
    """

    def __init__(self, picture: Figure | None, accounts: Sequence[Account], title: str) -> None:
        self._picture = picture
        self.html = frame(accounts, title)

    def _ipython_display_(self) -> None:
        if self._picture is not None:
            front.show(self._picture._repr_mimebundle_())
        front.show({"text/html": self.html, "text/plain": _PLAIN})

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": self.html, "text/plain": _PLAIN}

    def __repr__(self) -> str:
        return _PLAIN


def debugger(run: Run, other: Run | None = None) -> Debugger:
    """Step through a run, event by event, forwards and backwards, with what every node knew.

    Args:
        run: of whichever engine; what nodes' variables held is known in virtual time only.
        other: a second run to see beside it, stepping together, with the first difference marked.

    Raises:
        StoreError: when a run left no journal of messages.
    """
    accounts = [account_of(each) for each in (run, other) if each is not None]
    title = " and ".join(account.title for account in accounts)
    return Debugger(spacetime(run, limit=_PICTURED), accounts, title)
