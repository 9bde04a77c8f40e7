"""Runs of the bench in processes of their own, and what they leave."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from subprocess import DEVNULL, TimeoutExpired

from glomers.bench.options import Options
from glomers.environment import OF_RUNS
from glomers.formats.journal import Event, read_journal
from glomers.formats.node_log import read_beginnings
from glomers.reading.dossier import LOG_BYTES, Dossier

_RUN_S = 120.0


def run_bench(words: Sequence[str], folder: Path) -> None:
    """Run `glomers bench test` in a folder, where its store is left."""
    end(begin("glomers", ["bench", "test", *words], folder), _RUN_S)


def begin(module: str, words: Sequence[str], folder: Path) -> subprocess.Popen[bytes]:
    """Start a module of this package, in a folder and with hashes as runs need them."""
    return subprocess.Popen(
        [sys.executable, "-P", "-m", module, *words],
        cwd=folder,
        env=os.environ | OF_RUNS,
        stdin=DEVNULL,
        stdout=DEVNULL,
        stderr=DEVNULL,
    )


def end(process: subprocess.Popen[bytes], deadline_s: float) -> None:
    """Wait for the end of a process, which comes at the deadline if not before."""
    try:
        process.wait(deadline_s)
    except TimeoutExpired:
        process.kill()
        process.wait()


def stores_in(folder: Path) -> list[Path]:
    """The stores that runs have left in a folder, in the order of time."""
    return sorted((folder / "store").glob("*/2*"))


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
        history=[],
        events=events,
        logs=logs,
        logs_are_whole=is_whole,
        program=options.bin,
    )
