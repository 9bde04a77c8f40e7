"""The picture of a counterexample: the messages that decide stand out, and it ends with the lie."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from glomers.drawing.messages import Arrow, Band, arrows_of, column_order
from glomers.drawing.spacetime import Diagram
from glomers.drawing.window import choose
from glomers.formats.journal import Event
from glomers.formats.names import is_client

Stretch = tuple[float, float, str]
DRAWN_MESSAGES = 40
"""Up to so many messages are drawn; of more, those that decide."""
_UNTOLD = "Messages"
_SET_UP = frozenset({"init", "init_ok", "topology", "topology_ok"})


def draw_decisive(
    events: Iterable[Event],
    faults: Iterable[Stretch],
    sentence: str,
    decisive: Collection[int],
    answer: int | None = None,
    key: Any = None,
    *,
    is_headed: bool = True,
) -> str:
    """A run's messages as SVG, those with an id in `decisive` thick.

    Args:
        events: the journal of the run.
        faults: when there were faults, in seconds, and what they are called; they are shaded.
        sentence: what the picture shows.
        decisive: the ids of the messages that decide.
        answer: the id of the one that breaks the promise; None: the last answer among those that
            decide.
        key: what the sentence is about, where messages tell of several keys.
        is_headed: whether the sentence stands above the picture, as it has to where no caption
            says it.
    """
    heading = [sentence or _UNTOLD] if is_headed else []
    return decisive_diagram(events, faults, sentence, decisive, answer, key, heading=heading).svg()


def decisive_diagram(
    events: Iterable[Event],
    faults: Iterable[Stretch],
    sentence: str,
    decisive: Collection[int],
    answer: int | None = None,
    key: Any = None,
    *,
    heading: Sequence[str] = (),
    is_stepped: bool = False,
) -> Diagram:
    """The same as a picture to be drawn; `heading` and `is_stepped` are those of `Diagram`."""
    arrows = [a for a in arrows_of(events, decisive, answer) if a.type not in _SET_UP]
    if answer is None:
        _mark_last_answer(arrows)
    notes = []
    if len(arrows) > DRAWN_MESSAGES and decisive:
        others = sum(not a.decisive for a in arrows)
        notes.append(f"{others:,} other messages are not drawn.")
        arrows = [arrow for arrow in arrows if arrow.decisive]
    arrows = _until_the_end(arrows)
    columns = column_order(arrows)
    start_s = min((arrow.send_s for arrow in arrows), default=0.0)
    return Diagram(
        columns,
        choose(columns, arrows, start_s, _end_s(arrows), len(arrows)),
        [Band(*span) for span in faults],
        title=sentence or _UNTOLD,
        heading=heading,
        notes=notes,
        key=key,
        is_stepped=is_stepped,
    )


def _mark_last_answer(arrows: Iterable[Arrow]) -> None:
    """Take the last answer to a client that decides for the one that breaks the promise."""
    answers = [a for a in arrows if a.decisive and a.is_reply and is_client(a.dest)]
    last = max(answers, key=lambda arrow: arrow.end_s, default=None)
    if last is not None:
        last.wrong = True


def _until_the_end(arrows: Sequence[Arrow]) -> list[Arrow]:
    """What was sent before the promise was broken, and all that decides."""
    end_s = _end_s(arrows)
    return [arrow for arrow in arrows if arrow.send_s <= end_s]


def _end_s(arrows: Iterable[Arrow]) -> float:
    """When the last of the messages that decide ends, if one of them breaks the promise."""
    deciding = [arrow for arrow in arrows if arrow.decisive]
    if not any(arrow.wrong for arrow in deciding):
        return float("inf")
    return max(arrow.end_s for arrow in deciding)
