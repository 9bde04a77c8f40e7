"""The subcommands of `glomers`: a module each, with its arguments and what it does."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from glomers.environment import IS_WINDOWS
from glomers.errors import BadInput

COMMANDS = {
    "init": "write the series into a new folder",
    "run": "execute notebooks and export their pages",
    "export": "make HTML pages of a batch",
    "site": "make pages with nodes that run in the browser",
    "serve": "serve these pages on this machine",
    "check": "check that notebooks and package agree",
    "nodes": "write every solution as a runnable node program",
    "challenge": "run one challenge with its official flags",
    "assess": "take a node through the stages of a challenge",
    "grade": "judge the submissions of a class in a sandbox",
    "workshop": "write what students are handed out",
    "league": "rank the series' nodes with published results",
    "explore": "run many seeds, and find what fails",
    "replay": "play back a trace that explore has made",
    "view": "make a page of a run, to step through it",
    "install-maelstrom": "fetch the real Maelstrom, check it, and unpack it",
    "doctor": "say what is installed and what is missing",
    "bench": "run or judge a test, with Maelstrom's flags",
}
"""What each does, in a few words for `--help`."""

EXAMPLES = {
    "init": ["glomers init learning"],
    "run": ["glomers run", "glomers run 03d 05 --jobs 2 --out batch", "glomers run 03d -p SEED 7"],
    "export": ["glomers export", "glomers export runs/latest --address https://example.org/pages"],
    "site": ["glomers site", "glomers site public"],
    "serve": ["glomers serve", "glomers serve public --port 8001"],
    "check": ["glomers check", "glomers check --execute"],
    "nodes": ["glomers nodes", "glomers nodes elsewhere"],
    "challenge": ["glomers challenge 3d", "glomers challenge 3c --bin runs/nodes/my_3c.py --json"],
    "assess": ["glomers assess 3c --bin runs/nodes/my_3c.py --watch"],
    "grade": ["glomers grade handed-in --out marks --secret autumn"],
    "workshop": ["glomers workshop handout"],
    "league": ["glomers league", "glomers league --write"],
    "explore": [
        "glomers explore 3c --bin runs/nodes/my_3c.py --seeds 200",
        "glomers explore 'test -w broadcast --node-count 5' --bin n.py --faults partition,kill",
    ],
    "replay": ["glomers replay explore/latest/trace.json"],
    "view": [
        "glomers view store/latest",
        "glomers view store/latest --beside store/echo/latest --out two.html",
    ],
    "install-maelstrom": ["glomers install-maelstrom"],
    "doctor": ["glomers doctor", "glomers doctor --json"],
    "bench": [
        "glomers bench test -w echo --bin runs/nodes/echo.py --node-count 1 --time-limit 10",
        "glomers bench check -w broadcast store/latest/history.edn",
    ],
}
"""For the end of each `--help`."""

NEED_POSIX = ("run", "grade", "install-maelstrom")
"""What watches over processes as Windows cannot, or is for Maelstrom, which does not run there."""


def command_module(name: str) -> ModuleType:
    """The module of a subcommand, imported only now: most of what others need is slow to import.

    It has `add_arguments(parser)`, and `act(arguments)`, which returns the exit status.

    Raises:
        BadInput: when this system has not what the command needs.
    """
    if IS_WINDOWS and name in NEED_POSIX:
        raise BadInput(f"`glomers {name}` needs Linux or macOS: on Windows run glomers in WSL.")
    return import_module(f"{__name__}.{name.replace('-', '_')}")
