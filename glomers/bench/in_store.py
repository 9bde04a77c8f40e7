"""A whole test with everything that it leaves: a store folder, and lines for whoever waits."""

from __future__ import annotations

import shlex
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glomers.bench.closing import (
    closing_line,
    printed_line,
    silenced_lines,
    summary,
    verdict,
    write_results,
)
from glomers.bench.flags import NO_EFFECT
from glomers.bench.lifecycle import Test
from glomers.bench.log import RunLog
from glomers.bench.options import Options
from glomers.bench.program import Program
from glomers.bench.record import StoreRecord
from glomers.bench.store import Store
from glomers.errors import EXIT_BROKEN, EXIT_INTERRUPTED, EXIT_STATUSES, BrokenTest
from glomers.files import NOT_HERE, digest, last_lines, shown
from glomers.formats.history import Op

if TYPE_CHECKING:
    from glomers.bench.closing import Results
    from glomers.bench.hosts import Silenced
    from glomers.bench.script import Script

Keep = Callable[[list[Op]], object]
"""Is given the history of a run that has ended."""

_TAIL_BYTES = 16_384


def run_test(
    argv: list[str], options: Options, program: Program, keep: Keep = lambda history: None
) -> int:
    """Run one test, in a store of its own below the current folder; returns the exit status.

    Args:
        argv: the words after `test`, as they are to stand in the store.
        options: the same, read.
        program: what runs a node.
        keep: is given the history, so that it need not be read from the store.

    Raises:
        BrokenTest: when there can be no store.
    """
    store = Store(_current_folder(), options.workload)
    log = RunLog(store.path / "jepsen.log")
    try:
        return run_in_store(argv, options, program, store, log, keep=keep)
    except BrokenTest as error:
        _report_broken(error, store, log)
        return EXIT_BROKEN
    except KeyboardInterrupt:
        log.say(f"Interrupted. What there is so far is in {shown(store.path)}")
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
        raise BrokenTest(NOT_HERE) from None


def run_in_store(
    argv: list[str],
    options: Options,
    program: Program,
    store: Store,
    log: RunLog,
    script: Script | None = None,
    keep: Keep = lambda history: None,
) -> int:
    """Run a test whose files go to `store`; returns the exit status.

    Args:
        argv: the words after `test`, as they are to stand in the store.
        options: the same, read.
        program: what runs a node.
        store: takes everything that the run leaves.
        log: is told how it goes.
        script: operations, faults and fates to play back.
        keep: is given the history.

    Raises:
        BrokenTest: when it cannot go on.
        OSError: when the store cannot be written.
    """
    facts = _begin(argv, options, program, store, log)

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
    keep(test.history.ops)
    results = test.check()
    write_results(store, results, test.history.ops)
    store.finish()
    log.say(summary(results))
    if printed := printed_line(store):
        log.say(printed)
    valid = verdict(results)
    if valid is not True or not test.passes_own_checks():
        _say_what_went_wrong(test, store, log, results, None)
    else:
        for line in silenced_lines(test.silenced):
            log.say(line)
    log.say(f"Store: {shown(store.path)}\n\n{closing_line(results)}")
    return EXIT_STATUSES[valid]


def _begin(
    argv: list[str], options: Options, program: Program, store: Store, log: RunLog
) -> dict[str, Any]:
    """Note and say what is run; returns what `bench.json` has of it."""
    facts = {
        "engine": "bench",
        "clock": program.clock,
        "seed": options.seed,
        "command": ["test", *argv],
        "nodes": list(options.node_ids),
        "node_sha256": digest(program.path),
    }
    store.write_facts(facts)
    log.say(f"Running: test {shlex.join(argv)}")
    log.say(f"Clock: {program.clock} ({program.reason}); seed {options.seed}")
    for line in _notes(options):
        log.say(line)
    return facts


def _keep_silenced(silenced: Sequence[Silenced], facts: dict[str, Any], store: Store) -> None:
    """Add the nodes that are not heard any more to `bench.json`."""
    if silenced:
        store.write_facts({**facts, "silenced": [vars(one) for one in silenced]})


def _notes(options: Options) -> Iterator[str]:
    """What a person may not expect of a command line, a line each."""
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
        if tail := last_lines(path, _TAIL_BYTES):
            log.warn(f"Its last lines on stderr:\n{tail}")
        if error.stdout_tail:
            log.warn(f"Its last lines on stdout:\n{error.stdout_tail}")
    log.warn(f"The test is broken; what there is of it is in {shown(store.path)}")
