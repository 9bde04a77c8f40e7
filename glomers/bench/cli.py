"""The command line: `glomers bench test` runs a test, `glomers bench check` judges a history."""

from __future__ import annotations

import gc
import os
import shlex
import signal
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glomers.bench.hashseed import fix_hash_seed
from glomers.bench.log import RunLog, endure_any_text
from glomers.errors import (
    EXIT_BAD_INPUT,
    EXIT_BROKEN,
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    EXIT_OK,
    EXIT_UNKNOWN,
    BadInput,
    BrokenTest,
)
from glomers.formats.text import clean
from glomers.formats.typography import dash_slip, lookalike

if TYPE_CHECKING:
    from glomers.bench.hosts import Silenced
    from glomers.bench.options import Options
    from glomers.bench.program import Program
    from glomers.bench.report import Results
    from glomers.bench.run import Test
    from glomers.bench.script import Script
    from glomers.bench.store import Store

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
`glomers bench test --help` and `glomers bench check --help` list the flags."""


def main(argv: list[str]) -> int:
    """Run the bench with the words after `glomers bench`; returns the exit status."""
    endure_any_text()
    try:
        if argv[:1] == ["test"]:
            return _test(argv[1:])
        if argv[:1] == ["check"]:
            from glomers.bench.check import main as check

            return check(argv[1:])
        if argv[:1] in (["--help"], ["-h"]):
            print(USAGE)
            return EXIT_OK
        raise BadInput(ELSEWHERE.get("".join(argv[:1]), USAGE))
    except BadInput as error:
        _say_why(error, argv)
        return EXIT_BAD_INPUT
    except SystemExit as error:
        return int(error.code or EXIT_OK)


def _say_why(error: Exception, argv: list[str]) -> None:
    """Say why a test was refused, and what in the command line only looks right."""
    print(clean(str(error)), file=sys.stderr)
    if (hint := lookalike(argv)) and not any(map(dash_slip, argv)):  # which says it already
        print(clean(hint), file=sys.stderr)


def _test(argv: list[str]) -> int:
    """Run the tests that a command line asks for, until one is not valid."""
    from glomers.bench.options import parse_options, refuse_virtual_faults
    from glomers.bench.program import find_program

    _refuse_broken_text(argv)
    try:
        options = parse_options(argv)
        program = find_program(options.bin, options.clock)
        refuse_virtual_faults(options.nemesis, program.virtual)
    except BrokenTest as error:
        _say_why(error, argv)
        return EXIT_BROKEN
    if program.virtual:
        fix_hash_seed(["bench", "test", *argv])
    else:  # nodes that are processes have hashes of their own
        os.environ.pop("PYTHONHASHSEED", None)
    signal.signal(signal.SIGTERM, _interrupt)
    # A run keeps its whole history: looking through all of it for garbage again and again costs
    # a fifth of the time and finds next to nothing.
    gc.set_threshold(100_000, 50, 100)
    for number, (words, test) in enumerate(_repetitions(argv, options), 1):
        if number > 1:
            gc.collect()  # what waits in tasks of the last test goes on when they are thrown away
        if options.test_count > 1:
            print(f"Test {number:,} of {options.test_count:,}", flush=True)
        if status := _test_once(words, test, program):
            return status
    return EXIT_OK


def _repetitions(argv: list[str], options: Options) -> Iterator[tuple[list[str], Options]]:
    """The command line of each test, and the same read; the seed goes up by one each time."""
    from glomers.bench.options import words_of

    if options.test_count == 1:
        yield argv, options
        return
    for number in range(options.test_count):
        test = replace(options, test_count=1, seed=options.seed + number)
        yield words_of(test), test


def _test_once(argv: list[str], options: Options, program: Program) -> int:
    """Run one test, in a store of its own; returns the exit status."""
    from glomers.bench.store import Store

    try:
        store = Store(_current_folder(), options.workload)
    except BrokenTest as error:
        print(clean(str(error)), file=sys.stderr)
        return EXIT_BROKEN
    log = RunLog(store.path / "jepsen.log")
    try:
        return run_in_store(argv, options, program, store, log)
    except BrokenTest as error:
        _report_broken(error, store, log)
        return EXIT_BROKEN
    except KeyboardInterrupt:
        log.say(f"Interrupted. What there is so far is in {_shown(store.path)}")
        return EXIT_INTERRUPTED
    except OSError as error:
        _report_broken(store.failure(error), store, log)
        return EXIT_BROKEN
    except Exception as error:  # the bench's own fault, which says nothing about the node
        log.note(traceback.format_exc())
        what = f"{type(error).__name__}: {error}"
        sentence = f"The bench itself failed ({what}): please report it, with jepsen.log."
        _report_broken(BrokenTest(sentence), store, log)
        return EXIT_BROKEN
    finally:
        log.close()


def _current_folder() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError:
        raise BrokenTest("The current folder is gone: change to one that exists.") from None


def _refuse_broken_text(argv: list[str]) -> None:
    """A store names the command line, and a text file cannot hold bytes that are no text."""
    for word in argv:
        if not word.isascii() and any("\ud800" <= character <= "\udfff" for character in word):
            raise BadInput(f"{word!r} is not UTF-8: name files and arguments in UTF-8.")


def _interrupt(signum: int, frame: Any) -> None:
    raise KeyboardInterrupt


def run_in_store(
    argv: list[str],
    options: Options,
    program: Program,
    store: Store,
    log: RunLog,
    script: Script | None = None,
) -> int:
    """Run a test whose files go to `store`; returns the exit status.

    Args:
        argv: the words after `test`, as they are to stand in the store.
        options: the same, read.
        program: what runs a node.
        store: takes everything that the run leaves.
        log: is told how it goes.
        script: operations, faults and fates to play back.

    Raises:
        BrokenTest: when it cannot go on.
        OSError: when the store cannot be written.
    """
    from glomers.bench.record import StoreRecord
    from glomers.bench.report import (
        closing_line,
        printed_line,
        silenced_lines,
        summary,
        verdict,
        write_results,
    )
    from glomers.bench.run import Test

    clock = "virtual" if program.virtual else "real"
    facts = {
        "engine": "bench",
        "clock": clock,
        "seed": options.seed,
        "command": ["test", *argv],
        "nodes": list(options.node_ids),
    }
    store.write_facts(facts)
    log.say(f"Running: test {shlex.join(argv)}")
    log.say(f"Clock: {clock} ({program.reason}); seed {options.seed}")
    for line in _notes(options):
        log.say(line)

    def give_up(error: BrokenTest) -> None:
        test.save()
        _report_broken(error, store, log)

    test = Test(options, program, StoreRecord(store), log, give_up, script=script)
    try:
        test.run()
    except BrokenTest as error:
        with suppress(OSError):
            _keep_silenced(test.silenced, facts, store)
        _say_what_went_wrong(test, store, log, None, error)
        raise
    _keep_silenced(test.silenced, facts, store)
    results = test.check()
    write_results(store, results, test.history.ops)
    store.finish()
    log.say(summary(results))
    if printed := printed_line(store):
        log.say(printed)
    valid = verdict(results)
    if valid is not True or not test.replicas_agree():
        _say_what_went_wrong(test, store, log, results, None)
    else:
        for line in silenced_lines(test.silenced):
            log.say(line)
    log.say(f"Store: {_shown(store.path)}\n\n{closing_line(results)}")
    return EXIT_UNKNOWN if valid is None else EXIT_OK if valid else EXIT_FAILED


def _keep_silenced(silenced: Sequence[Silenced], facts: dict[str, Any], store: Store) -> None:
    """Add the nodes that are not heard any more to `bench.json`."""
    if silenced:
        store.write_facts({**facts, "silenced": [vars(one) for one in silenced]})


def _notes(options: Options) -> Iterator[str]:
    """What a person may not expect of a command line, a line each."""
    from glomers.bench.options import NO_EFFECT

    if options.args:
        yield f"Arguments for the node: {shlex.join(options.args)}"
    if options.without_effect:
        reasons = groupby(options.without_effect, lambda flag: NO_EFFECT[flag][1])
        yield "Without effect: " + "; ".join(f"{', '.join(f)} ({why})" for why, f in reasons)


def _say_what_went_wrong(
    test: Test, store: Store, log: RunLog, results: Results | None, broken: BrokenTest | None
) -> None:
    from glomers.bench import why  # most runs are valid, and need none of it

    why.show(why.find(test, store, log, results, broken), log)


def _report_broken(error: BrokenTest, store: Store, log: RunLog) -> None:
    """Say what broke the test, and what the node at fault wrote last."""
    with suppress(OSError):  # a full disk may be the very reason
        store.finish()
    log.warn(str(error))
    if error.node_id:
        path = store.path / "node-logs" / f"{error.node_id}.log"
        tail = _tail(path)
        if tail:
            log.warn(f"Its last lines on stderr:\n{tail}")
        if error.stdout_tail:
            log.warn(f"Its last lines on stdout:\n{error.stdout_tail}")
    log.warn(f"The test is broken; what there is of it is in {_shown(store.path)}")


def _tail(path: Path, lines: int = 32, most_bytes: int = 16_384) -> str:
    """The last lines of a log that may be very long."""
    if not path.exists():
        return ""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - most_bytes))
        text = file.read().decode("utf-8", "replace")
    return "\n".join(text.splitlines()[-lines:])


def _shown(path: Path) -> str:
    """The path relative to the current folder, where it lies below it."""
    return os.path.relpath(path)
