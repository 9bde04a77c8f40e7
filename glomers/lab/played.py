"""The picture of a run that was played back from a trace, as `glomers replay` has left it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from glomers.drawing.decisive import draw_decisive
from glomers.engine.store_folder import StoreFolder
from glomers.errors import StoreError
from glomers.lab.figure import Figure
from glomers.reading.faults import felt_faults_of

if TYPE_CHECKING:
    from glomers.lab.run import Run

_FACTS = "counterexample.json"


def counterexample(run: Run) -> Figure:
    """The picture of a run that was played back; what decided is thick, the caption says it.

    Raises:
        StoreError: when the run is none that was played back, or its store is damaged.
    """
    if run.store is None or not (run.store / _FACTS).exists():
        raise StoreError(
            "This run was not played back from a trace: use lab.replay, or run.counterexample()."
        )
    return picture_of(run.store)


def picture_of(store: Path) -> Figure:
    """The same of the store folder that it has left.

    Raises:
        StoreError: when it is damaged.
    """
    try:
        facts = json.loads((store / _FACTS).read_text(encoding="utf-8"))
        sentence, decisive = str(facts["sentence"]), frozenset(map(int, facts["decisive"]))
        answer, key = facts.get("answer"), facts.get("key")
    except (OSError, ValueError, KeyError, TypeError):
        raise StoreError(f"{_FACTS} is damaged: play the trace back again.") from None
    # Drawn anew: a picture that came with a store could hold anything.
    folder = StoreFolder(store)
    events, history = folder.events(), folder.history()
    svg = draw_decisive(
        events, felt_faults_of(history), sentence, decisive, answer, key, is_headed=False
    )
    return Figure(f"Space-time diagram: {sentence}", sentence, svg=svg)
