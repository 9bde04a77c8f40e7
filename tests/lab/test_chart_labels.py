"""Labels in charts cover nothing, and axes show what is on them."""

import random
from io import BytesIO
from itertools import combinations, pairwise
from math import floor, log10

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from glomers import lab
from glomers.drawing.lines import Canvas, Rect
from glomers.formats.edn import kw
from glomers.formats.history import Op
from glomers.lab.charts import bottom_ms, legend_above, panels_of
from glomers.lab.figure import canvas, settled, to_png
from glomers.lab.placing import Board, Tag, place_tags
from glomers.lab.style import BAND, COLOURS, LIMIT
from glomers.lab.trade_off import use_linear_axes
from tests.helpers.lab_stores import results, write_store

PLACES = st.tuples(st.integers(0, 40), st.integers(0, 40))


def overlap(one, other):
    return one.x0 < other.x1 and other.x0 < one.x1 and one.y0 < other.y1 and other.y0 < one.y1


def between(one, other, steps=200):
    for i in range(steps + 1):
        yield tuple(a + (b - a) * i / steps for a, b in zip(one, other, strict=True))


@pytest.mark.slow
@settings(max_examples=10, deadline=None)
@given(st.lists(PLACES, min_size=1, max_size=12, unique=True))
def test_labels_of_points_cover_neither_one_another_nor_lines_and_stay_inside(points):
    with canvas(4.0) as chart:
        axes = chart.add_subplot()
        (line,) = axes.plot(*zip(*points, strict=True), marker="o")
        axes.axvline(20.5)
        axes.set_xlim(-2, 45)
        axes.set_ylim(-2, 45)
        place_tags(axes, [Tag(f"every {x} s", x, y, "#000000", 9) for x, y in points])
        renderer = settled(chart)
        boxes = [text.get_window_extent(renderer) for text in axes.texts if text.get_text()]
        inside = axes.get_window_extent()
        at = [tuple(place) for place in axes.transData.transform(line.get_xydata())]
    assert len(boxes) == len(points)
    for one, other in combinations(boxes, 2):
        assert not overlap(one, other)
    for box in boxes:
        assert inside.x0 <= box.x0
        assert box.x1 <= inside.x1
        for one, other in pairwise(at):
            on_it = (box.x0 < x < box.x1 and box.y0 < y < box.y1 for x, y in between(one, other))
            assert not any(on_it)


def test_the_line_to_a_label_crosses_no_other_where_it_can():
    canvas = Canvas()
    obstacles = [Rect(470, 0, 472, 600), Rect(512, 270, 600, 330)]
    for each in obstacles:
        canvas.add_rect(each)
    place = Board(canvas, Rect(0, 0, 1000, 600)).place((500, 300), 100, 12)
    assert place.leader
    for x, y in between(*place.leader):
        assert not any(each.touches(Rect(x, y, x, y).grown(0.5)) for each in obstacles)


def test_a_legend_stands_above_the_chart():
    with canvas(3.0) as chart:
        axes = chart.add_subplot()
        for number in range(6):
            axes.plot([0, 1], [0, number], label=f"a series with a longish name, {number}")
        legend_above(axes)
        renderer = settled(chart)
        legend = axes.get_legend().get_window_extent(renderer)
        inside = axes.get_window_extent()
        assert legend.y0 >= inside.y1
        assert legend.x1 <= chart.bbox.x1


def test_values_over_more_than_a_decade_are_dots_on_a_logarithmic_axis():
    far_apart = lab.bar_chart({"3 nodes": 0.07, "50 nodes": 44.3}, "messages", "A test.")
    assert far_apart.alt.startswith("Dot chart: A test. messages: 3 nodes 0.07, 50 nodes 44.3")
    for values in ({"a": 2, "b": 12}, {"a": 0, "b": 500}, {"a": 0}, {}):
        assert lab.bar_chart(values, "messages", "A test.").alt.startswith("Bar chart")


def test_ticks_of_counts_are_round_numbers():
    for most in (8, 16, 21, 50, 700):
        with canvas(3.0) as chart:
            axes = chart.add_subplot()
            use_linear_axes(axes, [("", 1, 1.0), ("", most, 2.0)])
            one, other, *_ = axes.get_xticks()
        assert (other - one) / 10 ** floor(log10(other - one)) in (1, 2, 5)


def test_marks_at_zero_stand_above_the_edge():
    assert bottom_ms(pd.Series([0.0, 1.0])) < 0
    assert bottom_ms(pd.Series([0.5, 1.0])) == 0


def test_a_chart_keeps_the_colours_of_areas_and_marks():
    with canvas(3.0) as chart:
        axes = chart.add_subplot()
        axes.axvspan(1, 2, color=BAND, lw=0)
        for i, colour in enumerate(COLOURS):
            xs = [random.Random(i + j).random() * 4 for j in range(400)]
            axes.scatter(xs, [x * 7 % 1 for x in xs], s=14, alpha=0.7, lw=0, color=colour)
        axes.plot([3, 3.2], [0.5, 0.5], color=LIMIT, lw=6)
        pixels = Image.open(BytesIO(to_png(chart))).convert("RGB")
    found = {f"#{r:02x}{g:02x}{b:02x}" for _, (r, g, b) in pixels.getcolors(1 << 20)}
    assert {BAND, LIMIT} <= found


def limits(panels):
    return [panel.get_xlim() for panel in panels]


def test_a_long_time_in_which_nobody_asks_is_left_out():
    with canvas(3.0) as chart:
        spans = [(0.0, 0.1), (2.5, 2.6), (5.0, 5.1), (15.0, 15.1)]
        (first, second) = limits(panels_of(chart, spans))
    assert first[0] <= 0.0 < 5.0 <= first[1] < second[0] < 15.0 < second[1]


def test_short_pauses_and_single_operations_have_one_panel():
    for times in ([0.0, 2.0, 4.0, 8.0], [0.0, 0.001, 3.0], [7.0], [1.0, 1.0]):
        with canvas(3.0) as chart:
            assert len(panels_of(chart, [(at, at) for at in times])) == 1


def test_a_time_in_which_everybody_waits_is_not_left_out():
    with canvas(3.0) as chart:
        assert len(panels_of(chart, [(0.0, 0.1), (1.0, 11.0), (11.0, 11.1), (12.0, 12.1)])) == 1


def cut(at_s, *grudges):
    """A partition of two seconds, with who hears nothing from whom."""
    hears_not = {node: frozenset(deaf) for node, *deaf in grudges}
    events = [
        (at_s, "start-partition", kw("minority-third")),
        (at_s, "start-partition", [kw("isolated"), hears_not]),
        (at_s + 2, "stop-partition", kw("network-healed")),
    ]
    return [(when, "info", "nemesis", f, value) for when, f, value in events]


def test_only_cuts_that_cut_somebody_are_shaded(tmp_path):
    events = [
        (0, "invoke", 0, "read", None),
        (0.1, "ok", 0, "read", [1]),
        *cut(1, ("n0",), ("n1",)),
        *cut(5, ("n0", "n1"), ("n1", "n0")),
    ]
    ops = [Op(i, int(when * 1e9), *event) for i, (when, *event) in enumerate(events)]
    messages = [(1000 * i, 1000 * i + 1, "n0", "n1", {"type": "t"}) for i in range(9)]
    run = lab.Run.load(write_store(tmp_path / "s", results(), ops, messages))
    assert len(run.partitions) == 2
    assert "Shaded: partitions from 5.0 to 7.0 s" in lab.latency_chart(run).caption
    shaded = lab.spacetime(run).caption
    assert "Shaded: partition: a minority third: n0 | n1." in shaded
    assert "nobody" not in shaded


def test_a_chart_scrolls_on_a_narrow_screen_instead_of_shrinking():
    html = lab.bar_chart({"a": 1}, "x", "A test.")._repr_mimebundle_()["text/html"]
    assert '<div style="overflow-x:auto"><img ' in html
    assert "min-width:700px" in html
