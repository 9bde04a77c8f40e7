"""`glomers view`: a run as one page to step through, with what its nodes knew where possible."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from glomers.commands.arguments import Parser
from glomers.drawing.stepper.document import page
from glomers.errors import EXIT_OK, BadInput, StoreError
from glomers.files import shown, write_whole
from glomers.lab.accounts import account_with_states
from glomers.lab.run import Run

_NAME = "steps.html"


def add_arguments(parser: Parser) -> None:
    """Add what the command takes."""
    what = "the folder that a test has left; its run is played again if states are not recorded"
    parser.add_argument("store", type=Path, metavar="STORE", help=what)
    what = "a second run, to step through both side by side"
    parser.add_argument("--beside", type=Path, metavar="STORE", help=what)
    what = f"the page (default: {_NAME} in the store)"
    parser.add_argument("--out", type=Path, metavar="FILE", help=what)


def act(arguments: Namespace) -> int:
    """Write the page and say where; returns the exit status."""
    folders = [each for each in (arguments.store, arguments.beside) if each is not None]
    try:
        accounts = [account_with_states(Run.load(folder)) for folder in folders]
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
