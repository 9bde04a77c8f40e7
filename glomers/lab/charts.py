"""Charts of one run: how long operations took, and what was sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from glomers.formats.names import is_client
from glomers.formats.text import clean
from glomers.lab.errors import StoreError
from glomers.lab.figure import Figure, canvas, to_png
from glomers.lab.html import shortened
from glomers.lab.style import BAND, COLOURS, ERROR_COLOUR, MARKERS, QUIET_COLOUR

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.legend import Legend

    from glomers.lab.run import Run

_CROWD = 5_000
"""From so many operations on, points are small and pale, so that their density shows."""
_LEGEND_SIZE = 30
_MOST_FUNCTIONS = 5
_MOST_TYPES = 12
_LABEL_CHARACTERS = 28
_LOG_FROM_RATIO = 30.0
_OUTCOMES = {"fail": ("x", "failed"), "info": ("+", "of unknown outcome")}


def latency_chart(run: Run) -> Figure:
    """How long each operation of the clients took, by the time it was asked for.

    Raises:
        StoreError: when the run left no history, or no operation in it ended.
    """
    every_op = run.ops
    ops = every_op[every_op["latency_ms"].notna()]
    if ops.empty:
        raise StoreError("No operation of this run came to an end: there is no latency to draw.")
    partitions = run.partitions
    with canvas(3.7) as chart:
        axes = chart.add_subplot()
        _shade(axes, partitions)
        _scatter(axes, ops)
        if _spans_decades(ops["latency_ms"]):
            axes.set_yscale("log")
            axes.yaxis.set_major_formatter("{x:g}")
        else:
            axes.set_ylim(bottom=0)
        axes.set_xlabel("time since the start (s)")
        axes.set_ylabel("latency (ms)")
        # Beside the points, where it cannot cover any.
        _show_marks(axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0)))
        png = to_png(chart)
    text = _latency_text(ops)
    shaded = _partition_text(partitions)
    open_count = len(every_op) - len(ops)
    still_open = f" {open_count:,} still open at the end are not shown." if open_count else ""
    caption = f"Latency of the operations over time. {text}{still_open}{shaded}"
    return Figure(f"Scatter chart: {caption}", caption, png=png)


def _show_marks(legend: Legend) -> None:
    """Draw the marks of a legend large and opaque, however small and pale the points are."""
    from matplotlib.collections import PathCollection

    for handle in legend.legend_handles:
        if isinstance(handle, PathCollection):
            handle.set_sizes([_LEGEND_SIZE])
            handle.set_alpha(1)


def _shade(axes: Axes, partitions: pd.DataFrame) -> None:
    for number, band in enumerate(partitions.itertuples()):
        label = "partition" if number == 0 else None
        axes.axvspan(_at(band, "start_s"), _at(band, "end_s"), color=BAND, lw=0, label=label)


def _at(row: Any, name: str) -> float:
    return float(getattr(row, name))


def _scatter(axes: Axes, ops: pd.DataFrame) -> None:
    """A colour and shape for each function; crosses for what did not succeed."""
    succeeded = ops[ops["outcome"] == "ok"]
    size, alpha = (14, 0.7) if len(ops) <= _CROWD else (3, 0.25)
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


def _spans_decades(values: pd.Series[float]) -> bool:
    positive = values[values > 0]
    return not positive.empty and positive.max() / positive.min() > _LOG_FROM_RATIO


def _latency_text(ops: pd.DataFrame) -> str:
    latency = ops["latency_ms"]
    counts = [
        f"{int((ops['outcome'] == outcome).sum()):,} {label}"
        for outcome, label in (("ok", "ok"), ("fail", "failed"), ("info", "of unknown outcome"))
    ]
    figures = f"median {latency.median():,.4g} ms, largest {latency.max():,.4g} ms"
    return f"{len(ops):,} operations ({', '.join(counts)}): {figures}."


def _partition_text(partitions: pd.DataFrame, most: int = 4) -> str:
    if partitions.empty:
        return ""
    spans = [
        f"{_at(band, 'start_s'):.1f} to {_at(band, 'end_s'):.1f} s ({getattr(band, 'description')})"  # noqa: B009
        for band in partitions.head(most).itertuples()
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
        raise StoreError("No message was sent in this run: there is nothing to draw.")
    counts = _count_types(messages)
    with canvas(1.3 + 0.3 * len(counts)) as chart:
        axes = chart.add_subplot()
        _bars(axes, counts)
        axes.set_xlabel("messages sent")
        axes.grid(visible=False, axis="y")
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.legend(loc="lower right")
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
        ("clients", "to and from clients", COLOURS[4], ""),
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
