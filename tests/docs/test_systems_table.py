"""The table of systems: its figures are those of the committed lessons."""

import re

import pytest

from glomers.series.notebook import read_notebook, text
from tests.helpers.places import ROOT

ROWS = re.findall(
    r"^\|[^|]*\| \[(\w+)\][^|]*\|[^|]*\]\(\.\./notebooks/([\w-]+)\.ipynb\)[^|]*"
    r"\|[^|]*?\*m\* = ([\d.]+)(?:, ([\d,]+) / ([\d,]+) ms)?",
    (ROOT / "docs" / "systems.md").read_text(encoding="utf-8"),
    re.MULTILINE,
)


def runs_of(solution, lesson):
    """What the lesson shows of runs of a node: messages per operation, and stable latencies."""
    for cell in read_notebook(ROOT / "notebooks" / f"{lesson}.ipynb").code_cells:
        for output in cell.outputs:
            shown = text(output.get("data", {}).get("text/plain", ""))
            if re.search(rf"--bin (nodes/)?{solution}\.py\b", shown):
                found = re.search(r"([\d.,]+) messages per operation between servers", shown)
                latencies = re.search(r"median ([\d,]+) ms, maximum ([\d,]+) ms", shown)
                yield found and found[1], latencies.groups() if latencies else ("", "")


def test_the_table_is_read():
    assert len(ROWS) > 12


@pytest.mark.parametrize(
    ("solution", "lesson", "msgs_per_op", "median_ms", "max_ms"),
    [row for row in ROWS if float(row[2]) > 0.05],  # lessons print smaller ones in a sentence
)
def test_a_figure_is_one_that_the_lesson_shows(solution, lesson, msgs_per_op, median_ms, max_ms):
    digits = len(msgs_per_op.partition(".")[2])
    shown = [
        (f"{float(m.replace(',', '')):.{digits}f}", latencies)
        for m, latencies in runs_of(solution, lesson)
        if m
    ]
    assert any(
        m == msgs_per_op and (not median_ms or latencies == (median_ms, max_ms))
        for m, latencies in shown
    ), shown
