"""One figure against another: series of labelled points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from glomers.formats.text import shortened
from glomers.lab.charts import legend_above, one_line
from glomers.lab.figure import Figure, canvas, to_png
from glomers.lab.placing import Tag, place_tags
from glomers.lab.style import COLOURS, LIMIT, MARKERS, QUIET_COLOUR, ink

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Point = tuple[str, float, float]
"""A label, x and y."""

_NAME_CHARACTERS = 40
_TAG_PT = 9.0
_PUBLISHED_PT = 8.5
_FINE_TICKS_UP_TO = 100.0


def trade_off_chart(
    points: Mapping[str, Sequence[Point]],
    x_label: str,
    y_label: str,
    caption: str,
    *,
    x_limit: float | None = None,
    y_limit: float | None = None,
    log: bool = False,
    others: Sequence[Point] = (),
) -> Figure:
    """Draw series of labelled points, each joined by a line in the order given.

    Args:
        points: by the name of the series.
        x_label: what x is, with the unit.
        y_label: what y is, with the unit.
        caption: what the chart shows; the figures are added to the alternative text.
        x_limit: a limit to draw as a vertical line.
        y_limit: a limit to draw as a horizontal line.
        log: whether both axes are logarithmic.
        others: published results, drawn in grey and not joined.
    """
    with canvas(4.6) as chart:
        axes = chart.add_subplot()
        tags = [*_draw_series(axes, points), *_draw_others(axes, others)]
        if x_limit is not None:
            axes.axvline(x_limit, color=LIMIT, linestyle="--", label=f"limit {x_limit:,g}")
        if y_limit is not None:
            axes.axhline(y_limit, color=LIMIT, linestyle=":", label=f"limit {y_limit:,g}")
        every = [*chain.from_iterable(points.values()), *others]
        if log:
            _use_log_axes(axes, every)
        else:
            use_linear_axes(axes, every, y_limit)
        axes.set_xlabel(x_label)
        axes.set_ylabel(y_label)
        legend_above(axes)
        place_tags(axes, tags)
        png = to_png(chart)
    told = [f"{name}: {_told(series)}" for name, series in points.items()]
    told += [f"published: {_told(others)}"] if others else []
    alt = f"Line chart: {caption} {x_label} against {y_label}. {'; '.join(told)}."
    return Figure(alt, caption, png=png)


def _draw_series(axes: Axes, points: Mapping[str, Sequence[Point]]) -> list[Tag]:
    tags = []
    for number, (name, series) in enumerate(points.items()):
        colour = COLOURS[number % len(COLOURS)]
        axes.plot(
            [x for _, x, _ in series],
            [y for _, _, y in series],
            color=colour,
            marker=MARKERS[number % len(MARKERS)],
            label=shortened(one_line(name), _NAME_CHARACTERS),
        )
        tags += [_tag(point, ink(colour), _TAG_PT) for point in series if point[0]]
    return tags


def _draw_others(axes: Axes, others: Sequence[Point]) -> list[Tag]:
    if not others:
        return []
    xs, ys = [x for _, x, _ in others], [y for _, _, y in others]
    axes.scatter(xs, ys, color=QUIET_COLOUR, label="published", zorder=2)
    return [_tag(point, ink(QUIET_COLOUR), _PUBLISHED_PT) for point in others]


def _tag(point: Point, colour: str, font_pt: float) -> Tag:
    text, x, y = point
    return Tag(shortened(one_line(text), _NAME_CHARACTERS), x, y, colour, font_pt)


def _use_log_axes(axes: Axes, every: Sequence[Point]) -> None:
    """Logarithmic axes, with ticks at 2 and 5 where there are few powers of ten."""
    from matplotlib.ticker import LogLocator

    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.margins(0.08)
    values = ([x for _, x, _ in every], [y for _, _, y in every])
    for axis, of_axis in zip((axes.xaxis, axes.yaxis), values, strict=True):
        if max(of_axis) / min(of_axis) < _FINE_TICKS_UP_TO:
            axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter("{x:,g}")
        axis.set_minor_formatter("")


def use_linear_axes(axes: Axes, every: Sequence[Point], y_limit: float | None = None) -> None:
    """Axes that begin at zero and have room for all points and a limit; counts have whole ticks."""
    from matplotlib.ticker import MaxNLocator

    axes.set_xlim(0, 1.15 * max(x for _, x, _ in every))
    axes.set_ylim(0, 1.15 * max([y for *_, y in every] + [y_limit or 0]))
    axes.yaxis.set_major_formatter("{x:,g}")
    axes.xaxis.set_major_formatter("{x:,g}")
    if all(isinstance(x, int) for _, x, _ in every):  # 2.5 nodes do not exist
        axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10]))


def _told(series: Sequence[Point]) -> str:
    return ", ".join(f"{label} ({x:.3g}, {y:.3g})" for label, x, y in series)
