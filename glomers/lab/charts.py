"""Charts of one run: how long operations took, and what was sent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import ceil
from typing import TYPE_CHECKING, Any

from glomers.errors import StoreError
from glomers.formats.names import is_client
from glomers.formats.text import clean, shortened
from glomers.lab.figure import Figure, canvas, to_png
from glomers.lab.style import BAND, COLOURS, ERROR_COLOUR, MARKERS, PALE_COLOUR, QUIET_COLOUR
from glomers.reading.partitions import PartitionPeriod, felt_partitions_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas
    from matplotlib.legend import Legend

    from glomers.lab.run import Run

_CROWD = 5_000
"""From so many operations on, points are small and pale, so that their density shows."""
_LEGEND_SIZE = 30
_MOST_FUNCTIONS = 5
_MOST_TYPES = 12
_LABEL_CHARACTERS = 28
_LOG_FROM_RATIO = 20.0
_LEGEND_CHARACTERS, _LEGEND_MARK_CHARACTERS = 100, 7
"""How many letters of a legend fit into a row, and how many a line's or mark's sample takes."""
_LEFT_OUT_FROM, _LEFT_OUT_FROM_S = 0.25, 5.0
"""A piece of the time axis is left out from this share of it and from this length on."""
_LEAST_PANEL, _EDGE = 0.12, 0.03
_MARK_BELOW_ZERO = 0.04
"""As a share of the axis."""
_CUT_MARK: Any = {
    "marker": [(-0.6, -1), (0.6, 1)],
    "markersize": 10,
    "color": "#666666",
    "linestyle": "none",
    "clip_on": False,
}
_OUTCOMES = {"fail": ("x", "failed"), "info": ("+", "of unknown outcome")}


def latency_chart(run: Run) -> Figure:
    """How long each operation of the clients took, by the time it was asked for.

    Raises:
        StoreError: when the run left no history, or no operation in it ended.
    """
    every_op = run.ops
    ops = every_op[every_op["latency_ms"].notna()]
    if ops.empty:
        sentence = "No operation of this run came to an end: there is no latency to draw."
        raise StoreError(run.lacking(sentence))
    partitions = felt_partitions_of(run.history)
    is_log = spans_decades(ops["latency_ms"])
    with canvas(3.7) as chart:
        panels = panels_of(chart, zip(ops["start_s"], ops["end_s"], strict=True))
        for axes in panels:
            _shade(axes, partitions)
            _scatter(axes, _above_zero(ops) if is_log else ops)
        if is_log:
            panels[0].set_yscale("log")
        else:
            panels[0].set_ylim(bottom=bottom_ms(ops["latency_ms"]))
        panels[0].yaxis.set_major_formatter("{x:,g}")
        chart.supxlabel("time since the start (s)", fontsize="medium")
        panels[0].set_ylabel("latency (ms)")
        # Beside the points, where it cannot cover any.
        _show_marks(panels[-1].legend(loc="upper left", bbox_to_anchor=(1.0, 1.0)))
        png = to_png(chart)
    text = _latency_text(ops)
    shaded = _partition_text(partitions)
    open_count = len(every_op) - len(ops)
    still_open = f" {open_count:,} still open at the end are not shown." if open_count else ""
    caption = f"Latency of the operations over time. {text}{still_open}{shaded}"
    return Figure(f"Scatter chart: {caption}", caption, png=png)


def panels_of(chart: Canvas, spans_s: Iterable[tuple[float, float]]) -> list[Axes]:
    """One panel for operations from one time to another, or two where nothing goes on for long.

    Args:
        chart: the chart to add them to.
        spans_s: when operations began and ended.
    """
    spans = sorted(spans_s)
    quiet_s, place = _longest_quiet(spans)
    length_s = spans[-1][0] - spans[0][0]
    if quiet_s <= _LEFT_OUT_FROM * length_s or quiet_s < _LEFT_OUT_FROM_S:
        return [chart.add_subplot()]
    edges_s = [(part[0][0], part[-1][0]) for part in (spans[:place], spans[place:])]
    longest_s = max(last_s - first_s for first_s, last_s in edges_s) or 1.0
    widths_s = [max(last_s - first_s, _LEAST_PANEL * longest_s) for first_s, last_s in edges_s]
    panels: list[Axes] = list(chart.subplots(1, 2, sharey=True, width_ratios=widths_s))
    for axes, (first_s, last_s), width_s in zip(panels, edges_s, widths_s, strict=True):
        middle_s, half_s = (first_s + last_s) / 2, width_s / 2 + _EDGE * longest_s
        axes.set_xlim(middle_s - half_s, middle_s + half_s)
        if width_s > last_s - first_s:
            axes.set_xticks([round(first_s, 1)])
    _mark_the_cut(*panels)
    return panels


def _longest_quiet(spans: Sequence[tuple[float, float]]) -> tuple[float, int]:
    """The longest time (s) in which no operation is open, and which operation ends it."""
    longest_s, place, busy_until_s = 0.0, 0, spans[0][1]
    for i, (start_s, end_s) in enumerate(spans):
        if start_s - busy_until_s > longest_s:
            longest_s, place = start_s - busy_until_s, i
        busy_until_s = max(busy_until_s, end_s)
    return longest_s, place


def _mark_the_cut(first: Axes, second: Axes) -> None:
    """Slanted strokes on the axis: the usual sign that a piece of it is left out."""
    second.spines["left"].set_visible(False)
    second.tick_params(axis="y", which="both", left=False)
    for axes, x in ((first, 1.0), (second, 0.0)):
        axes.plot(x, 0, transform=axes.transAxes, **_CUT_MARK)


def _show_marks(legend: Legend) -> None:
    """Draw the marks of a legend large and opaque, however small and pale the points are."""
    from matplotlib.collections import PathCollection

    for handle in legend.legend_handles:
        if isinstance(handle, PathCollection):
            handle.set_sizes([_LEGEND_SIZE])
            handle.set_alpha(1)


def _shade(axes: Axes, partitions: Sequence[PartitionPeriod]) -> None:
    for number, cut in enumerate(partitions):
        label = "partition" if number == 0 else None
        axes.axvspan(cut.start_s, cut.end_s, color=BAND, lw=0, label=label)


def bottom_ms(latency_ms: pd.Series[float]) -> float:
    """Where a linear axis begins: a little below zero where marks stand at zero."""
    return -_MARK_BELOW_ZERO * float(latency_ms.max()) if latency_ms.min() == 0 else 0.0


def _above_zero(ops: pd.DataFrame) -> pd.DataFrame:
    """Operations that took no time, as refusals do, with the least time of the others."""
    latency = ops["latency_ms"]
    return ops.assign(latency_ms=latency.clip(lower=latency[latency > 0].min()))


def _scatter(axes: Axes, ops: pd.DataFrame) -> None:
    """A colour and shape for each function; crosses for what did not succeed."""
    succeeded = ops[ops["outcome"] == "ok"]
    size, alpha = (14, 0.7) if len(ops) <= _CROWD else (4, 0.4)
    functions = list(succeeded["f"].value_counts().sort_index(kind="stable").index)
    for number, f in enumerate(sorted(functions)[:_MOST_FUNCTIONS]):
        part = succeeded[succeeded["f"] == f]
        axes.scatter(
            part["start_s"],
            part["latency_ms"],
            s=size,
            alpha=alpha,
            linewidths=0,
            color=COLOURS[number],
            marker=MARKERS[number],
            label=shortened(one_line(f), _LABEL_CHARACTERS),
        )
    rest = succeeded[succeeded["f"].isin(sorted(functions)[_MOST_FUNCTIONS:])]
    if not rest.empty:
        axes.scatter(rest["start_s"], rest["latency_ms"], s=10, color=QUIET_COLOUR, label="others")
    for outcome, (marker, label) in _OUTCOMES.items():
        part = ops[ops["outcome"] == outcome]
        if not part.empty:
            axes.scatter(
                part["start_s"],
                part["latency_ms"],
                s=36,
                color=ERROR_COLOUR,
                marker=marker,
                label=label,
            )


def one_line(value: object) -> str:
    """Text for a chart, in one line and without control characters."""
    return " ".join(clean(str(value)).split())


def spans_decades(values: Iterable[float]) -> bool:
    """Whether values lie so far apart that only a logarithmic axis shows all of them."""
    positive = [value for value in values if value > 0]
    return bool(positive) and max(positive) / min(positive) > _LOG_FROM_RATIO


def legend_above(axes: Axes) -> None:
    """A legend in rows above a chart, where it covers nothing."""
    names = axes.get_legend_handles_labels()[1]
    row_characters = sum(len(name) + _LEGEND_MARK_CHARACTERS for name in names)
    rows = ceil(row_characters / _LEGEND_CHARACTERS)
    columns = ceil(len(names) / rows)
    axes.legend(
        loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=columns, frameon=False, borderaxespad=0.2
    )


def _latency_text(ops: pd.DataFrame) -> str:
    latency = ops["latency_ms"]
    counts = [
        f"{int((ops['outcome'] == outcome).sum()):,} {label}"
        for outcome, label in (("ok", "ok"), ("fail", "failed"), ("info", "of unknown outcome"))
    ]
    figures = f"median {latency.median():,.4g} ms, largest {latency.max():,.4g} ms"
    return f"{len(ops):,} operations ({', '.join(counts)}): {figures}."


def _partition_text(partitions: Sequence[PartitionPeriod], most: int = 4) -> str:
    if not partitions:
        return ""
    spans = [
        f"{cut.start_s:.1f} to {cut.end_s:.1f} s ({cut.description})" for cut in partitions[:most]
    ]
    more = f" and {len(partitions) - most} more" if len(partitions) > most else ""
    return f" Shaded: partitions from {'; '.join(spans)}{more}."


def messages_by_type(run: Run) -> Figure:
    """How many messages of each type were sent: between servers, to and from clients, and lost.

    Raises:
        StoreError: when the run left no journal of messages, or an empty one.
    """
    messages = run.messages
    if messages.empty:
        sentence = "No message was sent in this run: there is nothing to draw."
        raise StoreError(run.lacking(sentence))
    counts = _count_types(messages)
    with canvas(1.3 + 0.3 * len(counts)) as chart:
        axes = chart.add_subplot()
        _bars(axes, counts)
        axes.set_xlabel("messages sent")
        axes.grid(visible=False, axis="y")
        axes.xaxis.set_major_formatter("{x:,.0f}")
        legend_above(axes)
        png = to_png(chart)
    listed = "; ".join(_type_text(str(kind), row) for kind, row in counts.iterrows())
    caption = f"Messages by type. {len(messages):,} messages{_rate_text(run)}."
    return Figure(f"Bar chart: {caption} {listed}.", caption, png=png)


def _count_types(messages: pd.DataFrame) -> pd.DataFrame:
    """Counts by type, the most frequent first: `servers`, `clients`, `lost` (of the servers')."""
    import pandas as pd

    with_client = messages["src"].map(is_client) | messages["dest"].map(is_client)
    parts = {
        "servers": messages[~with_client & ~messages["lost"]],
        "lost": messages[messages["lost"]],
        "clients": messages[with_client & ~messages["lost"]],
    }
    table = pd.DataFrame({name: part["type"].value_counts() for name, part in parts.items()})
    table = table.fillna(0).astype(int)
    table["total"] = table.sum(axis=1)
    table = table.sort_index().sort_values("total", ascending=False, kind="stable")
    if len(table) > _MOST_TYPES:
        rest = table.iloc[_MOST_TYPES - 1 :]
        table = table.iloc[: _MOST_TYPES - 1].copy()
        table.loc[f"{len(rest)} other types"] = rest.sum()
    return table


def _bars(axes: Axes, counts: pd.DataFrame) -> None:
    places = list(range(len(counts)))[::-1]
    left = counts["total"] * 0
    for name, label, colour, hatch in (
        ("servers", "between servers, received or under way", COLOURS[0], ""),
        ("lost", "between servers, lost", "#ffffff", "////"),
        ("clients", "to and from clients", PALE_COLOUR, ""),
    ):
        if counts[name].sum() == 0:
            continue
        edge = COLOURS[0] if hatch else "none"
        axes.barh(
            places,
            counts[name],
            left=left,
            height=0.7,
            color=colour,
            edgecolor=edge,
            hatch=hatch,
            label=label,
        )
        left = left + counts[name]
    for place, total in zip(places, counts["total"], strict=True):
        axes.text(total, place, f" {total:,}", va="center")
    axes.set_xlim(0, counts["total"].max() * 1.12)
    names = [shortened(one_line(kind), _LABEL_CHARACTERS) for kind in counts.index]
    axes.set_yticks(places, names)


def _type_text(kind: str, row: pd.Series[Any]) -> str:
    parts = [f"{row['servers'] + row['lost']:,} between servers"]
    parts += [f"{row['lost']:,} of them lost"] if row["lost"] else []
    if row["clients"]:
        parts.append(f"{row['clients']:,} with clients")
    return f"{shortened(kind, _LABEL_CHARACTERS)}: {', '.join(parts)}"


def _rate_text(run: Run) -> str:
    stats = run.stats
    if stats.msgs_per_op is None or stats.msgs_per_op_all is None:
        return ""
    return (
        f", {stats.msgs_per_op_all:.4g} per operation, of which {stats.msgs_per_op:.4g} "
        "between servers"
    )
