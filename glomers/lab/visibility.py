"""When each value reached each node: the share of nodes that hold it, by time.

What a learner's nodes send one another is up to them, so this looks for the values themselves.  A
node holds a value from the first time that a message carrying it arrives there, or from a read that
shows it, whichever is earlier.  A message carries a value when the value stands anywhere in its
body, but a body holds other numbers as well (counters, offsets), so every field, such as "`values`
of messages of type `gossip`", has to prove itself: when it seems to bring values that nobody has
broadcast yet, or reads show that nodes do not hold them, it is ignored.  Message ids, `init`,
`topology` and `read` requests are ignored from the start.  Without messages only reads count, which
see a value late.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any

from glomers.errors import StoreError
from glomers.formats.text import shortened
from glomers.lab.charts import one_line
from glomers.lab.figure import Figure, canvas, to_png
from glomers.lab.run import Run
from glomers.lab.style import COLOURS

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

_WRITES = ("broadcast", "add")
_IGNORED_TYPES = frozenset({"init", "topology", "read"})
_IGNORED_KEYS = frozenset({"msg_id", "in_reply_to", "type"})
_TRUSTED_UP_TO = 0.05
_MOST_POSITIONS = 8
_MOST_DEPTH = 12
_LABEL_CHARACTERS = 20

Field = tuple[str, ...]
Held = dict[tuple[str, int], float]


@dataclass(frozen=True)
class Visibility:
    """Delays in seconds from a value's acknowledgement until a node holds it.

    Attributes:
        delay_s: one row per acknowledged value, one column per node; 0 when the node held the
            value before it was acknowledged, infinite when it never did.
        from_messages: whether messages were looked at, or reads alone.
    """

    delay_s: NDArray[np.float64]
    from_messages: bool

    def share(self, after_s: float) -> float:
        """The mean share of the nodes that hold a value `after_s` after its acknowledgement."""
        return float((self.delay_s <= after_s).mean())

    def complete_s(self, quantile: float) -> float:
        """The time within which this share of the values is held by every node."""
        slowest = sorted(float(row.max()) for row in self.delay_s)
        return slowest[max(0, min(len(slowest) - 1, round(quantile * len(slowest)) - 1))]


def visibility(run: Run) -> Visibility:
    """Find out when each acknowledged value reached each node.

    Raises:
        StoreError: when no value was acknowledged (as in workloads without a set of values), or
            the run left no history.
    """
    import numpy as np

    ops = run.ops
    acknowledged = _acknowledged(ops)
    if not acknowledged:
        sentence = "No value was acknowledged in this run: there is nothing to follow."
        raise StoreError(run.lacking(sentence))
    nodes = list(run.nodes) or sorted(set(ops["node"].dropna()))
    reads = _reads(ops, frozenset(acknowledged))
    held = _shown_by(reads)
    try:
        messages = run.messages
    except StoreError:
        messages = None
    if messages is not None:
        invoked = _invoked(ops)
        for claims in _claims(messages, nodes, frozenset(acknowledged)).values():
            if _is_trusted(claims, reads, invoked):
                _merge(held, claims)
    delays = [
        [max(0.0, held.get((node, value), inf) - acked_s) for node in nodes]
        for value, acked_s in acknowledged.items()
    ]
    return Visibility(np.array(delays), messages is not None)


def _acknowledged(ops: pd.DataFrame) -> dict[int, float]:
    """When each value was acknowledged."""
    writes = ops[ops["f"].isin(_WRITES) & (ops["outcome"] == "ok")]
    acknowledged: dict[int, float] = {}
    for value, end_s in zip(writes["value"], writes["end_s"], strict=True):
        if type(value) is int:
            acknowledged.setdefault(value, end_s)
    return acknowledged


def _invoked(ops: pd.DataFrame) -> dict[int, float]:
    """When a client first asked for each value to be stored."""
    writes = ops[ops["f"].isin(_WRITES) & ops["value"].map(lambda value: type(value) is int)]
    invoked: dict[int, float] = {}
    for value, start_s in zip(writes["value"], writes["start_s"], strict=True):
        invoked.setdefault(value, start_s)
    return invoked


@dataclass(frozen=True, slots=True)
class _Reads:
    """A node's reads in order: when they began and ended, and the values that they showed."""

    start_s: list[float]
    end_s: list[float]
    shown: list[frozenset[int]]


def _reads(ops: pd.DataFrame, values: frozenset[int]) -> dict[str, _Reads]:
    reads = ops[(ops["f"] == "read") & (ops["outcome"] == "ok")].sort_values("start_s")
    by_node: dict[str, _Reads] = defaultdict(lambda: _Reads([], [], []))
    columns = (reads["node"], reads["start_s"], reads["end_s"], reads["value"])
    for node, start_s, end_s, value in zip(*columns, strict=True):
        if isinstance(value, list):
            of_node = by_node[node]
            of_node.start_s.append(start_s)
            of_node.end_s.append(end_s)
            if set(map(type, value)) != {int}:
                value = [item for item in value if type(item) is int]
            of_node.shown.append(values.intersection(value))
    return by_node


def _shown_by(reads: Mapping[str, _Reads]) -> Held:
    """When a read of a node first showed each value."""
    held: Held = {}
    for node, of_node in reads.items():
        known: set[int] = set()
        for end_s, shown in zip(of_node.end_s, of_node.shown, strict=True):
            held.update({(node, value): end_s for value in shown - known})
            known |= shown
    return held


def _claims(
    messages: pd.DataFrame, nodes: Sequence[str], values: frozenset[int]
) -> dict[Field, Held]:
    """For each field, when it first brought each value to each node."""
    wanted = messages["recv_s"].notna() & messages["dest"].isin(nodes)
    arrived = messages[wanted & ~messages["type"].isin(_IGNORED_TYPES)].sort_values(
        "recv_s", kind="stable"
    )
    claims: dict[Field, Held] = defaultdict(dict)
    columns = (arrived["recv_s"], arrived["dest"], arrived["type"], arrived["body"])
    for recv_s, dest, kind, body in zip(*columns, strict=True):
        for field, numbers in _numbers(body, (kind,)):
            of_field = claims[field]
            for value in numbers & values:
                of_field.setdefault((dest, value), recv_s)
    return claims


def _numbers(body: Any, field: Field) -> Iterator[tuple[Field, frozenset[int]]]:
    """The whole numbers in a body, by the field that they stand in."""
    kind = type(body)
    if kind is int:
        yield field, frozenset((body,))
    elif len(field) > _MOST_DEPTH:
        return
    elif kind is dict:
        for key, item in body.items():
            if key not in _IGNORED_KEYS:
                # Numbers as keys stand for data, not for a field of their own.
                yield from _numbers(item, (*field, "#" if key.isdecimal() else key))
    elif kind is list:
        yield from _numbers_of_list(body, field)


def _numbers_of_list(items: list[Any], field: Field) -> Iterator[tuple[Field, frozenset[int]]]:
    """Those of a list: all its items are one field, but positions in short inner lists count."""
    if set(map(type, items)) == {int}:
        yield field, frozenset(items)
        return
    for item in items:
        if type(item) is list and len(item) <= _MOST_POSITIONS:
            for position, part in enumerate(item):
                yield from _numbers(part, (*field, f"[{position}]"))
        else:
            yield from _numbers(item, field)


def _is_trusted(claims: Held, reads: Mapping[str, _Reads], invoked: Mapping[int, float]) -> bool:
    """Whether each claim is possible and confirmed by the node's next read, almost always."""
    checked = refuted = 0
    for (node, value), held_s in claims.items():
        if held_s < invoked[value]:
            checked += 1
            refuted += 1
        elif node in reads:
            following = bisect_left(reads[node].start_s, held_s)
            if following < len(reads[node].start_s):
                checked += 1
                refuted += value not in reads[node].shown[following]
    return refuted <= _TRUSTED_UP_TO * checked


def _merge(held: Held, claims: Held) -> None:
    for key, time_s in claims.items():
        if time_s < held.get(key, inf):
            held[key] = time_s


def visibility_chart(runs: Run | Mapping[str, Run]) -> Figure:
    """The share of nodes that hold a value, by time since its acknowledgement.

    The line is the mean over all values; the dashed one is the share of values that every node
    holds.  How that is found out is described at the top of this module.

    Args:
        runs: one run, or from label to run.

    Raises:
        StoreError: when a run has no acknowledged values or no history.
    """
    by_label = {"": runs} if isinstance(runs, Run) else dict(runs)
    seen = {label: visibility(run) for label, run in by_label.items()}
    with canvas(3.7) as chart:
        axes = chart.add_subplot()
        end_ms = max(_last_ms(one) for one in seen.values()) * 1.05 or 1.0
        for number, one in enumerate(seen.values()):
            _draw(axes, one, COLOURS[number % len(COLOURS)], end_ms)
        axes.set_xlim(0, end_ms)
        axes.set_ylim(-0.03, 1.03)  # lines at 0 and 1 are whole
        axes.yaxis.set_major_formatter(_percent)
        axes.xaxis.set_major_formatter("{x:,.0f}" if end_ms > 10 else "{x:g}")
        axes.set_xlabel("time since the value was acknowledged (ms)")
        axes.set_ylabel("share of nodes, or of values")
        _explain(axes, [one_line(label) for label in seen])
        png = to_png(chart)
    texts = " ".join(_text(label, one) for label, one in seen.items())
    source = "from messages and reads" if any(s.from_messages for s in seen.values()) else ""
    caption = f"How fast values spread ({source or 'from reads alone'}). {texts}"
    return Figure(f"Line chart: {caption}", caption, png=png)


def _percent(value: float, position: float) -> str:
    return f"{value:.0%}"


def _share_text(share: float) -> str:
    """A percentage; 100 % is said of nothing less."""
    return "over 99%" if 0.995 <= share < 1 else f"{share:.0%}"


def _ms_text(time_s: float) -> str:
    """Milliseconds, of which short times have fractions."""
    time_ms = time_s * 1e3
    return f"{time_ms:,.0f} ms" if time_ms >= 10 else f"{time_ms:.2g} ms"


def _last_ms(one: Visibility) -> float:
    finite = one.delay_s[one.delay_s < inf]
    return float(finite.max()) * 1e3 if finite.size else 0.0


_MEAN: dict[str, Any] = {"lw": 2.2}
_EVERY_NODE: dict[str, Any] = {"lw": 1.4, "dashes": (4, 2)}


def _explain(axes: Axes, labels: Sequence[str]) -> None:
    """A legend beside the chart: what the two kinds of line mean, then which run is which."""
    colour = "#444444" if len(labels) > 1 else COLOURS[0]
    axes.plot([], [], color=colour, label="nodes that hold\na value (mean)", **_MEAN)
    axes.plot([], [], color=colour, label="values that\nevery node holds", **_EVERY_NODE)
    if len(labels) > 1:
        for number, label in enumerate(labels):
            name = shortened(label, _LABEL_CHARACTERS)
            axes.plot([], [], color=COLOURS[number % len(COLOURS)], lw=6, label=name)
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))


def _draw(axes: Axes, one: Visibility, colour: str, end_ms: float) -> None:
    for delays, style in (
        (one.delay_s.ravel(), _MEAN),
        (one.delay_s.max(axis=1), _EVERY_NODE),
    ):
        times = sorted(float(delay) * 1e3 for delay in delays if delay < inf)
        shares = [(i + 1) / delays.size for i in range(len(times))]
        # From nothing at 0, and level to the right edge after the last arrival.
        xs, ys = [0.0, *times, end_ms], [0.0, *shares, shares[-1] if shares else 0.0]
        axes.plot(xs, ys, color=colour, drawstyle="steps-post", **style)


def _text(label: str, one: Visibility) -> str:
    values, nodes = one.delay_s.shape
    head = f"{label}: " if label else ""
    first, *others = (_share_text(one.share(after_s)) for after_s in (0.1, 0.5, 1.0))
    shares = f"{first} of the nodes after 100 ms, {others[0]} after 500 ms, {others[1]} after 1 s"
    complete = float((one.delay_s.max(axis=1) < inf).mean())
    reach = f"{_share_text(complete)} of the values reach every node"
    half, last = one.complete_s(0.5), one.complete_s(1.0)
    if last < inf:
        reach += f", half of them within {_ms_text(half)} and the last after {_ms_text(last)}"
    return f"{head}{values:,} values, {nodes} nodes: held by {shares}; {reach}."
