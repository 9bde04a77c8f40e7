"""A picture of a few messages that its reader goes through, one after the other.

It is plain HTML and a style sheet: a group of buttons of which one is chosen, with the mouse or
with the arrow keys, and as much of the picture as has happened until then.  Without styles, or on
paper, all of it is seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from glomers.drawing.lettering import escaped
from glomers.drawing.messages import Arrow
from glomers.drawing.spacetime import Diagram
from glomers.drawing.values import value_of

_BOX = 'tabindex="0" role="group" aria-label="Picture, may scroll"'
MOST_STEPS = 12
"""Of a picture with more messages nobody would read every step."""


def stepped(diagram: Diagram, sentence: str) -> str:
    """A `<figure>` of a diagram that was made with `is_stepped`.

    Args:
        diagram: of up to `MOST_STEPS` messages.
        sentence: what it shows; the caption.

    Raises:
        ValueError: when there are more messages.
    """
    arrows = diagram.arrows
    if len(arrows) > MOST_STEPS:
        raise ValueError(f"{len(arrows)} messages are too many steps: at most {MOST_STEPS}.")
    parts = [
        '<figure class="steps">',
        f"<style>{''.join(_rules(len(arrows)))}</style>",
        "<fieldset><legend>Step by step</legend>",
        *_choices(arrows),
        "</fieldset>",
        f'<div class="output" {_BOX}>{diagram.svg()}</div>',
        f"<figcaption>{escaped(sentence)}</figcaption>",
        "</figure>",
    ]
    return "\n".join(parts) + "\n"


def _rules(count: int) -> Iterator[str]:
    """After each step, what comes later is out of sight."""
    for step in range(1, count):
        later = ", ".join(f".step-{each}" for each in range(step + 1, count + 1))
        chosen = f'.steps:has([value="{step}"]:checked)'
        yield f"@media screen {{ {chosen} :is({later}) {{ visibility: hidden; }} }}\n"


def _choices(arrows: Sequence[Arrow]) -> Iterator[str]:
    for step, arrow in enumerate(arrows, start=1):
        chosen = " checked" if step == len(arrows) else ""
        yield (
            f'<label><input type="radio" name="step" value="{step}"{chosen}> '
            f"{escaped(_words(arrow))}</label>"
        )


def _words(arrow: Arrow) -> str:
    what = f"{arrow.type} {value_of(arrow.body)}".strip()
    ends = ", which is lost" if arrow.lost else ""
    ends += ": this breaks the promise" if arrow.wrong else ""
    return f"{arrow.send_s:.3f} s: {arrow.src} sends {what} to {arrow.dest}{ends}"
