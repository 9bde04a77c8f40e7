"""The `glomers` command: it finds the subcommand, and says in a sentence what goes wrong."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from difflib import get_close_matches

import glomers
from glomers.bench.log import endure_any_text, let_go
from glomers.commands import COMMANDS, EXAMPLES, command_module
from glomers.commands.arguments import Parser
from glomers.errors import (
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    EXIT_OK,
    EXIT_UNREAD,
    BadInput,
    GlomersError,
)
from glomers.files import NOT_HERE, is_anywhere
from glomers.formats.text import clean
from glomers.interrupts import end_in_order

FIRST_STEPS = """\
What people do with glomers:

  glomers run 00                            execute a lesson and make its page (all: glomers run)
  glomers challenge 3c                      the series' best node at the official flags
  glomers assess 3c --bin my_3c.py          your own node, stage by stage
  glomers explore 3c --bin my_3c.py         your own node over many seeds
  glomers bench test -w echo --bin node.py  one test, with Maelstrom's flags

`make lab` opens the lessons, `glomers --help` lists all commands, and
`glomers COMMAND --help` says what each takes."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with the words of `argv` (default: those it was called with)."""
    words = list(sys.argv[1:] if argv is None else argv)
    endure_any_text()
    if "_ARGCOMPLETE" in os.environ:
        _complete()
    try:
        status = _status(words)
        if sys.stdout is not None:
            sys.stdout.flush()
        return status
    except OSError as error:  # a console that takes no more, as that of `| head -1`
        if any([let_go(sys.stdout), let_go(sys.stderr)]):
            return EXIT_UNREAD
        return _told(error)


def _status(words: list[str]) -> int:
    """Do what the words ask for, or say why not; returns the exit status.

    Raises:
        OSError: when the console takes no more.
    """
    if not words:
        print(FIRST_STEPS)
        return EXIT_OK
    try:
        _refuse_unknown(words[0])
        arguments = parser_for(words).parse_args(words)
        end_in_order()
        return int(arguments.act(arguments))
    except SystemExit as error:
        return int(error.code or EXIT_OK)
    except GlomersError as error:
        for line in (error, *getattr(error, "__notes__", ())):
            print(clean(str(line)), file=sys.stderr)
        return error.exit_status
    except BrokenPipeError:
        raise
    except OSError as error:
        return _told(error)
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return EXIT_INTERRUPTED


def _told(error: OSError) -> int:
    """Say what the system has refused; returns the exit status."""
    place = f"{error.filename}: " if error.filename else ""
    told = f"{place}{error.strerror or error}."
    print(told if is_anywhere() else NOT_HERE, file=sys.stderr)
    return EXIT_FAILED


def _complete() -> None:
    """Answer a shell that asks how a line goes on, and end; see `argcomplete`."""
    import argcomplete

    line = os.environ.get("COMP_LINE", "")
    argcomplete.autocomplete(parser_for(line.split()[1:]))


def _refuse_unknown(word: str) -> None:
    """Refuse what is no subcommand, with the one that is written most alike.

    Raises:
        BadInput: when it is none.
    """
    if word.startswith("-") or word in COMMANDS:
        return
    alike = get_close_matches(word, COMMANDS, n=1)
    hint = f"did you mean `glomers {alike[0]}`?" if alike else "`glomers --help` lists them."
    raise BadInput(f"There is no command {word!r}: {hint}")


def parser_for(words: Sequence[str]) -> Parser:
    """The parser of the command; of the subcommands, only the one of these words has arguments."""
    parser = Parser(prog="glomers", description="Distributed systems taught in notebooks.")
    parser.add_argument("--version", action="version", version=f"glomers {glomers.__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=Parser)
    chosen = next((word for word in words if word in COMMANDS), None)
    for name, summary in COMMANDS.items():
        sentence = f"{summary[0].upper()}{summary[1:]}."
        command = commands.add_parser(name, help=summary, description=sentence)
        if name == chosen:
            module = command_module(name)
            module.add_arguments(command)
            command.add_examples(EXAMPLES[name])
            command.set_defaults(act=module.act)
    return parser
