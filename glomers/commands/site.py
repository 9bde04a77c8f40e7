"""`glomers site`: the lessons and exercises as pages with nodes that run in the browser."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from glomers.commands.arguments import Parser
from glomers.errors import EXIT_OK
from glomers.files import shown
from glomers.series.live_site import build_site
from glomers.series.project import project_root

FOLDER = Path("runs") / "site"
"""Where the site is made, below the project's folder."""


def add_arguments(parser: Parser) -> None:
    """Add what the command takes."""
    what = f"where to (default: {FOLDER})"
    parser.add_argument("folder", nargs="?", type=Path, metavar="DIR", help=what)


def act(arguments: Namespace) -> int:
    """Make the site; returns the exit status."""
    root = project_root()
    folder = arguments.folder or root / FOLDER
    files = build_site(root, folder)
    size_mb = sum(path.stat().st_size for path in files) / 1e6
    print(f"Site: {shown(folder / 'index.html')} ({len(files)} files, {size_mb:.1f} MB)")
    return EXIT_OK
