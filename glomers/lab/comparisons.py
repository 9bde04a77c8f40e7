"""Charts for comparisons that a notebook makes itself: bars, or dots where bars would vanish."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING

from glomers.formats.text import shortened
from glomers.lab.charts import legend_above, one_line, spans_decades
from glomers.lab.figure import Figure, canvas, to_png
from glomers.lab.style import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_NAME_CHARACTERS = 64
_LINE_CHARACTERS = 34
_ROOM_FOR_LABEL = 0.12
"""The share of the width that is kept free for the figure beside the longest bar."""


def bar_chart(values: Mapping[str, float], x_label: str, caption: str) -> Figure:
    """Draw a bar for each value, from top to bottom in the order given.

    Where values lie so far apart that the least of them would hardly show, they are dots on a
    logarithmic axis instead: there a bar's length would mean nothing.

    Args:
        values: by the name of the bar.
        x_label: what the values are, with the unit.
        caption: what the chart shows; the figures are added to the alternative text.
    """
    figures = list(values.values())
    is_log = min(figures, default=0) > 0 and spans_decades(figures)
    with canvas(0.8 + 0.36 * len(values)) as chart:
        axes = chart.add_subplot()
        if is_log:
            _dots(axes, figures)
        else:
            axes.barh(range(len(figures)), figures, color=COLOURS[0])
            axes.set_xlim(0, (max(figures, default=0) or 1) * (1 + _ROOM_FOR_LABEL))
            axes.xaxis.set_major_formatter("{x:,g}")
        for place, value in enumerate(figures):
            _label(axes, value, place)
        _name_rows(axes, values)
        axes.set_xlabel(f"{x_label}, logarithmic" if is_log else x_label)
        png = to_png(chart)
    told = ", ".join(f"{name} {value:,.4g}" for name, value in values.items())
    kind = "Dot chart" if is_log else "Bar chart"
    return Figure(f"{kind}: {caption} {x_label}: {told}.", caption, png=png)


def _dots(axes: Axes, figures: Sequence[float]) -> None:
    axes.set_xscale("log")
    axes.plot(figures, range(len(figures)), "o", ms=9, color=COLOURS[0])
    low, high = min(figures), max(figures)
    axes.set_xlim(low / (high / low) ** 0.06, high * (high / low) ** _ROOM_FOR_LABEL)
    axes.set_ylim(-0.6, len(figures) - 0.4)
    axes.xaxis.set_major_formatter("{x:,g}")
    axes.xaxis.set_minor_formatter("")


def _label(axes: Axes, value: float, place: int) -> None:
    """The figure to the right of a bar or dot."""
    axes.annotate(
        f"{value:,.4g}", (value, place), xytext=(8, 0), textcoords="offset points", va="center"
    )


def _name_rows(axes: Axes, names: Mapping[str, object]) -> None:
    lines = [wrap(shortened(one_line(name), _NAME_CHARACTERS), _LINE_CHARACTERS) for name in names]
    axes.set_yticks(range(len(names)), ["\n".join(each) for each in lines])
    axes.invert_yaxis()
    axes.grid(axis="y", visible=axes.get_xscale() == "log")


def stacked_bar_chart(
    values: Mapping[str, Mapping[str, float]], x_label: str, caption: str
) -> Figure:
    """Draw a bar made of parts for each group of values, from top to bottom in the order given.

    Args:
        values: by the name of the bar, then by the name of the part; a part that a bar lacks is 0.
        x_label: what the values are, with the unit.
        caption: what the chart shows; the figures are added to the alternative text.
    """
    parts = list(dict.fromkeys(part for bar in values.values() for part in bar))
    with canvas(1.3 + 0.42 * len(values)) as chart:
        axes = chart.add_subplot()
        left = [0.0] * len(values)
        for number, part in enumerate(parts):
            widths = [bar.get(part, 0.0) for bar in values.values()]
            colour = COLOURS[number % len(COLOURS)]
            name = shortened(one_line(part), _LINE_CHARACTERS)
            axes.barh(range(len(values)), widths, left=left, color=colour, label=name)
            left = [start + width for start, width in zip(left, widths, strict=True)]
        axes.set_xlim(0, (max(left, default=0) or 1) * (1 + _ROOM_FOR_LABEL))
        axes.xaxis.set_major_formatter("{x:,g}")
        for place, total in enumerate(left):
            _label(axes, total, place)
        _name_rows(axes, values)
        axes.set_xlabel(x_label)
        legend_above(axes)
        png = to_png(chart)
    told = "; ".join(
        f"{name}: {sum(bar.values()):,.4g} ("
        + ", ".join(f"{part} {value:,.4g}" for part, value in bar.items())
        + ")"
        for name, bar in values.items()
    )
    return Figure(f"Bar chart: {caption} {x_label}: {told}.", caption, png=png)
