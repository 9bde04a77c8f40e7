"""The picture of a run that was played back from a trace, as `glomers replay` has left it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glomers.drawing.decisive import Stretch, decisive_diagram, draw_decisive
from glomers.drawing.flipbook import stepped
from glomers.drawing.stepper.account import Account, Flaw
from glomers.engine.store_folder import StoreFolder
from glomers.errors import StoreError
from glomers.formats.journal import Event
from glomers.lab.accounts import account_of
from glomers.lab.figure import Figure
from glomers.lab.stepped import Stepped, framed
from glomers.reading.faults import felt_faults_of

if TYPE_CHECKING:
    from glomers.lab.run import Run

_FACTS = "counterexample.json"
_Facts = tuple[str, Collection[int], int | None, Any]
_Told = tuple[Iterable[Event], Iterable[Stretch], str, Collection[int], int | None, Any]


def counterexample(run: Run) -> Stepped:
    """The picture of a run that was played back; what decided is thick, the caption says it.

    In a notebook a page to step through it stands below the picture.

    Raises:
        StoreError: when the run is none that was played back, or its store is damaged.
    """
    account = played_account(run)
    assert run.store is not None
    figure = picture_of(run.store)
    frame = framed([account], account.title)
    return Stepped(figure.alt, figure.caption, svg=figure.svg, frame=frame)


def played_account(run: Run) -> Account:
    """All that is known of such a run, named by the sentence about what it shows.

    Raises:
        StoreError: when the run is none that was played back, or its store is damaged.
    """
    if run.store is None or not (run.store / _FACTS).exists():
        raise StoreError(
            "This run was not played back from a trace: use lab.replay, or run.counterexample()."
        )
    sentence, decisive, answer, _ = _facts(run.store)
    return account_of(run, sentence, [Flaw(sentence, tuple(decisive), answer)])


def picture_of(store: Path) -> Figure:
    """The picture alone, of the store folder that such a run has left.

    Raises:
        StoreError: when its file is damaged.
    """
    told = _told(store)
    sentence = told[2]
    svg = draw_decisive(*told, is_headed=False)
    return Figure(f"Space-time diagram: {sentence}", sentence, svg=svg)


def steps_of(store: Path) -> str:
    """The same as HTML whose reader goes from message to message.

    Raises:
        StoreError: when its file is damaged.
    """
    told = _told(store)
    return stepped(decisive_diagram(*told, is_stepped=True), told[2])


def _told(store: Path) -> _Told:
    """What a picture is made of; it is drawn anew, as one from a store may hold anything."""
    folder = StoreFolder(store)
    facts = _facts(store)  # first: whatever else is damaged, these say what to do
    return folder.events(), felt_faults_of(folder.history()), *facts


def _facts(store: Path) -> _Facts:
    """The sentence, the ids of messages that decide, the answer that convicts, and the key."""
    try:
        facts = json.loads((store / _FACTS).read_text(encoding="utf-8"))
        sentence, decisive = str(facts["sentence"]), [*map(int, facts["decisive"])]
        return sentence, decisive, facts.get("answer"), facts.get("key")
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise StoreError(f"{_FACTS} is damaged: play the trace back again.") from None
