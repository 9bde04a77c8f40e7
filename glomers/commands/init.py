"""`glomers init`: the series in a folder of one's own, without a clone of the project."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from glomers.commands.arguments import Parser
from glomers.errors import EXIT_OK
from glomers.files import shown
from glomers.series.new_folder import write_series


def add_arguments(parser: Parser) -> None:
    """Add what the command takes."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="a new or empty folder")


def act(arguments: Namespace) -> int:
    """Write the series; returns the exit status."""
    count = write_series(arguments.folder)
    print(f"{count} notebooks and README.md are in {shown(arguments.folder)}")
    return EXIT_OK
