"""Runs of the bench in processes of their own, where there are any, and what they leave."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from io import StringIO
from pathlib import Path
from subprocess import DEVNULL, TimeoutExpired

from glomers.bench.options import Options
from glomers.engine.in_process import run_in_process
from glomers.environment import HAS_PROCESSES, OF_RUNS
from glomers.errors import GlomersError
from glomers.explore import search
from glomers.formats.history import Op, read_history
from glomers.formats.journal import Event, read_journal
from glomers.formats.node_log import read_beginnings
from glomers.reading.dossier import LOG_BYTES, Dossier

_RUN_S = 120.0


def run_bench(words: Sequence[str], folder: Path) -> None:
    """Run `glomers bench test` in a folder, where its store is left."""
    if not HAS_PROCESSES:
        run_in_process(["test", *words], folder)
        return
    _end(_begin("glomers", ["bench", "test", *words], folder), _RUN_S)


@contextmanager
def smallest_aside(words: Sequence[str], folder: Path, deadline_s: float) -> Iterator[None]:
    """Look for the smallest failure of a command while the block does something else.

    It is left in the folder, if it is found by so many seconds after the block.  Where there are no
    other processes, it is looked for after the block, without a deadline.
    """
    if not HAS_PROCESSES:
        yield
        with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            search.main([str(folder), *words])
        return
    process = _begin("glomers.explore.search", [str(folder), *words], folder)
    try:
        yield
        _end(process, deadline_s)
    finally:
        process.kill()


def _begin(module: str, words: Sequence[str], folder: Path) -> subprocess.Popen[bytes]:
    """Start a module of this package, in a folder and with hashes as runs need them."""
    return subprocess.Popen(
        [sys.executable, "-P", "-m", module, *words],
        cwd=folder,
        env=os.environ | OF_RUNS,
        stdin=DEVNULL,
        stdout=DEVNULL,
        stderr=DEVNULL,
    )


def _end(process: subprocess.Popen[bytes], deadline_s: float) -> None:
    """Wait for the end of a process, which comes at the deadline if not before."""
    try:
        process.wait(deadline_s)
    except TimeoutExpired:
        process.kill()
        process.wait()


def stores_in(folder: Path) -> list[Path]:
    """The stores that runs have left in a folder, in the order of time."""
    return sorted((folder / "store").glob("*/2*"))


def _history_in(store: Path) -> list[Op]:
    """The operations of a run; none when it left none that can be read."""
    with suppress(OSError, ValueError, GlomersError):
        return read_history(store / "history.edn")
    return []


def deeds_dossier(store: Path, options: Options) -> Dossier:
    """What a store tells of the nodes, whatever came of the run."""
    logs, is_whole = read_beginnings(store / "node-logs", LOG_BYTES)

    def events(text: str | None) -> Iterator[Event]:
        mentioned = text.encode() if text is not None else None
        return read_journal(store / "net-journal" / "messages.jsonl", mentioned)

    return Dossier(
        options.workload,
        options.node_ids,
        results=None,
        history=_history_in(store),
        events=events,
        logs=logs,
        logs_are_whole=is_whole,
        program=options.bin,
    )
