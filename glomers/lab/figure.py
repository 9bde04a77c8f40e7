"""What a chart is in a notebook: a picture with alternative text and a caption."""

from __future__ import annotations

import warnings
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING, Any

from glomers.lab import html
from glomers.lab.style import RC, WIDTH_IN

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

_COLOURS = 64
_LEAST_PX = 700
"""A chart is never shown narrower: its smallest letters are then 9 pixels high."""
_CAPTION_STYLE = "font-size:90%;margin-top:4px"


class Figure:
    """A picture for a notebook: an HTML `<figure>`, and its alternative text as plain text.

    Attributes:
        alt: what the picture shows, with the figures in it, for those who do not see it.
        caption: stands below the picture.
        png: the picture of a chart; None for a diagram.
        svg: the picture of a diagram; None for a chart.
    """

    def __init__(
        self, alt: str, caption: str, *, png: bytes | None = None, svg: str | None = None
    ) -> None:
        self.alt = alt
        self.caption = caption
        self.png = png
        self.svg = svg

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": self._html(), "text/plain": self.alt}

    def _html(self) -> str:
        caption = f'<figcaption style="{_CAPTION_STYLE}">{html.prose(self.caption)}</figcaption>'
        return f'<figure style="margin:8px 0">{self._picture()}{caption}</figure>'

    def _picture(self) -> str:
        """The picture in a box that scrolls: shrunk to a phone nobody could read it."""
        return f'<div style="overflow-x:auto">{self.svg or self._image()}</div>'

    def _image(self) -> str:
        data = b64encode(self.png or b"").decode("ascii")
        return (
            f'<img alt="{html.text(self.alt)}" src="data:image/png;base64,{data}" width="900" '
            f'style="max-width:100%;min-width:{_LEAST_PX}px;height:auto">'
        )

    def __repr__(self) -> str:
        return self.alt


@contextmanager
def canvas(height_in: float) -> Iterator[Canvas]:
    """An empty chart, with the lab's style while it is being drawn."""
    import matplotlib
    from matplotlib.figure import Figure as Canvas

    with matplotlib.rc_context(RC):
        yield Canvas(figsize=(WIDTH_IN, height_in))


def settled(chart: Canvas) -> Any:
    """Give everything in a chart its final place; returns what texts are measured with."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    drawn: Any = FigureCanvasAgg(chart)  # untyped
    with _any_letters():
        chart.draw_without_rendering()
    return drawn.get_renderer()


def to_png(chart: Canvas) -> bytes:
    """The chart as a picture; the same bytes for the same chart."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image  # matplotlib depends on it

    drawn: Any = FigureCanvasAgg(chart)  # untyped
    with _any_letters():
        drawn.draw()  # `savefig` would draw once more
    size = drawn.get_width_height(physical=True)
    pixels = Image.frombuffer("RGBA", size, drawn.buffer_rgba()).convert("RGB")
    # A chart has few colours; a palette makes notebooks a third of the size. Of the ways to choose
    # one, this leaves the colours of areas, rules and single marks as they are.
    picture = BytesIO()
    pixels.quantize(_COLOURS, Image.Quantize.FASTOCTREE).save(picture, "png", optimize=True)
    return picture.getvalue()


@contextmanager
def _any_letters() -> Iterator[None]:
    """A node may use letters that the font lacks; boxes in their place say enough."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        yield
