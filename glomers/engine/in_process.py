"""The bench in this process: where there are no others, as in a browser, or none is wanted.

A run replaces the clocks and the dice of the process, and needs PYTHONHASHSEED=0 to be repeatable.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import chdir, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

from glomers.bench.flags import parse_options
from glomers.bench.in_store import Keep, run_test
from glomers.bench.program import find_program
from glomers.engine.guarded import Ended
from glomers.engine.outcome import Left, left_by, stores
from glomers.errors import BadInput, GlomersError
from glomers.formats.history import Op


def run_in_process(words: Sequence[str], folder: Path) -> tuple[Left, str]:
    """Run a test in virtual time, in a folder where its store is left.

    Args:
        words: the command from `test` on.
        folder: the current one while the test runs.

    Returns:
        What the test left, and what it printed.
    """
    out, err = StringIO(), StringIO()
    histories: list[list[Op]] = []
    with chdir(folder):
        before = stores()
        with redirect_stdout(out), redirect_stderr(err):
            status = _status(list(words), histories.append)
        left = left_by("bench", Ended(status, out.getvalue(), err.getvalue()), before)
    if left.folder and histories:
        left.folder.known_history = histories[0]
    return left, out.getvalue() + err.getvalue()


def _status(words: list[str], keep: Keep) -> int:
    try:
        options = parse_options(words[1:])
        program = find_program(options.bin, options.clock)
        if program.clock != "virtual":
            raise BadInput(
                f"There is nothing but virtual time here, and {options.bin} cannot run in it: only "
                "Python files that import glomers.node can, without --clock."
            )
        return run_test(words[1:], options, program, keep)
    except GlomersError as error:
        print(error, file=sys.stderr)
        return error.exit_status
