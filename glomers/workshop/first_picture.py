"""The picture beside the verdict of a run: what shows the first finding, or how the run began."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from glomers.drawing.decisive import draw_decisive
from glomers.drawing.messages import Band, arrows_of, column_order
from glomers.drawing.spacetime import draw
from glomers.errors import StoreError
from glomers.formats.journal import read_journal
from glomers.formats.names import is_client
from glomers.lab.run import Run
from glomers.reading.faults import felt_faults_of

DRAWN = 40
"""How many messages are drawn of a run in which nothing went wrong."""
DRAWN_WIDE = 16
"""The same where there are many columns: to find places for labels takes long there."""
_EVENTS = 2000
_MOST_COLUMNS = 12
_SET_UP = frozenset({"init", "init_ok", "topology", "topology_ok"})


@dataclass(frozen=True)
class Picture:
    """A picture as SVG, what it shows in words, and what stands below it."""

    svg: str
    alt: str
    caption: str


def picture_of_run(run: Run) -> Picture | None:
    """The picture of a run; None when it left no messages."""
    if run.store is None:
        return None
    journal = read_journal(run.store / "net-journal" / "messages.jsonl")
    try:
        faults = felt_faults_of(run.history)
        told = next((finding for finding in run.why if finding.messages), None)
        events = list(journal if told else islice(journal, _EVENTS))
    except (StoreError, OSError, ValueError):  # the run broke before it began
        return None
    if told is not None:
        svg = draw_decisive(events, faults, told.sentence, told.messages, is_headed=False)
        return Picture(svg, f"Space-time diagram: {told.sentence}", told.sentence)
    arrows = [arrow for arrow in arrows_of(events) if arrow.type not in _SET_UP]
    if not arrows:
        return None
    columns, limit = column_order(arrows[:DRAWN]), DRAWN
    if len(columns) > _MOST_COLUMNS:
        columns, limit = [name for name in columns if not is_client(name)], DRAWN_WIDE
    bands = [Band(*fault) for fault in faults]
    title = "The first messages of the run"
    svg = draw(columns, arrows, bands, start_s=arrows[0].send_s, limit=limit, title=title)
    return Picture(svg, f"Space-time diagram: {title}.", f"{title}.")
