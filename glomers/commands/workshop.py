"""`glomers workshop`: what students are handed out."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from glomers.commands.arguments import Parser
from glomers.errors import EXIT_OK
from glomers.workshop.pack import write_pack


def add_arguments(parser: Parser) -> None:
    """Add what the command takes."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="a new folder")


def act(arguments: Namespace) -> int:
    """Write the pack and say where it is; returns the exit status."""
    count = write_pack(arguments.folder)
    print(f"{count} notebooks and README.md are in {arguments.folder}")
    return EXIT_OK
