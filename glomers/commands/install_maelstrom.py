"""`glomers install-maelstrom`: the pinned release of the real Maelstrom, in the user's cache."""

from __future__ import annotations

from argparse import Namespace
from functools import partial
from pathlib import Path

from glomers.commands.arguments import Parser
from glomers.engine.maelstrom import release
from glomers.engine.maelstrom.install import install
from glomers.errors import EXIT_OK


def add_arguments(parser: Parser) -> None:
    """Add what the command takes."""
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--url", help="where to fetch the archive (default: its releases)")
    source.add_argument("--file", type=Path, metavar="PATH", help="an archive that is here already")


def act(arguments: Namespace) -> int:
    """Install it; returns the exit status."""
    say = partial(print, flush=True)
    install(say, release=release.PINNED, url=arguments.url, file=arguments.file)
    return EXIT_OK
