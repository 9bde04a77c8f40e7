"""How every chart looks: sizes, fonts and colours, in one place."""

from __future__ import annotations

from typing import Any

from glomers.drawing.palette import (
    COLOURS,
    ERROR_COLOUR,
    PALE_COLOUR,
    QUIET_COLOUR,
    SHADE_HEAD,
    ink,
)

__all__ = [
    "BAND",
    "COLOURS",
    "ERROR_COLOUR",
    "LIMIT",
    "MARKERS",
    "PALE_COLOUR",
    "QUIET_COLOUR",
    "RC",
    "WIDTH_IN",
    "ink",
]

WIDTH_IN = 9.0
"""The width of a chart: 1080 pixels, shown at up to 900."""

BAND = SHADE_HEAD
"""The shade of partitions, as in the space-time diagrams."""

LIMIT = ERROR_COLOUR
"""The line of an official limit."""

MARKERS = ("o", "s", "^", "D", "v", "P")
"""Shapes that tell series apart without their colours."""

# matplotlib's own type for this lists its 300 names.
RC: Any = {
    "axes.axisbelow": True,
    "axes.edgecolor": "#666666",
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "figure.constrained_layout.use": True,
    "figure.dpi": 120,
    "figure.facecolor": "#ffffff",
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "grid.color": "#e4e4e4",
    "legend.framealpha": 0.9,
    "legend.frameon": True,
    "lines.linewidth": 2.0,
    # Names that a node chose may hold dollar signs: they are no formulas.
    "text.parse_math": False,
}
