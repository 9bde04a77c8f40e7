"""A run, played again: with what its nodes knew, or with one thing changed.

In virtual time a run is a function of program, flags and seed, so it can be had again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import chdir, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from glomers.engine.command import split, with_flag, without_flag
from glomers.engine.diagnosis import program_of
from glomers.engine.guarded import run_glomers
from glomers.engine.outcome import VERDICTS, stores
from glomers.engine.seam import DEADLINE_S, run_on_bench
from glomers.engine.store_folder import StoreFolder
from glomers.errors import LabError
from glomers.files import digest
from glomers.formats.node_state import NODE_STATE
from glomers.words import words_for

if TYPE_CHECKING:
    from glomers.lab.run import Run

_RECORD, _WHAT_IF = "--record-state", "--what-if"


def is_recorded(run: Run) -> bool:
    """Whether it is known what the nodes of a run knew."""
    return run.store is not None and (run.store / NODE_STATE).exists()


@contextmanager
def recorded_aside(run: Run, command: Sequence[str]) -> Iterator[Run]:
    """The same as `recorded`, but nothing is left on the disk afterwards.

    Raises:
        LabError: when it cannot be played again, or came out otherwise.
    """
    if is_recorded(run):
        yield run
        return
    try:
        place = TemporaryDirectory(prefix="glomers-", ignore_cleanup_errors=True)
    except OSError as error:
        raise LabError(f"There is no place to play the run again: {error.strerror}.") from None
    with place as folder, chdir(folder):
        yield recorded(run, command)


def recorded(run: Run, command: Sequence[str]) -> Run:
    """The run with what its nodes knew, the same one where that was recorded.

    Args:
        run: a run in virtual time.
        command: the words from `test` on.

    Raises:
        LabError: when it cannot be played again, or came out otherwise.
    """
    if is_recorded(run):
        return run
    again = _again(run, command, None)
    if again.history != run.history:
        raise LabError(
            "Played again, the run came out otherwise, so nobody knows what its nodes knew. Does "
            "the node read files, or use modules that have changed since?"
        )
    return again


def changed(run: Run, command: Sequence[str], change: str) -> Run:
    """The run with one thing changed, recorded.

    Args:
        run: a run in virtual time.
        command: the words from `test` on.
        change: as `--what-if` takes it.

    Raises:
        LabError: when it cannot be played again, or nothing is changed like that.
    """
    return _again(run, command, change)


def why_not(run: Run, command: Sequence[str]) -> str | None:
    """Why a run cannot be played again, if it cannot."""
    if run.engine == "maelstrom" or run.clock == "real":
        where = "the real Maelstrom" if run.engine == "maelstrom" else "the real clock"
        return f"A run on {where} cannot be played again: only runs in virtual time can."
    if run.store is None:
        return run.lacking("A run that left no store folder cannot be played again.")
    program, noted = program_of(run.store, command), StoreFolder(run.store).facts().node_sha256
    if program is None or not program.is_file():
        return "The run cannot be played again: its node's file is not where it was."
    if noted is not None and digest(program) != noted:
        name = os.path.basename(program)
        return f"The run cannot be played again: {name} has changed since. Run the new one."
    return None


def _again(run: Run, command: Sequence[str], change: str | None) -> Run:
    if reason := why_not(run, command):
        raise LabError(reason)
    assert run.store is not None
    trace = run.store / "trace.json"
    if trace.exists():
        return type(run).load(_replayed(trace, change))
    words = [*_from_here(run.store, command)]
    own, rest = split(without_flag(words, _WHAT_IF))
    words = [*own, *([] if _RECORD in own else [_RECORD]), *rest]
    words = words if change is None else with_flag(words, _WHAT_IF, change)
    left = run_on_bench(words)
    if left.folder is None:
        raise LabError(left.explanation)
    return type(run)(left.folder, tuple(words), left.explanation, left.engine)


def _replayed(trace: Path, change: str | None) -> str:
    """The store of a trace that is played back; what its nodes know is recorded in any case."""
    before = stores()
    words = ["replay", str(trace), *words_for({"what_if": change})]
    ended = run_glomers(words, DEADLINE_S)
    new = sorted(stores() - before)
    if ended.status not in VERDICTS or not new:
        raise LabError(ended.err.strip() or f"It ended with status {ended.status}.")
    return new[-1]


def _from_here(store: Path, command: Sequence[str]) -> list[str]:
    """The command with the node's file as it is called from the current folder."""
    words, program = [*command], program_of(store, command)
    if program is None or store.parents[2] == Path.cwd():
        return words
    return with_flag(words, "--bin", str(program), replace=True)
