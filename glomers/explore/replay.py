"""`glomers replay`: a trace is played back, and leaves a store folder like any run."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from glomers.bench.cli import run_in_store
from glomers.bench.errors import BrokenTest
from glomers.bench.log import RunLog
from glomers.bench.options import words_of
from glomers.bench.program import find_program
from glomers.bench.store import Store
from glomers.explore.counterexample import explain
from glomers.explore.errors import ExploreError
from glomers.explore.explain import Explanation
from glomers.explore.trace import Trace, digest
from glomers.formats.decisive import draw_decisive
from glomers.formats.history import read_history
from glomers.formats.journal import read_journal

NAME = "counterexample.json"


def replay(path: Path, program: Path | None = None) -> int:
    """Play back the trace at `path`, below `store/` in this folder, and say what it shows.

    Args:
        path: the trace.
        program: a node in place of the one that the trace names.

    Returns:
        1 when the anomaly of the trace shows, as with `glomers explore`; 0 when it does not.

    Raises:
        ExploreError: when the trace cannot be read, or its node cannot be run.
    """
    trace = Trace.load(path)
    if program is not None:
        trace = trace.with_program(program)
    try:
        runner = find_program(trace.options.bin, "virtual")
        store = Store(Path.cwd(), trace.options.workload)
    except BrokenTest as error:
        raise ExploreError(str(error)) from None
    if digest(trace.options.bin) != trace.node_sha256:
        print("The node's file is not the one that the trace was made with.", file=sys.stderr)
    log = RunLog(store.path / "jepsen.log")
    try:
        run_in_store(words_of(trace.options), trace.options, runner, store, log, trace.script)
    except BrokenTest as error:
        log.warn(str(error))
    finally:
        log.close()
    explanation = explain(trace)
    _write(store, trace, explanation)
    if not explanation.sentence:
        print(f"{trace.anomaly}: it does not show any more")
        return 0
    print(f"{trace.anomaly}: {explanation.sentence}")
    print(f"Picture: {os.path.relpath(store.path / 'messages.svg')}")
    return 1


def _write(store: Store, trace: Trace, explanation: Explanation) -> None:
    """Add the trace, what was found out, and a picture of it to the store."""
    facts = {
        "anomaly": trace.anomaly,
        "sentence": explanation.sentence,
        "decisive": explanation.decisive,
    }
    store.write("trace.json", trace.to_json())
    store.write(NAME, json.dumps(facts, ensure_ascii=False, indent=1) + "\n")
    events, history = read_journal(store.journal), read_history(store.path / "history.edn")
    picture = draw_decisive(events, history, explanation.sentence, explanation.decisive)
    store.write("messages.svg", picture)
