"""Charts for comparisons that a notebook makes itself: bars, and one figure against another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from glomers.lab.figure import Figure, canvas, to_png
from glomers.lab.html import shortened
from glomers.lab.style import COLOURS, LIMIT, MARKERS, QUIET_COLOUR

Point = tuple[str, float, float]
"""A label, x and y."""


def bar_chart(values: Mapping[str, float], x_label: str, caption: str) -> Figure:
    """Draw a bar for each value, from top to bottom in the order given.

    Args:
        values: by the name of the bar.
        x_label: what the values are, with the unit.
        caption: what the chart shows; the figures are added to the alternative text.
    """
    with canvas(0.8 + 0.34 * len(values)) as chart:
        axes = chart.add_subplot()
        names = [shortened(name, 40) for name in values]
        bars = axes.barh(range(len(values)), list(values.values()), color=COLOURS[0])
        axes.bar_label(bars, [f"{value:,.4g}" for value in values.values()], padding=4)
        axes.set_yticks(range(len(values)), names)
        axes.invert_yaxis()
        axes.margins(x=0.12)
        axes.grid(axis="y", visible=False)
        axes.set_xlabel(x_label)
        png = to_png(chart)
    told = ", ".join(f"{name} {value:,.4g}" for name, value in values.items())
    return Figure(f"Bar chart: {caption} {x_label}: {told}.", caption, png=png)


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
            axes.barh(range(len(values)), widths, left=left, color=colour, label=part)
            left = [start + width for start, width in zip(left, widths, strict=True)]
        for place, total in enumerate(left):
            axes.text(total, place, f" {total:,.4g}", va="center")
        axes.set_yticks(range(len(values)), [shortened(name, 40) for name in values])
        axes.invert_yaxis()
        axes.margins(x=0.12)
        axes.grid(axis="y", visible=False)
        axes.set_xlabel(x_label)
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))  # beside the bars
        png = to_png(chart)
    told = "; ".join(
        f"{name}: {sum(bar.values()):,.4g} ("
        + ", ".join(f"{part} {value:,.4g}" for part, value in bar.items())
        + ")"
        for name, bar in values.items()
    )
    return Figure(f"Bar chart: {caption} {x_label}: {told}.", caption, png=png)


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
    from matplotlib.ticker import MaxNLocator

    with canvas(4.2) as chart:
        axes = chart.add_subplot()
        for number, (name, series) in enumerate(points.items()):
            xs, ys = [x for _, x, _ in series], [y for _, _, y in series]
            style = {"color": COLOURS[number % len(COLOURS)], "marker": MARKERS[number % 6]}
            axes.plot(xs, ys, label=shortened(name, 40), **style)  # type: ignore[arg-type]
            for label, x, y in series:
                axes.annotate(label, (x, y), xytext=(6, 6), textcoords="offset points", fontsize=9)
        if others:
            xs, ys = [x for _, x, _ in others], [y for _, _, y in others]
            axes.scatter(xs, ys, color=QUIET_COLOUR, label="published", zorder=2)
            for label, x, y in others:
                axes.annotate(
                    shortened(label, 40),
                    (x, y),
                    xytext=(3, 3),
                    textcoords="offset points",
                    fontsize=7.5,
                    rotation=25,  # side by side, where results are as good as each other
                    color=QUIET_COLOUR,
                )
        if x_limit is not None:
            axes.axvline(x_limit, color=LIMIT, linestyle="--", label=f"limit {x_limit:g}")
        if y_limit is not None:
            axes.axhline(y_limit, color=LIMIT, linestyle=":", label=f"limit {y_limit:g}")
        if log:
            axes.set_xscale("log")
            axes.set_yscale("log")
            axes.xaxis.set_major_formatter("{x:g}")
            axes.yaxis.set_major_formatter("{x:g}")
            axes.xaxis.set_minor_formatter("")
            axes.yaxis.set_minor_formatter("")
        else:
            every = [point for series in (*points.values(), others) for point in series]
            axes.set_xlim(0, 1.15 * max(x for _, x, _ in every))
            axes.set_ylim(0, 1.15 * max([y for *_, y in every] + [y_limit or 0]))
            if all(isinstance(x, int) for _, x, _ in every):  # 2.5 nodes do not exist
                axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True))
        axes.set_xlabel(x_label)
        axes.set_ylabel(y_label)
        axes.legend()
        png = to_png(chart)
    told = [f"{name}: {_told(series)}" for name, series in points.items()]
    told += [f"published: {_told(others)}"] if others else []
    alt = f"Line chart: {caption} {x_label} against {y_label}. {'; '.join(told)}."
    return Figure(alt, caption, png=png)


def _told(series: Sequence[Point]) -> str:
    return ", ".join(f"{label} ({x:.3g}, {y:.3g})" for label, x, y in series)
