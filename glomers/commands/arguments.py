"""How subcommands read their words, and the arguments that several of them have."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from glomers.environment import ENGINES
from glomers.errors import BadInput

_MOST = 999_999
"""Of seeds, processes and the like."""


class Parser(argparse.ArgumentParser):
    """Says what is wrong with the arguments in one sentence."""

    _takes_node_args = False
    _takes_all_words = False

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.register("type", Path, _named_path)

    def take_all_words(self) -> None:
        """Leave all words to the command itself: as `words`."""
        self._takes_all_words = True

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str], namespace: Any = None
    ) -> tuple[Any, list[str]]:
        words = list(args)
        if self._takes_all_words:
            parsed, _ = super().parse_known_args([], namespace)
            parsed.words = words
            return parsed, []
        if not self._takes_node_args:
            parsed, others = super().parse_known_args(words, namespace)
            if others:  # here, as this parser knows which command it is
                self.error(f"unrecognized arguments: {' '.join(others)}")
            return parsed, []
        cut = words.index("--") if "--" in words else len(words)
        parsed, others = super().parse_known_args(words[:cut], namespace)
        parsed.node_args = [word for word in others if word[:1] != "-"] + words[cut + 1 :]
        return parsed, [word for word in others if word[:1] == "-"]

    def error(self, message: str) -> NoReturn:
        raise BadInput(f"{self.prog}: {message}. `{self.prog} --help` lists what there is.")

    def add_examples(self, examples: Sequence[str]) -> None:
        """Let help end with these command lines."""
        shown = "\n".join(f"  {example}" for example in examples)
        self.epilog = "\n\n".join(filter(None, [self.epilog, f"examples:\n{shown}"]))
        self.formatter_class = argparse.RawDescriptionHelpFormatter

    def add_engine(self) -> None:
        """Let the command be told which engine runs the tests."""
        default = "default: $GLOMERS_ENGINE, or the bench"
        self.add_argument("--engine", choices=ENGINES, help=f"what runs the tests ({default})")

    def add_seed(self) -> None:
        """Let the command be told the seed of its tests."""
        self.add_argument("--seed", type=int, default=0, metavar="N", help="for the bench (0)")

    def add_node(self) -> None:
        """Let the command be told which node to run; words that are for it become `node_args`.

        These are those that are no flags, and all that follows `--`.
        """
        self._takes_node_args = True
        self.epilog = "What follows -- goes to the node of --bin as its arguments."
        what = "the node (default: the series' solution)"
        self.add_argument("--bin", type=Path, metavar="NODE", help=what)


def _named_path(text: str) -> Path:
    """A path, but for one without a name: that is a variable of the shell that was never set."""
    if not text:
        raise argparse.ArgumentTypeError("the name is empty, which would be this folder")
    return Path(text)


def at_least_one(text: str) -> int:
    """Read a whole number from 1 up, of seeds, processes or the like.

    Raises:
        argparse.ArgumentTypeError: when it is none, or of no use.
    """
    if not text.isdecimal() or not text.strip("0"):
        given = text or repr(text)
        raise argparse.ArgumentTypeError(f"{given} is not a whole number of at least 1")
    if len(text) > len(str(_MOST)):
        raise argparse.ArgumentTypeError(f"{text:.20} is too much: at most {_MOST:,}")
    return int(text)


def refuse_args_without_node(arguments: argparse.Namespace) -> None:
    """Refuse arguments for a solution of the series: they take none, so that these are a slip.

    Raises:
        BadInput: when there are arguments for the node, and no node of one's own.
    """
    if arguments.node_args and arguments.bin is None:
        raise BadInput(
            f"{' '.join(arguments.node_args)!r} would be an argument of the node, and the series' "
            "own takes none: name yours with --bin, or leave it out."
        )
