"""`glomers serve`: a local server for the site, which any server of files can take the place of."""

from __future__ import annotations

from argparse import Namespace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from glomers.commands.arguments import Parser
from glomers.commands.site import FOLDER
from glomers.errors import EXIT_OK, BadInput
from glomers.files import shown
from glomers.series.project import project_root

_HOST = "127.0.0.1"
_PORT = 8000


def add_arguments(parser: Parser) -> None:
    """Add what the command takes."""
    what = f"the site (default: {FOLDER})"
    parser.add_argument("folder", nargs="?", type=Path, metavar="DIR", help=what)
    parser.add_argument("--port", type=int, default=_PORT, metavar="N", help=f"default: {_PORT}")


def act(arguments: Namespace) -> int:
    """Serve until somebody interrupts; returns the exit status.

    Raises:
        BadInput: when there is no site, or the port is taken.
    """
    folder = arguments.folder or project_root() / FOLDER
    if not (folder / "index.html").is_file():
        raise BadInput(f"There is no site in {shown(folder)}: `glomers site` makes one.")
    handler = partial(_Quiet, directory=str(folder))
    try:
        server = ThreadingHTTPServer((_HOST, arguments.port), handler)
    except (OSError, OverflowError) as error:
        raise BadInput(
            f"Port {arguments.port} cannot be had ({error}): name another one with --port."
        ) from None
    with server:
        print(f"http://{_HOST}:{server.server_port}/ (Ctrl+C ends it)", flush=True)
        server.serve_forever()
    return EXIT_OK


class _Quiet(SimpleHTTPRequestHandler):
    """Says nothing about each request."""

    def log_message(self, format: str, *args: object) -> None:
        pass
