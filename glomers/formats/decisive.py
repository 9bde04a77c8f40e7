"""The picture of a counterexample: the messages that decide stand out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from glomers.formats.faults import faults_of
from glomers.formats.history import Op
from glomers.formats.journal import Event
from glomers.formats.spacetime import Band, arrows_of, column_order, draw

DRAWN_MESSAGES = 40
"""Up to so many messages are drawn; of more, those that decide."""
_SET_UP = frozenset({"init", "init_ok", "topology", "topology_ok"})


def draw_decisive(
    events: Iterable[Event], history: Sequence[Op], sentence: str, decisive: Collection[int]
) -> str:
    """A run's messages as SVG under a sentence, those with an id in `decisive` thick."""
    arrows = [a for a in arrows_of(events, decisive) if a.type not in _SET_UP]
    title = sentence or "Messages"
    if len(arrows) > DRAWN_MESSAGES and decisive:
        title += f" ({sum(not a.decisive for a in arrows):,} other messages are not drawn)"
        arrows = [arrow for arrow in arrows if arrow.decisive]
    bands = [Band(*span) for span in faults_of(history)]
    start_s = min((arrow.send_s for arrow in arrows), default=0.0)
    return draw(column_order(arrows), arrows, bands, start_s=start_s, title=title)
