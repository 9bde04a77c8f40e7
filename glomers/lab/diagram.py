"""Space-time diagrams of a run."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import inf, isnan
from typing import TYPE_CHECKING

from glomers.drawing.messages import Arrow, Band, column_order
from glomers.drawing.spacetime import Diagram
from glomers.drawing.window import Chosen, choose, seconds
from glomers.errors import LabError, StoreError
from glomers.formats.names import is_client
from glomers.formats.text import shortened
from glomers.lab.figure import Figure
from glomers.reading.faults import felt_faults_of

if TYPE_CHECKING:
    import pandas as pd

    from glomers.lab.run import Run

DEFAULT_LIMIT = 150
_MOST_COLUMNS = 12
_MOST_TYPES = 8


def spacetime(
    run: Run,
    start_s: float = 0.0,
    end_s: float = inf,
    *,
    columns: Sequence[str] | None = None,
    types: Sequence[str] | None = None,
    limit: int = DEFAULT_LIMIT,
    title: str = "",
    highlight: Collection[int] = (),
) -> Figure:
    """Draw who sent what to whom between two moments, in seconds since the start of the run.

    Args:
        run: a run with a journal of messages.
        start_s: where the picture begins.
        end_s: where it ends.
        columns: whom to show, from left to right; by default everybody who sends or receives
            anything, without the clients when there would be more than a dozen.
        types: which types of message to show; by default all.
        limit: how many messages to draw at most.
        title: stands above the picture; empty: nothing does, since the caption says it all.
        highlight: the ids of messages to draw thick, with the others pale.

    Raises:
        LabError: when the window ends before it begins.
        StoreError: when the run left no journal of messages.
    """
    if not start_s <= end_s:
        raise LabError(f"The window ends at {end_s} s, before it begins at {start_s} s.")
    arrows = _arrows(run.messages, start_s, end_s, types, highlight)
    if columns is None:
        # Who only appears beyond the limit needs no column.
        columns = column_order(arrows[:limit])
        if len(columns) > _MOST_COLUMNS:
            columns = [name for name in columns if not is_client(name)]
    chosen = choose(columns, arrows, start_s, end_s, limit)
    bands = [band for band in _bands(run) if chosen.window.shows(band)]
    caption = _caption(chosen, bands)
    alt = f"Space-time diagram: {caption}"
    diagram = Diagram(columns, chosen, bands, title=alt, heading=[title] if title else [])
    return Figure(alt, caption, svg=diagram.svg())


def _arrows(
    messages: pd.DataFrame,
    start_s: float,
    end_s: float,
    types: Sequence[str] | None,
    highlight: Collection[int],
) -> list[Arrow]:
    ended = messages["recv_s"].fillna(messages["lost_s"])
    inside = (messages["send_s"] <= end_s) & (ended.fillna(messages["send_s"]) >= start_s)
    if types is not None:
        inside &= messages["type"].isin(types)
    chosen = messages[inside]
    names = ("send_s", "src", "dest", "type", "body", "lost", "id")
    rows = zip(ended[inside], *(chosen[name] for name in names), strict=True)
    return [
        Arrow(
            send_s, None if isnan(end) else end, src, dest, kind, body, bool(lost), id in highlight
        )
        for end, send_s, src, dest, kind, body, lost, id in rows
    ]


def _bands(run: Run) -> list[Band]:
    try:
        return [Band(*fault) for fault in felt_faults_of(run.history)]
    except StoreError:
        return []


def _caption(chosen: Chosen, bands: Sequence[Band]) -> str:
    counts: dict[str, int] = {}
    for arrow in chosen.arrows:
        counts[arrow.type] = counts.get(arrow.type, 0) + 1
    listed = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    texts = [f"{count} {shortened(kind, 28)}" for kind, count in listed[:_MOST_TYPES]]
    texts += [f"{len(listed) - _MOST_TYPES} other types"] if len(listed) > _MOST_TYPES else []
    lost = sum(arrow.lost for arrow in chosen.arrows)
    last_s = max((arrow.end_s for arrow in chosen.arrows), default=chosen.window.start_s)
    end_s = chosen.window.clip(last_s)
    span = f"from {seconds(chosen.window.start_s)} s to {seconds(end_s)} s"
    text = f"{_which(chosen)} {span}: {', '.join(texts) or 'none'}"
    sentences = [text + (f"; {lost} lost" if lost else "") + "."]
    if bands:
        sentences.append(f"Shaded: {'; '.join(band.label for band in bands)}.")
    return " ".join(filter(None, [*sentences, chosen.left_out]))


def _which(chosen: Chosen) -> str:
    if not chosen.beyond_limit:
        return "Messages"
    return f"The first {len(chosen.arrows):,} of {chosen.count:,} messages"
