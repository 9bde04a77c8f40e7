"""The page to step through a run, or two of them side by side: one file that loads nothing."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from html import escape
from importlib.resources import files
from string import Template

from glomers.drawing.palette import (
    COLOURS,
    DARK_PAPER,
    ERROR_COLOUR,
    FAINT_INK,
    PAPER,
    QUIET_COLOUR,
    REFUSED_COLOUR,
    legible,
)
from glomers.drawing.stepper.account import Account
from glomers.drawing.stepper.cargo import gzipped, pack
from glomers.formats.text import clean, shortened

PAGE_BYTES = 2_000_000
"""How large a page may be, and what a run is cut to."""
FRAME_BYTES = 84_000
"""The same of a page in an output of a notebook, which with what that adds to each line is 100 kB.
"""
FRAME_PX = 820
"""The height of the frame that such a page stands in."""

_TITLE_CHARACTERS = 200
_SCRIPTS = ("stepper_run.js", "stepper_view.js", "stepper.js")
"""What is known of a run, what is seen of it, and the controls."""
_START = "stepper_start.js"
"""Unpacks these."""
_WAIT = "This page shows a run step by step with a script, which does not run here."


def page(accounts: Sequence[Account], title: str, most_bytes: int = PAGE_BYTES) -> str:
    """A page with one run, or with two that are stepped through together.

    What is too much for `most_bytes` is cut to a window around what went wrong.
    """
    empty = _page(title, [])
    share = max(0, most_bytes - len(empty.encode())) // max(1, len(accounts))
    return _page(title, [pack(account, share - len(_run(""))) for account in accounts])


def frame(accounts: Sequence[Account], title: str, most_bytes: int = FRAME_BYTES) -> str:
    """The same as a frame in a page of somebody else's, in which it can do nothing.

    Escaping makes it longer; the frame with all that is in it keeps to `most_bytes`.
    """
    longer = len(_framed(_page(title, []), title)) - len(_page(title, []))
    return _framed(page(accounts, title, most_bytes - longer), title)


def script_hashes() -> str:
    """What a policy calls the scripts, the only ones that may run."""
    return f"{_hash(_read(_START))} {_hash(_script())}"


def _framed(document: str, title: str) -> str:
    return (
        f'<iframe sandbox="allow-scripts" title="{escape(_title(title))}" '
        f'style="border:0;width:100%;height:{FRAME_PX}px" srcdoc="{escape(document)}"></iframe>'
    )


def _page(title: str, packed: Sequence[str]) -> str:
    style = _style()
    return _template().substitute(
        policy=(
            f"default-src 'none'; script-src {script_hashes()}; style-src {_hash(style)}; "
            "img-src data:"
        ),
        title=escape(_title(title)),
        style=style,
        wait=_WAIT,
        runs="\n".join(map(_run, packed)),
        script=_packed_script(),
        start=_read(_START),
    )


def _run(packed: str) -> str:
    return f'<script type="application/json" class="run">{packed}</script>'


def _title(title: str) -> str:
    return shortened(clean(title), _TITLE_CHARACTERS)


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _read(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


@cache
def _template() -> Template:
    return Template(_read("stepper.html"))


@cache
def _script() -> str:
    return "".join(map(_read, _SCRIPTS))


@cache
def _packed_script() -> str:
    return gzipped(_script())


@cache
def _style() -> str:
    light, dark = _colours(PAPER, FAINT_INK, _LIGHT), _colours(DARK_PAPER, _DARK_FAINT, _DARK)
    dark_too = f"@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}"
    return f":root {{ {light} }}\n{dark_too}\n{_read('stepper.css')}"


_DARK_FAINT = "#a9b1ba"
_LIGHT = {
    "ink": "#222222",
    "raised": "#f3f4f6",
    "stripe": "#fafafa",
    "edge": "#c4c9cf",
    "rule": "#999999",
    "shade": "#f7eed4",
    "shade-mark": "#e3c878",
    "cursor": "#cfe3f5",
    "added": "#d3efdf",
    "link": "#0b5394",
    "focus": "#0b5394",
}
_DARK = {
    "ink": "#e6e8ea",
    "raised": "#262a30",
    "stripe": "#1f2328",
    "edge": "#4a515a",
    "rule": "#6b727b",
    "shade": "#3a321a",
    "shade-mark": "#8a7430",
    "cursor": "#1f4468",
    "added": "#17452f",
    "link": "#8cc4f2",
    "focus": "#8cc4f2",
}


def _colours(paper: str, faint: str, others: dict[str, str]) -> str:
    """The colours of the pictures and of the page as variables, legible on that paper."""
    darkest = [others["cursor"], others["shade"], paper]
    named = {"error": ERROR_COLOUR, "refused": REFUSED_COLOUR, "quiet": QUIET_COLOUR}
    named |= {f"c{number}": colour for number, colour in enumerate(COLOURS)}
    legible_ones = {name: legible(colour, darkest) for name, colour in named.items()}
    values = {"paper": paper, "faint": faint, **others, **legible_ones}
    return " ".join(f"--{name}: {value};" for name, value in values.items())
