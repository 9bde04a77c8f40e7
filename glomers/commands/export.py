"""`glomers export`: the pages of a batch, made again."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from glomers.commands.arguments import Parser
from glomers.errors import EXIT_OK
from glomers.files import shown
from glomers.series.project import project_root
from glomers.series.publish import export_batch


def add_arguments(parser: Parser) -> None:
    """Add what the command takes."""
    what = "the batch (default: runs/latest)"
    parser.add_argument("folder", nargs="?", type=Path, metavar="DIR", help=what)
    what = "where the pages will be found, for the picture that others show beside a link"
    parser.add_argument("--address", default="", metavar="URL", help=what)


def act(arguments: Namespace) -> int:
    """Make the pages; returns the exit status."""
    folder = arguments.folder or project_root() / "runs" / "latest"
    print(f"Pages: {shown(export_batch(folder, address=arguments.address))}")
    return EXIT_OK
