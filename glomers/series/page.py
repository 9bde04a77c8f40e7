"""The look of the exported pages: one template, one style sheet, nothing that loads anything."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import Environment, Template
from markupsafe import Markup

from glomers.lab.stepped import SCRIPTS

LANGUAGE = "en-GB"

# A page without an icon makes the browser ask for /favicon.ico: a request, and an error offline.
_ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E"
    "%3Cpath d='M3 3L13 8L3 13' fill='none' stroke='%230b5394' stroke-width='1.5'/%3E"
    "%3Ccircle cx='3' cy='3' r='2.5' fill='%230b5394'/%3E"
    "%3Ccircle cx='13' cy='8' r='2.5' fill='%23b45f06'/%3E"
    "%3Ccircle cx='3' cy='13' r='2.5' fill='%230b5394'/%3E%3C/svg%3E"
)

_POLICY = f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src {SCRIPTS}"
"""Nothing is loaded, and nothing runs but scripts of our own, whatever a cell's output holds.

One of them steps through a run, in a frame, which has the policy of the page around it.
"""
_FOLDER = Path(__file__).parent
SHARING = _FOLDER / "sharing.png"
"""What others show beside a link; `docs/picture.py` draws it, and it lies beside the pages."""
_CODE = ("xcode", "github-dark")
"""The colours of code by day and by night."""
_NIGHT = "@media screen and (prefers-color-scheme: dark) {\n%s\n}\n"
_LIVE = " 'self' 'wasm-unsafe-eval'; worker-src blob:; base-uri 'none'; form-action 'none'"
"""Where nodes run, the scripts beside the page do too, and what they make workers of, which inherit
the policy.

Nothing is loaded but scripts from there, so that whatever a node does, nothing leaves.
"""
_MARK = b'<meta name="generator" content="glomers">'

_PAGE = """<!DOCTYPE html>
<html lang="{{ language }}">
<head>
<meta charset="utf-8">
<meta name="generator" content="glomers">
<meta http-equiv="Content-Security-Policy" content="{{ policy }}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{{ title }}</title>
{% if description %}
<meta name="description" content="{{ description }}">
<meta property="og:description" content="{{ description }}">
{% endif %}
<meta property="og:title" content="{{ title }}">
<meta property="og:type" content="article">
<meta property="og:image" content="{{ picture }}">
<meta name="twitter:card" content="summary_large_image">
<link rel="icon" href="{{ icon }}">
<style>{{ style }}</style>
</head>
<body{% if contents %} class="has-contents"{% endif %}>
{% if links %}
<nav class="series" aria-label="Series">
{{ links }}
</nav>
{% endif %}
{% if contents %}
<nav class="contents" aria-label="Contents">
{{ contents }}
</nav>
{% endif %}
<main>
{{ body }}
</main>
{% if links %}
<nav class="series" aria-label="Series, at the end">
{{ links }}
</nav>
{% endif %}
{% for script in scripts %}
<script>{{ script }}</script>
{% endfor %}
{% if live %}
{% for script in live.scripts %}
<script src="{{ script }}" data-runtime="{{ live.runtime }}"></script>
{% endfor %}
{% endif %}
</body>
</html>
"""

_LINKS = """<span>{% if previous %}<a rel="prev" href="{{ previous.href }}">&larr; \
{{ previous.title }}</a>{% endif %}</span>
<span><a href="index.html">Index</a></span>
<span>{% if next %}<a rel="next" href="{{ next.href }}">{{ next.title }} &rarr;</a>{% endif %}\
</span>"""


@cache
def _template(source: str) -> Template:
    return Environment(autoescape=True, trim_blocks=True).from_string(source)


@cache
def _style() -> Markup:
    from pygments.formatters import HtmlFormatter  # type: ignore[import-untyped]

    day, night = (_colours(HtmlFormatter(style=name, nobackground=True)) for name in _CODE)
    # Safe to include as it is: the style sheet holds nothing that comes from a notebook.
    return Markup(_own("page.css") + day + _NIGHT % night)


def _colours(formatter: Any) -> str:
    """The colours of code; what they say of other things, the style sheet says."""
    return "\n".join(formatter.get_token_style_defs(".highlight"))


def _own(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


@cache
def copy_script() -> str:
    """The script that lets readers copy code."""
    return _own("page.js")


def _allowed(scripts: Sequence[str]) -> str:
    """What a policy says so that these scripts may run, and no other."""
    digests = (sha256(script.encode()).digest() for script in scripts)
    return "".join(f" 'sha256-{b64encode(digest).decode()}'" for digest in digests)


@cache
def _live_style() -> Markup:
    return Markup(Path(__file__).with_name("web").joinpath("live.css").read_text(encoding="utf-8"))


def is_ours(path: Path) -> bool:
    """Whether a file is a page that was made here."""
    with path.open("rb") as file:
        return _MARK in file.read(4096)


@dataclass(frozen=True)
class Live:
    """What makes a page live: the scripts beside it, and the file with Python in it."""

    runtime: str
    scripts: tuple[str, ...] = ("code.js", "results.js", "live.js", "playground.js")


def page(
    title: str,
    body: str,
    links: str = "",
    *,
    contents: str = "",
    description: str = "",
    address: str = "",
    scripts: Sequence[str] = (),
    live: Live | None = None,
) -> str:
    """A whole page.

    Args:
        title: of the window; plain text.
        body: HTML.
        links: to the pages before and after, HTML.
        contents: links to the parts of the page, HTML.
        description: what others show of the page beside its title; plain text.
        address: of the folder of the page, with a slash at its end. Whoever shows a picture beside
            a link wants a whole address, and without this one it is relative.
        scripts: run in the page, and no others do but those of a live one.
        live: what lets nodes run in the page.
    """
    return _template(_PAGE).render(
        language=LANGUAGE,
        policy=_POLICY + _allowed(scripts) + (_LIVE if live else ""),
        live=live,
        title=title,
        description=description,
        picture=address + SHARING.name,
        icon=_ICON,
        style=_style() + (_live_style() if live else ""),
        body=Markup(body),
        links=Markup(links),
        contents=Markup(contents),
        scripts=[*map(Markup, scripts)],
    )


def links(previous: dict[str, str] | None, following: dict[str, str] | None) -> str:
    """The navigation of a page: what comes before, the index, what comes after (href, title)."""
    return _template(_LINKS).render(previous=previous, next=following)


def rendered(source: str, **values: Any) -> str:
    """A template with these values, which are escaped, in it."""
    return _template(source).render(values)


def note(sentence: str, *, bad: bool = False) -> str:
    """A paragraph that stands out; the sentence is HTML."""
    return f'<p class="note{" bad" if bad else ""}">{sentence}</p>'
