"""The build report of a batch: what ran how long, where it failed first, and on which versions."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from glomers.series import page
from glomers.series.notebook import Notebook
from glomers.series.task import NotebookOutcome

TITLE = "Build report"
FILE = "build-report.html"

_BODY = """<h1>{{ title }}</h1>
<p>Batch {{ batch }}. {{ counts }}</p>
<h2>Notebooks</h2>
<div class="wide" tabindex="0" role="group" aria-label="Notebooks, may scroll">
<table>
<thead><tr><th scope="col">notebook</th><th scope="col">state</th>
<th scope="col" class="number">seconds</th><th scope="col">first error</th></tr></thead>
<tbody>
{% for name, href, outcome in rows %}
<tr><th scope="row">{% if href %}<a href="{{ href }}">{{ name }}</a>{% else %}{{ name }}{% endif %}\
</th>
<td class="{{ 'good' if outcome.state == 'ok' else 'bad' }}">{{ outcome.state }}\
{% if outcome.retried %}, at the second attempt{% endif %}</td>
<td class="number">{% if outcome.seconds %}{{ '%.1f' % outcome.seconds }}{% endif %}</td>
<td>{{ outcome.error or '' }}</td></tr>
{% endfor %}
</tbody></table></div>
<h2>Versions</h2>
<div class="wide" tabindex="0" role="group" aria-label="Versions, may scroll">
<table>
<thead><tr><th scope="col">what</th><th scope="col">version</th></tr></thead>
<tbody>
{% for what, versions in versions %}
<tr><th scope="row">{{ what }}</th><td>{{ versions }}</td></tr>
{% endfor %}
</tbody></table></div>
"""

Row = tuple[str, str, NotebookOutcome]
"""A notebook's title, where its page is (empty: it has none), and how it ended."""


def build_report(
    batch: str, engine: str, counts: str, rows: Sequence[Row], notebooks: Sequence[Notebook]
) -> str:
    """The body of the page.

    Args:
        batch: the name of the batch.
        engine: what ran its tests; empty where that is not known.
        counts: a sentence about how many notebooks ran to their end.
        rows: the notebooks in the order of the series.
        notebooks: those that could be read; they say what executed them.
    """
    versions = [
        ("engine", engine),
        ("Python in the notebooks", _told(notebooks, "language_info", "version")),
        ("papermill", _told(notebooks, "papermill", "version")),
        ("glomers, which made these pages", version("glomers")),
    ]
    told = [pair for pair in versions if pair[1]]
    return page.rendered(_BODY, title=TITLE, batch=batch, counts=counts, rows=rows, versions=told)


def _told(notebooks: Sequence[Notebook], part: str, field: str) -> str:
    """What the metadata of notebooks say, each value once."""
    parts: list[Any] = [notebook.metadata.get(part) for notebook in notebooks]
    return ", ".join(sorted({str(each[field]) for each in parts if each and each.get(field)}))
