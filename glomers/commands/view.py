"""`glomers view`: a run as one page to step through, with what its nodes knew where possible.

What they knew is had by playing a run again, where it was not recorded: that runs the program which
the store names.  So of a store that may come from somebody else it is done only when asked for.
"""

from __future__ import annotations

from argparse import BooleanOptionalAction, Namespace
from pathlib import Path

from glomers.commands.arguments import Parser
from glomers.drawing.stepper.account import Account
from glomers.drawing.stepper.document import page
from glomers.errors import EXIT_OK, BadInput, StoreError
from glomers.files import shown, write_whole
from glomers.lab.accounts import account_of, account_with_states
from glomers.lab.again import is_recorded, why_not
from glomers.lab.run import Run

_NAME = "steps.html"
_AS_IT_IS = (
    "What the nodes knew was not recorded. To play the run again for it runs the node's program: "
    "if you trust it, add --play-again."
)


def add_arguments(parser: Parser) -> None:
    """Add what the command takes."""
    parser.add_argument("store", type=Path, metavar="STORE", help="the folder that a test has left")
    what = "a second run, to step through both side by side"
    parser.add_argument("--beside", type=Path, metavar="STORE", help=what)
    what = f"the page (default: {_NAME} in the store)"
    parser.add_argument("--out", type=Path, metavar="FILE", help=what)
    what = (
        "play a run again of which was not recorded what its nodes knew: this runs the node's "
        "program that the store names (default: only for stores in ./store, where tests that are "
        "run here leave theirs)"
    )
    parser.add_argument("--play-again", action=BooleanOptionalAction, help=what)


def act(arguments: Namespace) -> int:
    """Write the page and say where; returns the exit status."""
    folders = [each for each in (arguments.store, arguments.beside) if each is not None]
    try:
        accounts = [_account(Run.load(folder), arguments.play_again) for folder in folders]
    except StoreError as error:
        raise BadInput(str(error)) from error
    title = " and ".join(account.title for account in accounts)
    path: Path = arguments.out or arguments.store / _NAME
    try:
        write_whole(path, page(accounts, title))
    except OSError as error:
        raise BadInput(f"Cannot write {shown(path)}: {error.strerror}.") from error
    print(f"Page: {shown(path)}")
    return EXIT_OK


def _account(run: Run, plays_again: bool | None) -> Account:
    """What there is to tell of a run, which is played again if need be, and if it may be."""
    if plays_again is None:
        plays_again = run.store is not None and run.store.is_relative_to(Path.cwd() / "store")
    if plays_again:
        return account_with_states(run)
    account = account_of(run)
    if is_recorded(run) or why_not(run, run.words):
        return account
    print(_AS_IT_IS)
    return account
