"""A whole test inside this process, without a store: for those who run thousands of them."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TextIO

from glomers.bench.checkers import Result
from glomers.bench.hosts import Silenced
from glomers.bench.lifecycle import Test
from glomers.bench.options import Options
from glomers.bench.program import find_in_virtual_time
from glomers.bench.record import MemoryRecord
from glomers.bench.script import Script
from glomers.errors import BadInput, BrokenTest
from glomers.formats.history import Op
from glomers.formats.journal import Journal


@dataclass(frozen=True)
class Outcome:
    """What a test came to: `results` as in `results.edn`, or the sentence on what broke it.

    `script` is the run as data, if it was to be recorded; `silenced` are the nodes that were not
    heard any more.
    """

    results: Result | None
    broken: BrokenTest | None
    history: list[Op]
    script: Script | None
    silenced: list[Silenced]


class _Silent:
    """A log that nobody reads."""

    console: TextIO = sys.stdout

    def warn(self, text: str) -> None:
        pass


def run_once(
    options: Options,
    journal: Journal,
    *,
    script: Script | None = None,
    is_recorded: bool = False,
) -> Outcome:
    """Run a test in virtual time and return what it came to; nothing is left on the disk.

    With PYTHONHASHSEED=0 it is the run of `glomers bench test` with the same flags, byte for byte.

    Args:
        options: the command line.
        journal: gets every message.
        script: operations, faults and fates to play back.
        is_recorded: whether the outcome has a script.

    Raises:
        BadInput: when the program of the nodes cannot run in virtual time.
    """
    with _garbage_collected_afterwards():
        return _run(options, journal, script, is_recorded)


def _run(
    options: Options,
    journal: Journal,
    script: Script | None,
    is_recorded: bool,
) -> Outcome:
    try:
        program = find_in_virtual_time(options.bin, options.clock)
    except BrokenTest as error:
        raise BadInput(str(error)) from None
    test = Test(
        options,
        program,
        MemoryRecord(journal),
        _Silent(),
        lambda error: None,
        script=script,
        is_recorded=is_recorded,
    )
    results = broken = None
    try:
        test.run()
        results = test.check()
    except BrokenTest as error:
        broken = error.with_traceback(None)
    recorded = test.recorded if is_recorded else None
    return Outcome(results, broken, test.history.ops, recorded, test.silenced)


@contextmanager
def _garbage_collected_afterwards() -> Iterator[None]:
    """Throw away what a run leaves when it ends, not in the middle of the next one.

    Tasks that still wait when a run ends go on to their `finally` when they are thrown away.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.collect()
        if was_enabled:
            gc.enable()
