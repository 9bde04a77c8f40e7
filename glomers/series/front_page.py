"""The front page of a batch: what this is, the way through the lessons, and how their nodes did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from markupsafe import Markup

from glomers.challenges import CHALLENGES, METRICS, Challenge, overall
from glomers.reading.replicas import DIVERGED
from glomers.series import page
from glomers.series.abstract import Abstract

TITLE = "Distributed systems in notebooks"
DESCRIPTION = (
    "Learn distributed systems by building them: notebooks that work through the Gossip Glomers "
    "challenges, with a verdict, a chart and a picture about a second after every change."
)
START = "00-start-here"
"""The notebook that the series begins with; a batch without it is no series."""
_LEAGUE = "league.html"
_LATENCIES = ("stable_median_ms", "stable_max_ms")
_PICTURE = Path(__file__).with_name("smallest_failure.html")

_BODY = """<h1>{{ title }}</h1>
{% if start %}
<p class="lead">{{ description }}</p>
<p><a class="start" href="{{ start }}">Start here</a></p>
<h2>What can go wrong</h2>
<p>A client hands a value to a node, which says that it has it and passes it on, while the network \
is cut for a moment. A test found that the other node never shows it, and left out of that run \
whatever was not needed for this to happen. Step through what remains:</p>
{{ picture }}
{% endif %}
<h2>{% if start %}The way through{% else %}Notebooks{% endif %}</h2>
<p>{{ counts }} More about this batch stands in the <a href="{{ report }}">build report</a>.</p>
<div class="wide" tabindex="0" role="group" aria-label="Notebooks, may scroll">
<table class="lessons">
<thead><tr><th scope="col">notebook</th>{% if has_ideas %}<th scope="col">idea</th>\
<th scope="col">minutes</th>{% endif %}<th scope="col">state</th></tr></thead>
<tbody>
{% for each in lessons %}
<tr><th scope="row">{% if each.href %}<a href="{{ each.href }}">{{ each.title }}</a>\
{% else %}{{ each.title }}{% endif %}</th>
{% if has_ideas %}
<td>{{ each.abstract.idea }}</td><td class="minutes">{{ each.abstract.minutes }}</td>
{% endif %}
<td class="{{ 'good' if each.state == 'ok' else 'bad' }}">{{ each.state }}</td></tr>
{% endfor %}
</tbody></table></div>
{% if has_ideas %}
<p class="remark">Minutes are estimates; a second figure is for going further than the challenge \
does.</p>
{% endif %}
<h2>League</h2>
{% if results %}
<p>What each notebook measured in this batch. Messages are those between servers, latencies are \
stable latencies; the best published result is the one with the fewest messages within the \
limits.{% if league %} What each node gives for that stands in the \
<a href="{{ league }}">league of all nodes</a>.{% endif %}</p>
<div class="wide" tabindex="0" role="group" aria-label="League, may scroll">
<table class="league">
<thead><tr><th scope="col">challenge</th><th scope="col">node</th>\
<th scope="col">verdict</th>
<th scope="col" class="number">messages per operation</th>
<th scope="col" class="number">best published</th>
<th scope="col" class="number">median / maximum (ms)</th>
<th scope="col" class="number">answered</th><th scope="col">limits</th></tr></thead>
<tbody>
{% for row in results %}
<tr><th scope="row">{% if row.href %}<a href="{{ row.href }}">{{ row.challenge }}</a>\
{% else %}{{ row.challenge }}{% endif %}</th>
<td>{{ row.node }}</td>
<td class="{{ row.verdict_class }}">{{ row.verdict }}</td>
<td class="number">{{ row.msgs_per_op }}</td><td class="number">{{ row.best }}</td>
<td class="number">{{ row.latency }}</td><td class="number">{{ row.answered }}</td>
<td class="{{ row.limits_class }}">{{ row.limits }}</td></tr>
{% endfor %}
</tbody></table></div>
{% else %}
<p>No notebook of this batch has reported a result.{% if league %} How all nodes compare stands in \
the <a href="{{ league }}">league</a>.{% endif %}</p>
{% endif %}
{% if documents %}
<h2>Look it up</h2>
<ul class="documents">
{% for href, title in documents %}
<li><a href="{{ href }}">{{ title }}</a></li>
{% endfor %}
</ul>
{% endif %}
"""


@dataclass(frozen=True)
class Lesson:
    """A row of the way through: a notebook, where its page is (empty: it has none), its state."""

    name: str
    title: str
    href: str
    state: str
    abstract: Abstract


def front_page(
    lessons: Sequence[Lesson],
    results: Sequence[dict[str, Any]],
    counts: str,
    report: str,
    documents: Sequence[tuple[str, str]] = (),
) -> str:
    """The body of the page.

    Args:
        lessons: in the order of the series.
        results: what they reported about their challenges, in that order.
        counts: a sentence about how many notebooks ran to their end.
        report: the address of the build report.
        documents: the addresses and titles of further pages to read.
    """
    hrefs = {lesson.name: lesson.href for lesson in lessons}
    return page.rendered(
        _BODY,
        title=TITLE,
        description=DESCRIPTION,
        start=hrefs.get(START),
        picture=_picture(),
        lessons=lessons,
        has_ideas=any(lesson.abstract.minutes for lesson in lessons),
        results=[_row(result, hrefs) for result in results],
        counts=counts,
        report=report,
        documents=documents,
        league=next((href for href, _ in documents if href == _LEAGUE), None),
    )


@cache
def _picture() -> Markup:
    """The picture that steps, which `docs/picture.py` draws."""
    return Markup(_PICTURE.read_text(encoding="utf-8"))


def _row(result: dict[str, Any], hrefs: dict[str, str]) -> dict[str, str]:
    identity = str(result.get("challenge", ""))
    challenge = CHALLENGES.get(identity)
    notebook = str(result.get("notebook") or (challenge.notebook if challenge else ""))
    verdict, limits = _verdict(result), _limits(challenge, result)
    best = challenge.best_published if challenge else None
    return {
        "challenge": identity,
        "href": hrefs.get(notebook, ""),
        "node": str(result.get("node", "")),
        "verdict": verdict,
        "verdict_class": "good" if verdict == "valid" else "bad",
        "msgs_per_op": "" if _is_alone(challenge) else _number(result.get("msgs_per_op"), 2),
        "best": f"{best.msgs_per_op:.2f}" if best else "",
        "latency": " / ".join(filter(None, (_number(result.get(name), 0) for name in _LATENCIES))),
        "answered": _percent(result.get("ok_fraction")),
        "limits": limits,
        "limits_class": "good" if limits == "met" else "bad",
    }


def _is_alone(challenge: Challenge | None) -> bool:
    """Whether there is but one server, so that no message between servers is no merit."""
    return challenge is not None and "--node-count 1 " in f"{challenge.flags} "


def _verdict(result: dict[str, Any]) -> str:
    valid = result.get("valid")
    verdict = "valid" if valid is True else "invalid" if valid is False else str(valid)
    return f"{verdict}, but {DIVERGED}" if result.get("replicas_converge") is False else verdict


def _limits(challenge: Challenge | None, result: dict[str, Any]) -> str:
    if challenge is None or not challenge.limits:
        return ""
    known = {metric: result.get(metric) for metric in METRICS}
    figures = {m: value if isinstance(value, int | float) else None for m, value in known.items()}
    return overall(challenge.judge(SimpleNamespace(**figures)).values())


def _number(value: Any, digits: int) -> str:
    return f"{value:,.{digits}f}" if isinstance(value, int | float) else ""


def _percent(value: Any) -> str:
    return f"{100 * value:.2f} %" if isinstance(value, int | float) else ""
