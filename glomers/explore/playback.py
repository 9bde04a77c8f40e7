"""`glomers replay`: a trace is played back, and leaves a store folder like any run."""

from __future__ import annotations

import json
import sys
import traceback
from dataclasses import replace
from pathlib import Path
from typing import Any

from glomers.bench.flags import words_of
from glomers.bench.in_store import run_in_store
from glomers.bench.log import RunLog
from glomers.bench.program import find_in_virtual_time
from glomers.bench.store import Store
from glomers.bench.what_if import WhatIf
from glomers.drawing.decisive import draw_decisive
from glomers.errors import EXIT_FAILED, EXIT_OK, EXIT_UNKNOWN, BrokenTest, ExploreError
from glomers.explore.counterexample import Played, play
from glomers.explore.trace import Trace
from glomers.files import digest, shown
from glomers.formats.history import HistoryError, read_history
from glomers.formats.journal import read_journal
from glomers.formats.text import clean
from glomers.reading.faults import felt_faults_of
from glomers.reading.finding import Finding, Kind

NAME = "counterexample.json"


def replay(
    path: Path,
    program: Path | None = None,
    folder: Path | None = None,
    what_if: WhatIf | None = None,
) -> int:
    """Play back the trace at `path`, and say what it shows.

    What the nodes knew is recorded as well: a trace is short.

    Args:
        path: the trace.
        program: a node in place of the one that the trace names.
        folder: where `store/` is; by default the current one.
        what_if: the one thing that is changed, if any.

    Returns:
        1 when the anomaly of the trace shows, or another one; 2 when nobody can tell; else 0.

    Raises:
        ExploreError: when the trace cannot be read or played back, or its node cannot be run.
    """
    trace = Trace.load(path)
    if program is not None:
        trace = trace.with_program(program)
    if what_if is not None:
        trace = replace(trace, options=replace(trace.options, what_if=what_if))
    options = replace(trace.options, record_state=True)
    try:
        runner = find_in_virtual_time(trace.options.bin, trace.options.clock)
        store = Store(folder or Path.cwd(), trace.options.workload)
    except BrokenTest as error:
        raise ExploreError(str(error)) from None
    if digest(trace.options.bin) != trace.node_sha256:
        print("The node's file is not the one that the trace was made with.", file=sys.stderr)
    log = RunLog(store.path / "jepsen.log")
    try:
        run_in_store(words_of(trace.options), options, runner, store, log, trace.script)
    except BrokenTest as error:
        log.warn(str(error))
    except Exception as error:  # a trace that somebody has changed may ask for anything
        log.note(traceback.format_exc())
        what = f"{type(error).__name__}: {error}"
        raise ExploreError(f"{path} cannot be played back ({what}): is it as it was?") from None
    finally:
        log.close()
    played = play(trace)
    _write(store, trace, played)
    return _tell(store, trace, played)


def _tell(store: Store, trace: Trace, played: Played) -> int:
    """Print what has come of it; returns the exit status."""
    if played.cause is None:
        if played.undecided is None:
            print(f"{trace.anomaly}: it does not show any more")
            return EXIT_OK
        print(f"{trace.anomaly}: nobody can tell whether it still shows: {clean(played.undecided)}")
        return EXIT_UNKNOWN
    sentence = f"{played.anomaly}: {played.cause.sentence}"
    if played.anomaly != trace.anomaly:
        sentence = f"No more {trace.anomaly}, but it still fails, for another reason: {sentence}"
    print(clean(sentence))
    print(f"Picture: {shown(store.path / 'messages.svg')}")
    return EXIT_FAILED


def _write(store: Store, trace: Trace, played: Played) -> None:
    """Add the trace, what was found out, and a picture of it to the store."""
    told = played.cause or Finding(Kind.PROMISE, "")
    facts: dict[str, Any] = {
        "anomaly": played.anomaly or trace.anomaly,
        "sentence": told.sentence,
        "decisive": told.messages,
        "key": told.key if isinstance(told.key, int | str) else None,
        "answer": told.answer,
    }
    store.write("trace.json", trace.to_json())
    store.write(NAME, json.dumps(facts, ensure_ascii=False, indent=1) + "\n")
    try:
        history = read_history(store.path / "history.edn")
    except HistoryError:  # the test broke before any operation
        history = []
    events = read_journal(store.journal)
    what = told.sentence, told.messages, told.answer, facts["key"]
    store.write("messages.svg", draw_decisive(events, felt_faults_of(history), *what))
