"""The look of the exported pages: one template, one style sheet, nothing that loads anything."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, Template
from markupsafe import Markup

LANGUAGE = "en-GB"

# A page without an icon makes the browser ask for /favicon.ico: a request, and an error offline.
_ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E"
    "%3Cpath d='M3 3L13 8L3 13' fill='none' stroke='%230b5394' stroke-width='1.5'/%3E"
    "%3Ccircle cx='3' cy='3' r='2.5' fill='%230b5394'/%3E"
    "%3Ccircle cx='13' cy='8' r='2.5' fill='%23b45f06'/%3E"
    "%3Ccircle cx='3' cy='13' r='2.5' fill='%230b5394'/%3E%3C/svg%3E"
)

_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""Nothing runs and nothing is loaded, whatever stands in a cell's output."""
_LIVE_POLICY = (
    f"{_POLICY}; script-src 'self' 'wasm-unsafe-eval'; worker-src blob:; base-uri 'none'; "
    "form-action 'none'"
)
"""The scripts beside the page run, and what they make workers of; these inherit the policy.

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
<title>{{ title }}</title>
<link rel="icon" href="{{ icon }}">
<style>{{ style }}</style>
</head>
<body>
{% if links %}
<nav class="series" aria-label="Series">
{{ links }}
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

_INDEX = """<h1>{{ title }}</h1>
<p>Batch {{ batch }}. Engine: {{ engine }}. {{ counts }}</p>
<h2>Results</h2>
{% if results %}
<div class="wide"><table>
<caption>What each notebook measured in this batch; latencies are stable latencies.</caption>
<thead><tr><th scope="col">challenge</th><th scope="col">node</th>\
<th scope="col">verdict</th>
<th scope="col" class="number">messages per operation</th>
<th scope="col" class="number">median (ms)</th><th scope="col" class="number">maximum (ms)</th>
<th scope="col" class="number">answered</th><th scope="col">limits</th></tr></thead>
<tbody>
{% for row in results %}
<tr><th scope="row">{% if row.href %}<a href="{{ row.href }}">{{ row.challenge }}</a>\
{% else %}{{ row.challenge }}{% endif %}</th>
<td>{{ row.node }}</td>
<td class="{{ row.verdict_class }}">{{ row.verdict }}</td>
<td class="number">{{ row.msgs_per_op }}</td><td class="number">{{ row.median }}</td>
<td class="number">{{ row.maximum }}</td><td class="number">{{ row.answered }}</td>
<td class="{{ row.limits_class }}">{{ row.limits }}</td></tr>
{% endfor %}
</tbody></table></div>
{% else %}
<p>No notebook of this batch has reported a result.</p>
{% endif %}
<h2>Notebooks</h2>
<div class="wide"><table>
<caption>Every notebook of this batch, in the order of the series.</caption>
<thead><tr><th scope="col">notebook</th><th scope="col">state</th>
<th scope="col" class="number">seconds</th><th scope="col">first error</th></tr></thead>
<tbody>
{% for row in notebooks %}
<tr><th scope="row">{% if row.href %}<a href="{{ row.href }}">{{ row.title }}</a>\
{% else %}{{ row.title }}{% endif %}</th>
<td class="{{ row.state_class }}">{{ row.state }}</td>
<td class="number">{{ row.seconds }}</td><td>{{ row.error }}</td></tr>
{% endfor %}
</tbody></table></div>
"""

_STYLE = """
:root { color-scheme: light; --ink: #1f2328; --soft: #57606a; --line: #d0d7de; --pale: #f6f8fa;
  --link: #0b5394; --good: #116329; --bad: #a40e26; }
* { box-sizing: border-box; }
html { background: #fff; color: var(--ink); font: 17px/1.6 Georgia, "Times New Roman", serif; }
body { margin: 0 auto; max-width: 54rem; padding: 1rem 1.25rem 3rem; }
h1, h2, h3, h4, nav, table, figcaption, caption, .note {
  font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
h1, h2, h3, h4 { line-height: 1.25; margin: 2rem 0 .6rem; }
h1 { font-size: 1.9rem; } h2 { font-size: 1.4rem; } h3 { font-size: 1.15rem; }
p, ul, ol, blockquote { max-width: 42rem; }
a { color: var(--link); }
a.anchor-link { color: var(--soft); margin-left: .4rem; opacity: 0; text-decoration: none; }
:is(h1, h2, h3, h4):hover a.anchor-link, a.anchor-link:focus { opacity: 1; }
blockquote { border-left: 3px solid var(--line); color: var(--soft); margin-left: 0;
  padding-left: 1rem; }
nav.series { border-block: 1px solid var(--line); display: flex; flex-wrap: wrap; font-size: .85rem;
  gap: .4rem 1rem; justify-content: space-between; padding: .6rem 0; }
code, pre { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono",
  monospace; font-size: .82rem; }
pre { line-height: 1.45; margin: 0; overflow-x: auto; }
:not(pre) > code { background: var(--pale); border-radius: 3px; padding: .1em .3em; }
.highlight { background: var(--pale); border: 1px solid var(--line); border-radius: 5px;
  margin: .8rem 0 .4rem; padding: .7rem .9rem; }
.output { margin: 0 0 1rem; overflow-x: auto; }
.output pre { padding: .2rem .9rem; }
.output_error pre, .output_stderr pre { background: #fff5f5; border-left: 3px solid var(--bad);
  padding: .6rem .9rem; }
figure { margin: 1rem 0; } img, svg { height: auto; max-width: 100%; }
figcaption, caption { color: var(--soft); font-size: .85rem; text-align: left; }
details.answer { border-left: 3px solid var(--line); margin: .4rem 0 1rem; padding-left: .9rem; }
summary { cursor: pointer; }
details.answer > summary { color: var(--link); font-family: system-ui, -apple-system, "Segoe UI",
  Roboto, "Helvetica Neue", Arial, sans-serif; font-size: .9rem; }
.wide { overflow-x: auto; }
table { border: 0; border-collapse: collapse; font-size: .85rem; line-height: 1.4;
  margin: .8rem 0; }
caption { padding-bottom: .4rem; }
th, td { border: 0; border-bottom: 1px solid var(--line); padding: .35rem .7rem; text-align: left;
  vertical-align: top; }
th { font-weight: 600; } td { font-variant-numeric: tabular-nums; }
table.dataframe td, table.dataframe th, .number { text-align: right; }
.good { color: var(--good); font-weight: 600; } .bad { color: var(--bad); font-weight: 600; }
.note { background: var(--pale); border-left: 3px solid var(--link); font-size: .9rem;
  margin: 1rem 0; max-width: none; padding: .5rem .9rem; }
.note.bad { background: #fff5f5; border-color: var(--bad); color: var(--ink); font-weight: 400; }
.ansi-bold { font-weight: bold; } .ansi-red-fg, .ansi-red-intense-fg { color: #a40e26; }
.ansi-green-fg, .ansi-green-intense-fg { color: #116329; }
.ansi-yellow-fg, .ansi-yellow-intense-fg { color: #7d4e00; }
.ansi-blue-fg, .ansi-blue-intense-fg { color: #0b5394; }
.ansi-magenta-fg, .ansi-magenta-intense-fg { color: #8250df; }
.ansi-cyan-fg, .ansi-cyan-intense-fg { color: #0a6b76; }
@media (max-width: 36rem) { html { font-size: 16px; } h1 { font-size: 1.6rem; } }
@media print { nav.series, a.anchor-link { display: none; } body { max-width: none; padding: 0; }
  html { font-size: 11pt; } pre { white-space: pre-wrap; }
  details::details-content { block-size: auto; content-visibility: visible; }
  figure, table, .highlight { break-inside: avoid; } h1, h2, h3 { break-after: avoid; } }
"""


@cache
def _template(source: str) -> Template:
    return Environment(autoescape=True, trim_blocks=True).from_string(source)


@cache
def _style() -> Markup:
    from pygments.formatters import HtmlFormatter  # type: ignore[import-untyped]

    formatter: Any = HtmlFormatter(style="xcode", nobackground=True)
    # Safe to include as it is: the style sheet holds nothing that comes from a notebook.
    return Markup(_STYLE + formatter.get_style_defs(".highlight"))


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


def page(title: str, body: str, links: str = "", live: Live | None = None) -> str:
    """A whole page; `body` and `links` are HTML. It is still, unless it is to be `live`."""
    return _template(_PAGE).render(
        language=LANGUAGE,
        policy=_LIVE_POLICY if live else _POLICY,
        live=live,
        title=title,
        icon=_ICON,
        style=_style() + (_live_style() if live else ""),
        body=Markup(body),
        links=Markup(links),
    )


def links(previous: dict[str, str] | None, following: dict[str, str] | None) -> str:
    """The navigation of a page: what comes before, the index, what comes after (href, title)."""
    return _template(_LINKS).render(previous=previous, next=following)


def index(**values: Any) -> str:
    """The body of the index page."""
    return _template(_INDEX).render(**values)


def note(sentence: str, *, bad: bool = False) -> str:
    """A paragraph that stands out; the sentence is HTML."""
    return f'<p class="note{" bad" if bad else ""}">{sentence}</p>'
