"""The picture of a run that was played back from a trace, as `glomers replay` has left it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glomers.drawing.decisive import draw_decisive
from glomers.drawing.stepper.account import Flaw
from glomers.errors import StoreError
from glomers.lab.accounts import account_of
from glomers.lab.stepped import Stepped, framed
from glomers.reading.faults import felt_faults_of

if TYPE_CHECKING:
    from glomers.lab.run import Run

_FACTS = "counterexample.json"


def counterexample(run: Run) -> Stepped:
    """The picture of a run that was played back; what decided is thick, the caption says it.

    In a notebook a page to step through it stands below the picture.

    Raises:
        StoreError: when the run is none that was played back, or its store is damaged.
    """
    if run.store is None or not (run.store / _FACTS).exists():
        raise StoreError(
            "This run was not played back from a trace: use lab.replay, or run.counterexample()."
        )
    facts = _facts(run.store)
    sentence, decisive, answer = facts["sentence"], frozenset(facts["decisive"]), facts["answer"]
    # Drawn anew: a picture that came with a store could hold anything.
    svg = draw_decisive(
        run.events,
        felt_faults_of(run.history),
        sentence,
        decisive,
        answer,
        facts["key"],
        is_headed=False,
    )
    flaws = [Flaw(sentence, tuple(facts["decisive"]), answer)]
    frame = framed([account_of(run, sentence, flaws)], sentence)
    return Stepped(f"Space-time diagram: {sentence}", sentence, svg=svg, frame=frame)


def _facts(store: Path) -> dict[str, Any]:
    """What is known of a counterexample.

    Raises:
        StoreError: when its file is damaged.
    """
    try:
        facts = json.loads((store / _FACTS).read_text(encoding="utf-8"))
        return {
            "sentence": str(facts["sentence"]),
            "decisive": [*map(int, facts["decisive"])],
            "answer": facts.get("answer"),
            "key": facts.get("key"),
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise StoreError(f"{_FACTS} is damaged: play the trace back again.") from None
