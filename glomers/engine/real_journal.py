"""Messages of the real Maelstrom as the bench would tell them.

Maelstrom's journal has its own clock and does not say what a partition swallowed. Its history has
both: when clients asked for what, and who was cut off from whom.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from statistics import median_low

from glomers.formats.history import Op
from glomers.formats.journal import Event
from glomers.formats.names import is_client
from glomers.reading.partitions import Cut, cuts_of

_MOST_EARLY_NS = 100_000_000
_SET_UP = ("init", "topology")


def as_the_bench_tells_it(events: Sequence[Event], history: Sequence[Op]) -> list[Event]:
    """The events with times since the start of the test, as in its history, and with drops.

    What was sent before the start, while the nodes were set up, has a negative time.
    """
    start_ns = _start_ns(events, history)
    shifted = [Event(e.kind, e.time_ns - start_ns, e.id, e.message) for e in events]
    drops = list(_drops(shifted, cuts_of(history)))
    return sorted([*shifted, *drops], key=attrgetter("time_ns")) if drops else shifted


def _start_ns(events: Sequence[Event], history: Sequence[Op]) -> int:
    """The start of the test on the journal's clock.

    A client sends its request right after its operation begins, so that the shortest time between
    the two is next to nothing. The requests of one kind are in the order of their operations. An
    operation that sent nothing would spoil the pairs behind it; most decide what can be right.
    """
    lags = sorted(_lags(events, history))
    if lags:
        earliest = median_low(lags) - _MOST_EARLY_NS
        return next(lag for lag in lags if lag >= earliest)
    requests = (e for e in events if _request_type(e) not in (None, *_SET_UP))
    first = next(requests, events[0] if events else None)
    return first.time_ns if first else 0


def _lags(events: Iterable[Event], history: Iterable[Op]) -> Iterator[int]:
    """From each operation's time to that of its request on the journal's clock."""
    begun: dict[str, list[int]] = defaultdict(list)
    for op in history:
        if op.type == "invoke":
            begun[op.f].append(op.time_ns)
    asked: dict[str, list[int]] = {f: [] for f in begun}
    for event in events:
        kind = _request_type(event)
        if kind in asked:
            asked[kind].append(event.time_ns)
    for f, times in begun.items():
        yield from (there - here for here, there in zip(times, asked[f], strict=False))


def _request_type(event: Event) -> str | None:
    """The type of a message that a client sends."""
    message = event.message
    if event.kind != "send" or message is None or not is_client(message["src"]):
        return None
    body = message["body"]
    kind = body.get("type") if isinstance(body, dict) else None
    return kind if isinstance(kind, str) else None


def _drops(events: Sequence[Event], cuts: Sequence[Cut]) -> Iterator[Event]:
    """A drop for each message that never arrived although a cut explains it.

    Maelstrom looks at the cuts when a message is taken from its queue, at some moment from when it
    was sent on: the first cut since then is what swallowed it. Without one it is under way.
    """
    if not cuts:
        return
    arrived = {event.id for event in events if event.kind == "recv"}
    for event in events:
        message = event.message
        if message is None or event.id in arrived:
            continue
        for cut in cuts:
            if cut.end_ns >= event.time_ns and cut.separates(message["src"], message["dest"]):
                yield Event("drop", max(event.time_ns, cut.start_ns), event.id)
                break
