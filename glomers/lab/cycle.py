"""A picture of a cycle among transactions: who must have come before whom, and why."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from glomers.formats.spacetime import COLOURS, ERROR_COLOUR
from glomers.lab import html
from glomers.lab.errors import LabError
from glomers.lab.figure import Figure
from glomers.lab.run import Run

_BOX_PX = (190, 22)
"""Width of a transaction's box, and height of a line in it."""
_MARGIN_PX = 20
_BEND_PX = 46
_COLOUR_OF = {"ww": COLOURS[2], "wr": COLOURS[0], "rw": ERROR_COLOUR}
_OTHER_COLOUR = COLOURS[1]


def cycle_diagram(run: Run, anomaly: str) -> Figure:
    """Draw the shortest cycle of the kind `anomaly` that the checker found.

    Args:
        run: a run of a transactional workload.
        anomaly: the name of the kind, such as `G1c`.

    Raises:
        LabError: when the checker found no cycle of this kind.
    """
    anomalies = (run.results.get("workload") or {}).get("anomalies") or {}
    cycles = [found for found in anomalies.get(anomaly, ()) if "cycle" in found]
    if not cycles:
        kinds = ", ".join(sorted(anomalies)) or "no anomaly at all"
        sentence = f"The checker found no cycle of kind {anomaly} in this run, but {kinds}."
        raise LabError(run.lacking(sentence))
    shortest = min(cycles, key=lambda found: len(found["steps"]))
    operations, steps = shortest["cycle"][:-1], shortest["steps"]
    caption = f"{anomaly}: {'; '.join(str(step['words']) for step in steps)}."
    alt = f"Cycle of transactions. {caption}"
    return Figure(alt, caption, svg=_svg(operations, steps, alt))


def _svg(operations: Sequence[dict[str, Any]], steps: Sequence[dict[str, Any]], alt: str) -> str:
    boxes = [[f"T{i} (client {op['process']})", *_lines(op)] for i, op in enumerate(operations, 1)]
    heights = [_BOX_PX[1] * len(lines) + 10 for lines in boxes]
    radius_px = max(200, 80 * len(boxes))
    width = 2 * (radius_px + _BOX_PX[0] / 2 + _MARGIN_PX + _BEND_PX)
    tall = max(heights)
    depth = radius_px if len(boxes) > 2 else 0
    height = 2 * (depth + tall / 2 + _MARGIN_PX + _BEND_PX)
    centres = [
        (
            width / 2 - radius_px * math.cos(2 * math.pi * i / len(boxes)),
            height / 2 - depth * math.sin(2 * math.pi * i / len(boxes)),
        )
        for i in range(len(boxes))
    ]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" '
        f'aria-label="{html.text(alt)}" width="{width:.0f}" '
        f'height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}" '
        'font-family="sans-serif" font-size="12">'
    ]
    for i, step in enumerate(steps):
        after = (i + 1) % len(boxes)
        parts.append(_arrow(centres[i], centres[after], heights[i], heights[after], step))
    for centre, lines, box_height in zip(centres, boxes, heights, strict=True):
        parts.append(_box(centre, lines, box_height))
    return "".join([*parts, "</svg>"])


def _lines(op: dict[str, Any]) -> list[str]:
    """A transaction, one micro-operation a line."""
    verbs = {"r": "reads", "w": "sets", "append": "appends to"}
    lines = []
    for f, key, value in op["value"]:
        link = ": " if f == "r" else " to " if f == "w" else ": "
        lines.append(html.shortened(f"{verbs.get(f, f)} {key}{link}{value}", 28))
    return lines


def _box(centre: tuple[float, float], lines: Sequence[str], height: float) -> str:
    x, y = centre[0] - _BOX_PX[0] / 2, centre[1] - height / 2
    texts = "".join(
        f'<text x="{x + 10:.1f}" y="{y + 20 + _BOX_PX[1] * i:.1f}"'
        f"{' font-weight=' + chr(34) + 'bold' + chr(34) if i == 0 else ''}>{html.text(line)}</text>"
        for i, line in enumerate(lines)
    )
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{_BOX_PX[0]}" height="{height:.1f}" rx="5" '
        f'fill="#ffffff" stroke="#666666"/>{texts}'
    )


def _arrow(
    start: tuple[float, float],
    end: tuple[float, float],
    start_height: float,
    end_height: float,
    step: dict[str, Any],
) -> str:
    """A bent arrow between two boxes, with the reason in short."""
    colour = _COLOUR_OF.get(step["type"], _OTHER_COLOUR)
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = math.hypot(dx, dy) or 1.0
    normal = (dy / length, -dx / length)
    middle = tuple((a + b) / 2 + n * _BEND_PX for a, b, n in zip(start, end, normal, strict=True))
    tip = _edge_of_box(end, middle, end_height)
    tail = _edge_of_box(start, middle, start_height)
    angle = math.degrees(math.atan2(tip[1] - middle[1], tip[0] - middle[0]))
    label = html.text(_reason(step))
    x, y = ((a + b + 2 * m) / 4 for a, b, m in zip(tail, tip, middle, strict=True))
    return (
        f'<path d="M{tail[0]:.1f},{tail[1]:.1f} Q{middle[0]:.1f},{middle[1]:.1f} '
        f'{tip[0]:.1f},{tip[1]:.1f}" fill="none" stroke="{colour}" stroke-width="2"/>'
        f'<path d="M0,0 L-10,-4 L-10,4 Z" fill="{colour}" '
        f'transform="translate({tip[0]:.1f},{tip[1]:.1f}) rotate({angle:.1f})"/>'
        f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" text-anchor="middle" stroke="#ffffff" '
        f'stroke-width="4" paint-order="stroke" dy="{-8 if normal[1] <= 0 else 18}">{label}</text>'
    )


def _reason(step: dict[str, Any]) -> str:
    key, value = step.get("key"), step.get("value")
    about = "" if key is None else f" key {key}" + ("" if value is None else f" = {value}")
    names = {"ww": "overwritten:", "wr": "read by:", "rw": "read before:"}
    return html.shortened(f"{names.get(step['type'], step['type'])}{about}", 40)


def _edge_of_box(
    centre: tuple[float, float], towards: tuple[float, ...], height: float
) -> tuple[float, float]:
    """Where the line from a box's centre to a point leaves the box."""
    dx, dy = towards[0] - centre[0], towards[1] - centre[1]
    half_width, half_height = _BOX_PX[0] / 2 + 3, height / 2 + 3
    scale = min(half_width / abs(dx) if dx else math.inf, half_height / abs(dy) if dy else math.inf)
    return centre[0] + dx * scale, centre[1] + dy * scale
