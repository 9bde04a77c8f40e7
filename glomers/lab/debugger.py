"""Looking inside a run in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glomers.errors import StoreError
from glomers.lab.accounts import account_with_states
from glomers.lab.diagram import spacetime
from glomers.lab.stepped import Stepped, framed

if TYPE_CHECKING:
    from glomers.lab.run import Run

_PICTURED = 40
"""How many messages the picture shows that stands before the page."""


def debugger(run: Run, other: Run | None = None) -> Stepped:
    """Step through a run, event by event, forwards and backwards, with what every node knew.

    A run in virtual time for which it was not recorded what nodes knew is played again.

    Args:
        run: of whichever engine; what nodes knew is known in virtual time only.
        other: a second run to see beside it, such as `run.what_if("drop:17")`; they step together,
            and their first difference is marked.

    Raises:
        StoreError: when a run left no journal of messages.
    """
    accounts = [account_with_states(each) for each in (run, other) if each is not None]
    title = " and ".join(account.title for account in accounts)
    picture = spacetime(run, limit=_PICTURED)
    frame = framed(accounts, title, is_open=True)
    return Stepped(picture.alt, picture.caption, svg=picture.svg, frame=frame)


def folded_page(run: Run) -> str | None:
    """The page of a run that failed, to stand folded below it; None of others.

    There is none either of a run that left no journal of messages.
    """
    if run.valid is not False:
        return None
    try:
        account = account_with_states(run)
    except StoreError:
        return None
    return framed([account], account.title)
