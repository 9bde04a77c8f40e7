"""The subcommands of `glomers`: a module each, with its arguments and what it does."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

COMMANDS = {
    "run": "execute notebooks and export their pages",
    "export": "make HTML pages of a batch",
    "check": "check that notebooks and package agree",
    "nodes": "write every solution as a runnable node program",
    "challenge": "run one challenge with its official flags",
    "assess": "take a node through the stages of a challenge",
    "grade": "judge the submissions of a class in a sandbox",
    "workshop": "write what students are handed out",
    "league": "rank the series' nodes with published results",
    "explore": "run many seeds, and find what fails",
    "replay": "play back a trace that explore has made",
    "install-maelstrom": "fetch the real Maelstrom, check it, and unpack it",
    "doctor": "say what is installed and what is missing",
    "bench": "run or judge a test, with Maelstrom's flags",
}
"""What each does, in a few words for `--help`."""


def command_module(name: str) -> ModuleType:
    """The module of a subcommand, imported only now: most of what others need is slow to import.

    It has `add_arguments(parser)`, and `act(arguments)`, which returns the exit status.
    """
    return import_module(f"{__name__}.{name.replace('-', '_')}")
