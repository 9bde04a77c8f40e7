"""Pages about marks: one for each submission, one for the class; what nodes said is escaped."""

from __future__ import annotations

import base64
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, Template
from markupsafe import Markup, escape

from glomers.challenges import CHALLENGES
from glomers.workshop.grading import PICTURE
from glomers.workshop.mark import NOT_RUN, PASS, Mark
from glomers.workshop.submission import Submission

_SHOWN_MISTAKES = 3
_CODE = re.compile("`([^`]+)`")
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"

_FRAME = """<!DOCTYPE html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{{ policy }}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }}</title>
<style>
body { color: #1f2328; font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 60rem;
  padding: 1rem; }
table { border-collapse: collapse; } td, th { border: 1px solid #d0d7de; padding: .3rem .6rem;
  text-align: left; vertical-align: top; }
.wide { overflow-x: auto; } .pass { color: #116329; } .fail, .error, .late { color: #a40e26; }
.none { color: #57606a; } img { max-width: 100%; } li { overflow-wrap: anywhere; }
</style>
</head>
<body>
<h1>{{ title }}</h1>
{% block body %}{% endblock %}
</body>
</html>
"""

_OF_ONE = """{% extends frame %}{% block body %}
{% for note in notes %}<p>{{ note }}</p>
{% endfor %}
{% if weaker %}<p><strong>{{ weaker }}</strong></p>{% endif %}
<p>{{ passed }} of {{ marks|length }} challenges passed.</p>
{% for mark, name, picture in marks %}
<h2>{{ mark.challenge }}, {{ name }}: <span class="{{ colour(mark) }}">{{ mark.status }}</span></h2>
{% if mark.stages %}<ul>
{% for stage, status, message in mark.stages %}
<li>{{ stage }}: {{ status }}{% if status == "pass" %}. {{ message|told }}{% endif %}</li>
{% endfor %}</ul>{% elif mark.why %}<p>{{ mark.why }}</p>{% endif %}
{% if not mark.passed and mark.stages %}
<p>What went wrong:</p>
<ol>{% for finding in mark.findings or [mark.why] %}<li>{{ finding|told }}</li>{% endfor %}</ol>
{% if mark.advice %}<p>{{ mark.advice|told }}</p>{% endif %}
{% endif %}
{% for line in mark.proof %}<p class="none">{{ line }}</p>{% endfor %}
{% if picture %}<p><img alt="The first messages of the run that failed" src="{{ picture }}"></p>
{% endif %}
{% endfor %}
{% endblock %}
"""

_OF_CLASS = """{% extends frame %}{% block body %}
{% if weaker %}<p><strong>{{ weaker }}</strong></p>{% endif %}
<p>{{ rows|length }} submissions. A cell shows the stage at which a node stops, and – where there is
none.</p>
<div class="wide"><table>
<thead><tr><th>submission</th>{% for id in ids %}<th>{{ id }}</th>{% endfor %}</tr></thead>
<tbody>
{% for name, slug, marks in rows %}
<tr><th><a href="{{ slug }}/index.html">{{ name }}</a></th>
{% for mark in marks %}<td class="{{ colour(mark) }}">{{ cell(mark) }}</td>
{% endfor %}</tr>
{% endfor %}
</tbody></table></div>
<h2>What to explain again</h2>
{% if hurdles %}<table>
<thead><tr><th>challenge</th><th>stage</th><th>stops</th><th>usual mistakes</th></tr></thead>
<tbody>
{% for id, stage, count, mistakes in hurdles %}
<tr><td>{{ id }}</td><td>{{ stage }}</td><td>{{ count }}</td>
<td><ul>{% for text, often in mistakes %}
<li>{{ text|told }} ({{ often }})</li>{% endfor %}</ul></td></tr>
{% endfor %}
</tbody></table>{% else %}<p>No stage has stopped anybody.</p>{% endif %}
<h2>What was not checked</h2>
<p>{{ unchecked }}</p>
{% endblock %}
"""
_UNCHECKED = (
    "Whether a node is well written, or whose work it is. Each was taken through fewer and shorter "
    "runs than glomers assess makes, so that one that fails seldom may have passed; the page of a "
    "submission says for each challenge what was checked. Nodes ran in virtual time, not on the "
    "real clock."
)


def write_pages(
    handed_in: Sequence[Submission],
    marks: Mapping[str, Sequence[Mark]],
    out: Path,
    weaker: str | None,
) -> None:
    """Write a page for each submission, and one for the class.

    Args:
        handed_in: the submissions.
        marks: of each, by its name.
        out: the folder of results.
        weaker: a sentence on what protection there was not; None: there was all.
    """
    for each in handed_in:
        folder = out / each.slug
        folder.mkdir(parents=True, exist_ok=True)
        text = _page_of_one(each, marks[each.name], folder, weaker)
        (folder / "index.html").write_text(text, encoding="utf-8")
    rows = [(each.name, each.slug, marks[each.name]) for each in handed_in]
    every = [mark for _, _, own in rows for mark in own]
    told = {"ids": list(dict.fromkeys(mark.challenge for mark in every)), "rows": rows}
    text = _made("class", "Marks of the class", weaker, hurdles=_hurdles(every), **told)
    (out / "index.html").write_text(text, encoding="utf-8")


def _page_of_one(
    submission: Submission, marks: Sequence[Mark], folder: Path, weaker: str | None
) -> str:
    shown = [(m, CHALLENGES[m.challenge].name, _picture(folder / m.challenge, m)) for m in marks]
    passed = sum(mark.passed for mark in marks)
    told = {"marks": shown, "notes": submission.notes, "passed": passed}
    return _made("one", submission.name, weaker, **told)


def _picture(folder: Path, mark: Mark) -> str | None:
    """The picture of a failed run, which as an image executes nothing."""
    if not mark.passed:
        with suppress(OSError):
            data = base64.b64encode((folder / PICTURE).read_bytes()).decode("ascii")
            return f"data:image/svg+xml;base64,{data}"
    return None


def _hurdles(marks: Sequence[Mark]) -> list[tuple[str, str, int, list[tuple[str, int]]]]:
    """The stages that stop nodes, the highest first: challenge, stage, how many, and mistakes."""
    stopped = Counter((mark.challenge, mark.stage) for mark in marks if mark.stage)
    found = []
    for (id, stage), count in sorted(stopped.items(), key=lambda item: (-item[1], item[0])):
        those = [mark for mark in marks if (mark.challenge, mark.stage) == (id, stage)]
        mistakes = Counter(mark.advice for mark in those if mark.advice)
        found.append((id, stage, count, mistakes.most_common(_SHOWN_MISTAKES)))
    return found


def _colour(mark: Mark) -> str:
    return {PASS: "pass", NOT_RUN: "none"}.get(mark.status, "fail")


def _cell(mark: Mark) -> str:
    return "–" if mark.status == NOT_RUN else mark.stage or mark.status


def _made(name: str, title: str, weaker: str | None, **told: Any) -> str:
    frame, template = _templates()[name]
    return template.render(
        frame=frame,
        policy=_POLICY,
        title=title,
        weaker=weaker,
        unchecked=_UNCHECKED,
        colour=_colour,
        cell=_cell,
        **told,
    )


def _told(text: str) -> Markup:
    """Escaped text, in which what stands between backticks is code."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))


@cache
def _templates() -> dict[str, tuple[Template, Template]]:
    environment = Environment(autoescape=True)
    environment.filters["told"] = _told
    frame = environment.from_string(_FRAME)
    texts = {"one": _OF_ONE, "class": _OF_CLASS}
    return {name: (frame, environment.from_string(text)) for name, text in texts.items()}
