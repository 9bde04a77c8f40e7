"""The columns of a diagram: one for everybody, with a name above it."""

from __future__ import annotations

from collections.abc import Sequence

from glomers.drawing.lettering import width_px
from glomers.drawing.lines import Rect
from glomers.formats.text import shortened

HEAD_FONT_PX = 12
LEFT_PX = 92.0
"""The room for the axis, left of all columns."""

_LEAST_GAP_PX, _USUAL_GAP_PX, _MOST_GAP_PX = 48.0, 120.0, 190.0
_ALL_GAPS_PX = 800.0
_BESIDE_LABEL_PX = 16.0
_NAME_CHARACTERS = 14
_CHARACTER_PX = 7.5


class Columns:
    """Where the columns stand.

    Attributes:
        x: by name, from left to right.
        right: where the last one's room ends.
    """

    def __init__(self, names: Sequence[str], widest_label: float) -> None:
        """Columns far enough apart for a label in between, where there are not too many."""
        count = max(1, len(names))
        fitting = max(_USUAL_GAP_PX, widest_label + _BESIDE_LABEL_PX)
        gap = min(_MOST_GAP_PX, fitting, max(_LEAST_GAP_PX, _ALL_GAPS_PX / count))
        self.x = {name: LEFT_PX + (i + 0.5) * gap for i, name in enumerate(names)}
        self.right = LEFT_PX + gap * count
        self._most_characters = min(_NAME_CHARACTERS, int(gap / _CHARACTER_PX))

    def head(self, name: str) -> str:
        """The name above a column, as far as there is room for it."""
        return shortened(name, self._most_characters)

    def head_rects(self, y: float) -> list[Rect]:
        """The room of all names that stand at a height."""
        rects = []
        for name, x in self.x.items():
            half = width_px(self.head(name), HEAD_FONT_PX, bold=True) / 2 + 2
            rects.append(Rect(x - half, y - 11, x + half, y + 4))
        return rects
