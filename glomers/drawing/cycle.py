"""Cycles among transactions as SVG text: boxes in a circle, and arrows with their reasons."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from glomers.drawing.lettering import FONT, attribute, escaped, px
from glomers.drawing.palette import (
    COLOURS,
    ERROR_COLOUR,
    FAINT_INK,
    INK,
    PAPER,
    RULE_COLOUR,
    ink,
)
from glomers.formats.text import shortened

_FONT_PX = 12
_BOX_WIDTH_PX = 190.0
_LINE_PX = 20.0
_BOX_PADDING_PX = 8.0
_MARGIN_PX = 16.0
_BEND_PX = 46.0
_BESIDE_ARROW_PX = 12.0
_BESIDE_BOX_PX = 3.0
_OP_CHARACTERS = 28
_REASON_CHARACTERS = 40
_ROOM_FOR_REASON_PX = 150.0

_COLOUR_OF = {"ww": COLOURS[2], "wr": COLOURS[0], "rw": ERROR_COLOUR}
_OTHER_COLOUR = COLOURS[1]
_REASONS = {"ww": "overwritten:", "wr": "read by:", "rw": "read before:"}
_VERBS = {"r": ("reads", ": "), "w": ("sets", " to "), "append": ("appends to", ": ")}

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class _Box:
    """A transaction: its name, and its operations with whether they belong to the cycle."""

    name: str
    lines: list[tuple[str, bool]]
    centre: Point

    @property
    def height(self) -> float:
        return _height(len(self.lines))

    def edge(self, towards: Point) -> Point:
        """Where the line from the centre to a point leaves the box."""
        dx, dy = towards[0] - self.centre[0], towards[1] - self.centre[1]
        half_width = _BOX_WIDTH_PX / 2 + _BESIDE_BOX_PX
        half_height = self.height / 2 + _BESIDE_BOX_PX
        scale = min(
            half_width / abs(dx) if dx else math.inf, half_height / abs(dy) if dy else math.inf
        )
        return self.centre[0] + dx * scale, self.centre[1] + dy * scale


def _height(operations: int) -> float:
    return _LINE_PX * (operations + 1) + 2 * _BOX_PADDING_PX


def draw_cycle(
    operations: Sequence[dict[str, Any]], steps: Sequence[dict[str, Any]], title: str
) -> str:
    """Draw the transactions of a cycle, each of which must come before the next.

    Args:
        operations: the transactions, as a checker reports them (`process`, `value`).
        steps: why each comes before the next, the last before the first (`type`, `key`, `value`).
        title: names the picture to screen readers.

    Returns:
        An `<svg>` element that can stand alone or inside HTML.
    """
    count = len(operations)
    tallest = max(_height(len(op["value"])) for op in operations)
    radius = max(200.0, 80.0 * count)
    depth = radius if count > 2 else 0.0
    beside = _ROOM_FOR_REASON_PX if count > 2 else 0.0
    width = 2 * (max(radius + _BOX_WIDTH_PX / 2, depth / 2 + beside) + _MARGIN_PX)
    height = 2 * (depth + max(tallest / 2, _BEND_PX / 2 + 22) + _MARGIN_PX)
    boxes = []
    for i, op in enumerate(operations):
        turn = 2 * math.pi * i / count
        centre = width / 2 - radius * math.cos(turn), height / 2 - depth * math.sin(turn)
        keys = [steps[i].get("key"), steps[i - 1].get("key")]
        boxes.append(_Box(f"T{i + 1} (client {op['process']})", _lines(op, keys), centre))
    arrows = [
        _arrow(box, boxes[(i + 1) % count], step)
        for i, (box, step) in enumerate(zip(boxes, steps, strict=True))
    ]
    size = f'width="{px(width)}" height="{px(height)}"'
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label={attribute(title)} {size} '
        f'viewBox="0 0 {px(width)} {px(height)}" style="min-width:{px(width)}px" '
        f'font-family="{FONT}" font-size="{_FONT_PX}"><rect {size} fill="{PAPER}"/>'
    )
    return "\n".join([head, *arrows, *map(_box, boxes), "</svg>"])


def _lines(op: dict[str, Any], keys: Collection[Any]) -> list[tuple[str, bool]]:
    """A transaction, one micro-operation a line."""
    lines = []
    for f, key, value in op["value"]:
        verb, link = _VERBS.get(f, (f, ": "))
        told = "nil" if value is None else value
        lines.append((shortened(f"{verb} {key}{link}{told}", _OP_CHARACTERS), key in keys))
    return lines


def _box(box: _Box) -> str:
    x, y = box.centre[0] - _BOX_WIDTH_PX / 2, box.centre[1] - box.height / 2
    texts = [_text(x, y, 0, box.name, f'fill="{INK}" font-weight="bold"')]
    for row, (line, is_part) in enumerate(box.lines, start=1):
        texts.append(_text(x, y, row, line, f'fill="{INK if is_part else FAINT_INK}"'))
    return (
        f'<rect x="{px(x)}" y="{px(y)}" width="{px(_BOX_WIDTH_PX)}" height="{px(box.height)}" '
        f'rx="5" fill="{PAPER}" stroke="{RULE_COLOUR}"/>{"".join(texts)}'
    )


def _text(x: float, y: float, row: int, text: str, style: str) -> str:
    baseline = y + _BOX_PADDING_PX + _LINE_PX * (row + 0.7)
    return f'<text x="{px(x + 10)}" y="{px(baseline)}" {style}>{escaped(text)}</text>'


def _arrow(start: _Box, end: _Box, step: dict[str, Any]) -> str:
    """An arrow between two boxes, bent outwards, with the reason outside of the bend."""
    colour = _COLOUR_OF.get(step["type"], _OTHER_COLOUR)
    dx, dy = end.centre[0] - start.centre[0], end.centre[1] - start.centre[1]
    length = math.hypot(dx, dy) or 1.0
    outwards = (dy / length, -dx / length)
    middle = (
        (start.centre[0] + end.centre[0]) / 2 + outwards[0] * _BEND_PX,
        (start.centre[1] + end.centre[1]) / 2 + outwards[1] * _BEND_PX,
    )
    tail, tip = start.edge(middle), end.edge(middle)
    angle = math.degrees(math.atan2(tip[1] - middle[1], tip[0] - middle[0]))
    curve = " ".join(f"{px(x)},{px(y)}" for x, y in (middle, tip))
    return (
        f'<path d="M{px(tail[0])},{px(tail[1])} Q{curve}" fill="none" stroke="{colour}" '
        'stroke-width="2"/>'
        f'<path d="M0,0 L-10,-4 L-10,4 Z" fill="{colour}" '
        f'transform="translate({px(tip[0])},{px(tip[1])}) rotate({px(angle)})"/>'
        f"{_reason(step, _on_curve(tail, middle, tip), outwards, ink(colour))}"
    )


def _on_curve(tail: Point, middle: Point, tip: Point) -> Point:
    """The point half-way on a bent arrow."""
    return (tail[0] + tip[0] + 2 * middle[0]) / 4, (tail[1] + tip[1] + 2 * middle[1]) / 4


def _reason(step: dict[str, Any], at: Point, outwards: Point, colour: str) -> str:
    """Why one comes before the other, beside the arrow on its outer side."""
    key, value = step.get("key"), step.get("value")
    about = "" if key is None else f" key {key}" + ("" if value is None else f" = {value}")
    text = shortened(f"{_REASONS.get(step['type'], step['type'])}{about}", _REASON_CHARACTERS)
    x, y = at[0] + outwards[0] * _BESIDE_ARROW_PX, at[1] + outwards[1] * _BESIDE_ARROW_PX
    if abs(outwards[0]) < 0.3:
        anchor = "middle"
        y += _FONT_PX * 0.8 if outwards[1] > 0 else 0.0
    else:
        anchor = "start" if outwards[0] > 0 else "end"
        y += _FONT_PX * 0.35
    return (
        f'<text x="{px(x)}" y="{px(y)}" fill="{colour}" text-anchor="{anchor}">'
        f"{escaped(text)}</text>"
    )
