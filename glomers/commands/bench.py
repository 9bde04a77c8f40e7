"""`glomers bench`: `test` runs tests as Maelstrom does, `check` judges a recorded history."""

from __future__ import annotations

import gc
import os
from argparse import Namespace
from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

from glomers.commands import EXAMPLES
from glomers.commands.arguments import Parser
from glomers.environment import HASH_SEED, IS_WINDOWS, fix_hash_seed
from glomers.errors import EXIT_OK, BadInput, GlomersError
from glomers.formats.typography import dash_slip, lookalike

if TYPE_CHECKING:
    from glomers.bench.options import Options

ELSEWHERE = {
    "serve": "There is no `serve` here: the pages of a run are files, so open "
    "store/latest/timeline.html in a browser, or let `python3 -m http.server -d store` serve them.",
    "analyze": "There is no `analyze` here: `glomers bench check -w WORKLOAD HISTORY` judges the "
    "history.edn of a store anew.",
    "demo": "There is no `demo` here: `glomers challenge ID` runs the node of a challenge.",
    "doc": "There is no `doc` here: it makes Maelstrom's own documentation, which its repository "
    "has under doc/.",
}
"""What to do instead of Maelstrom's other commands."""
USAGE = """usage: glomers bench test -w WORKLOAD --bin FILE [flags]   run one test
       glomers bench check -w WORKLOAD HISTORY          judge a recorded history
`glomers bench test --help` and `glomers bench check --help` list the flags.

examples:
  """ + "\n  ".join(EXAMPLES["bench"])


def add_arguments(parser: Parser) -> None:
    """Add what the command takes: Maelstrom's words, which it reads itself."""
    parser.take_all_words()


def act(arguments: Namespace) -> int:
    """Run tests, or judge a history; returns the exit status.

    Raises:
        BadInput: when the words ask for something that there is not.
        BrokenTest: when a file that they name cannot be had.
    """
    words = arguments.words
    try:
        return _act(words)
    except GlomersError as error:  # perhaps something in the words only looks right
        if (hint := lookalike(words)) and not any(map(dash_slip, words)):  # which says it already
            error.add_note(hint)
        raise


def _act(words: list[str]) -> int:
    match words:
        case ["test", *flags]:
            return _test(flags)
        case ["check", *flags]:
            from glomers.bench.recorded import print_verdict

            return print_verdict(flags)
        case ["--help" | "-h", *_]:
            print(USAGE)
            return EXIT_OK
    raise BadInput(_unknown("".join(words[:1])))


def _unknown(word: str) -> str:
    """What to do in place of a word that is no command of the bench."""
    alike = get_close_matches(word, ("test", "check"), n=1)
    if word in ELSEWHERE or not alike:
        return ELSEWHERE.get(word, USAGE)
    return f"There is no `glomers bench {word}`: did you mean `glomers bench {alike[0]}`?"


def _test(words: list[str]) -> int:
    """Run the tests that a command line asks for, until one is not valid."""
    from glomers.bench.faults import refuse_on_real_clock
    from glomers.bench.flags import parse_options, words_of
    from glomers.bench.program import find_program

    _refuse_broken_text(words)
    options = parse_options(words)
    program = find_program(options.bin, options.clock)
    if program.virtual:
        fix_hash_seed(["bench", "test", *words])
    elif IS_WINDOWS:
        raise BadInput(
            "Programs on the real clock need Linux or macOS: on Windows run glomers in WSL, or "
            "write the node with glomers.node, for virtual time."
        )
    else:  # nodes that are processes have hashes of their own
        refuse_on_real_clock(options.nemesis)
        _refuse_what_needs_virtual_time(options)
        os.environ.pop(HASH_SEED, None)
    from glomers.bench.in_store import run_test  # with the right hash seed

    # A run keeps its whole history: looking through all of it for garbage again and again costs
    # a fifth of the time and finds next to nothing.
    gc.set_threshold(100_000, 50, 100)
    if options.test_count == 1:
        return run_test(words, options, program)
    for number in range(options.test_count):
        gc.collect()  # what waits in tasks of the last test goes on when they are thrown away
        print(f"Test {number + 1:,} of {options.test_count:,}", flush=True)
        test = replace(options, test_count=1, seed=options.seed + number)
        if status := run_test(words_of(test), test, program):
            return status
    return EXIT_OK


def _refuse_what_needs_virtual_time(options: Options) -> None:
    """Refuse flags that only a run can have that can be looked into and repeated."""
    for flag, value in (("--record-state", options.record_state), ("--what-if", options.what_if)):
        if value:
            raise BadInput(
                f"{flag} needs virtual time: only nodes that use glomers.node can be looked into, "
                "and only their runs can be repeated. Leave it out, or leave --clock real out."
            )


def _refuse_broken_text(words: list[str]) -> None:
    """A store names the command line, and a text file cannot hold bytes that are no text."""
    for word in words:
        if not word.isascii() and any("\ud800" <= character <= "\udfff" for character in word):
            raise BadInput(f"{word!r} is not UTF-8: name files and arguments in UTF-8.")
