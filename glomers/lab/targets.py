"""Where a run stands: official limits, published results, and what was measured here."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glomers.challenges import CHALLENGES, METRICS, Challenge, Judgement
from glomers.engine.command import FINAL_READS, node_name
from glomers.errors import LabError
from glomers.formats.text import shortened
from glomers.lab import html
from glomers.lab.charts import one_line
from glomers.lab.figure import Figure, canvas, to_png
from glomers.lab.final_reads import convergence
from glomers.lab.style import COLOURS, LIMIT, MARKERS, QUIET_COLOUR, ink
from glomers.reading.replicas import CONVERGED, Convergence, are_compared

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from glomers.lab.run import Run

_NAME_CHARACTERS = 44
_TITLE_PAD = 18


def _challenge(challenge_id: str) -> Challenge:
    challenge = CHALLENGES.get(challenge_id)
    if challenge is None:
        raise LabError(f"There is no challenge {challenge_id!r}: they are {', '.join(CHALLENGES)}.")
    return challenge


def _limit(challenge: Challenge, metric: str) -> float | None:
    return next((limit.below for limit in challenge.limits if limit.metric == metric), None)


@dataclass(frozen=True, slots=True)
class _Row:
    """A design: its figures, and whether it is one of ours."""

    name: str
    msgs_per_op: float
    median_ms: float | None
    max_ms: float | None
    ours: bool


def target_chart(challenge_id: str, runs: Mapping[str, Run]) -> Figure:
    """Runs beside the official limits and the published results of a challenge.

    Args:
        challenge_id: such as "3d".
        runs: from the name of a design to its run.

    Raises:
        LabError: when there is no such challenge, or none of the runs has figures.
    """
    challenge = _challenge(challenge_id)
    rows = _rows(challenge, runs)
    with_latency = any(row.median_ms is not None for row in rows)
    with canvas(1.5 + 0.31 * len(rows)) as chart:
        panels = chart.subplots(1, 2 if with_latency else 1, sharey=True, squeeze=False)[0]
        _draw_messages(panels[0], challenge, rows)
        if with_latency:
            _draw_latencies(panels[1], challenge, rows)
        _name_rows(panels[0], rows)
        png = to_png(chart)
    ours = ". ".join(_row_text(row) for row in rows if row.ours)
    others = "; ".join(_row_text(row) for row in rows if not row.ours)
    limits = _limits_text(challenge)
    caption = (
        f"Challenge {challenge.id}, {challenge.name}: runs of this notebook (coloured) beside "
        f"published results (grey). {limits}{ours}."
    )
    alt = f"Dot chart: {caption} Published: {others}." if others else f"Dot chart: {caption}"
    return Figure(alt, caption, png=png)


def _rows(challenge: Challenge, runs: Mapping[str, Run]) -> list[_Row]:
    """All designs, those with the most messages first."""
    rows = [
        _Row(p.design, p.msgs_per_op, p.stable_median_ms, p.stable_max_ms, ours=False)
        for p in challenge.published
    ]
    measured = [
        _Row(label, stats.msgs_per_op, stats.stable_median_ms, stats.stable_max_ms, ours=True)
        for label, stats in ((label, run.stats) for label, run in runs.items())
        if stats.msgs_per_op is not None
    ]
    if not measured:
        raise LabError("None of these runs has messages per operation: there is nothing to draw.")
    return sorted(rows + measured, key=lambda row: -row.msgs_per_op)


def _draw_messages(axes: Axes, challenge: Challenge, rows: Sequence[_Row]) -> None:
    axes.set_title("messages between servers", pad=_TITLE_PAD)
    axes.set_xlabel("messages per operation")
    _choose_scale(axes, [row.msgs_per_op for row in rows])
    for place, row in enumerate(rows):
        axes.plot(row.msgs_per_op, place, **_mark(row))
        _figure(axes, place, f"{row.msgs_per_op:.3g}", row)
    _draw_limit(axes, _limit(challenge, "msgs_per_op"), "limit: below", "right")


def _draw_latencies(axes: Axes, challenge: Challenge, rows: Sequence[_Row]) -> None:
    axes.set_title("stable latency, median to maximum", pad=_TITLE_PAD)
    axes.set_xlabel("stable latency (ms)")
    _choose_scale(axes, [v for row in rows for v in (row.median_ms, row.max_ms) if v is not None])
    for place, row in enumerate(rows):
        if row.median_ms is None or row.max_ms is None:
            continue
        colour = _mark(row)["color"]
        width = 3 if row.ours else 1.5
        axes.plot([row.median_ms, row.max_ms], [place, place], color=colour, lw=width, zorder=2)
        axes.plot(row.median_ms, place, **_mark(row))
        axes.plot(row.max_ms, place, marker="|", ms=11, mew=width, color=colour, lw=0, zorder=3)
        _figure(axes, place, f"{row.median_ms:,.0f} to {row.max_ms:,.0f}", row)
    _draw_limit(axes, _limit(challenge, "stable_median_ms"), "median below", "right")
    _draw_limit(axes, _limit(challenge, "stable_max_ms"), "maximum below", "left", dashes=(5, 2))


def _choose_scale(axes: Axes, values: Sequence[float]) -> None:
    """A logarithmic axis where values lie far apart; zero is possible, so it stays linear there."""
    smallest, largest = min(values, default=0), max(values, default=0)
    if smallest > 0 and largest / smallest > 8:
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter("{x:,g}")
        axes.xaxis.set_minor_formatter("")
    else:
        axes.set_xlim(0, 1.06 * largest or 1)


def _draw_limit(
    axes: Axes, below: float | None, name: str, side: str, dashes: tuple[int, int] = (2, 2)
) -> None:
    """A line with its name above the panel, on that side of the line."""
    if below is None:
        return
    axes.axvline(below, color=LIMIT, lw=1.5, dashes=dashes, zorder=1)
    axes.text(
        below,
        1.01,
        f"{name} {below:,.0f}",
        color=ink(LIMIT),
        ha=side,
        va="bottom",
        fontsize=8.5,
        transform=axes.get_xaxis_transform(),
    )


def _mark(row: _Row) -> dict[str, Any]:
    common = {"lw": 0, "clip_on": False}  # a mark at zero is whole, too
    if row.ours:
        return {"marker": MARKERS[3], "ms": 9, "color": COLOURS[0], "zorder": 4, **common}
    return {"marker": MARKERS[0], "ms": 6, "color": QUIET_COLOUR, "zorder": 3, **common}


def _figure(axes: Axes, place: int, text: str, row: _Row) -> None:
    """A row's figure, right of the panel: among the marks it would lie on the lines of limits."""
    axes.text(
        1.02,
        place,
        text,
        transform=axes.get_yaxis_transform(),
        va="center",
        fontsize=9,
        color=COLOURS[0] if row.ours else ink(QUIET_COLOUR),
        fontweight="bold" if row.ours else "normal",
    )


def _name_rows(axes: Axes, rows: Sequence[_Row]) -> None:
    names = [shortened(one_line(row.name), _NAME_CHARACTERS) for row in rows]
    axes.set_yticks(range(len(rows)), names)
    axes.set_ylim(len(rows) - 0.4, -0.9)
    for label, row in zip(axes.get_yticklabels(), rows, strict=True):
        label.set_color(COLOURS[0] if row.ours else "#333333")
        label.set_fontweight("bold" if row.ours else "normal")


def _row_text(row: _Row) -> str:
    text = f"{row.name}: {row.msgs_per_op:.4g} messages per operation"
    if row.median_ms is None or row.max_ms is None:
        return text
    return f"{text}, stable latency {row.median_ms:,.0f} ms median and {row.max_ms:,.0f} ms maximum"


def _limits_text(challenge: Challenge) -> str:
    limits = [f"{METRICS[limit.metric]} below {limit.below:,.0f}" for limit in challenge.limits]
    return f"Official limits: {', '.join(limits)}. " if limits else ""


class Scoreboard:
    """A table of a challenge's limits, results of others, and what was measured here."""

    def __init__(self, title: str, rows: Sequence[tuple[str, ...]], note: str) -> None:
        self.title = title
        self.rows = rows
        self.note = note

    def __repr__(self) -> str:
        table = [HEADS, *self.rows]
        widths = [max(len(row[i]) for row in table) for i in range(len(HEADS))]
        lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in table]
        lines.insert(1, "  ".join("-" * width for width in widths))
        return "\n".join(filter(None, [self.title, *lines, self.note]))

    def _repr_html_(self) -> str:
        heads = "".join(f'<th scope="col">{html.text(head)}</th>' for head in HEADS)
        body = "".join(_html_row(row) for row in self.rows)
        note = f'<div style="font-size:90%">{html.text(self.note)}</div>' if self.note else ""
        caption = (
            f'<caption style="text-align:left;font-weight:bold">{html.text(self.title)}</caption>'
        )
        return f"<table>{caption}<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>{note}"


HEADS = ("", "official limit", "starting design", "best published", "measured here", "")
_NONE = "–"
_STATES: dict[Judgement, str] = {
    "met": "✓ met",
    "missed": "✗ missed",
    "unmeasured": "✗ unmeasured",
}


def _html_row(row: Sequence[str]) -> str:
    name, *cells, state = row
    tags = "".join(f"<td>{html.text(cell)}</td>" for cell in cells)
    tags += f'<td style="white-space:nowrap">{html.text(state)}</td>'
    return f'<tr><th scope="row">{html.text(name)}</th>{tags}</tr>'


def scoreboard(challenge_id: str, run: Run) -> Scoreboard:
    """Compare a run with a challenge's limits and with what others have published.

    When `$GLOMERS_RESULTS` names a file, a line of JSON with the figures is added to it.

    Raises:
        LabError: when there is no such challenge, or that file cannot be written.
    """
    challenge = _challenge(challenge_id)
    verdict = ("verdict", "valid", _NONE, _NONE, run.verdict, _met(run.valid is True))
    rows = [verdict, *(_metric_row(challenge, metric, run) for metric in _metrics(challenge))]
    has_replicas = are_compared(challenge.workload, run.nodes, FINAL_READS in run.command)
    found = _convergence(run) if has_replicas else None
    if has_replicas:
        rows.append(_replicas_row(found))
    fraction = run.stats.ok_fraction
    if fraction is not None:
        rows.append(("requests answered ok", _NONE, _NONE, _NONE, f"{fraction:.3%}", ""))
    best = challenge.best_published
    notes = [f"Best published: {best.design} ({best.source})."] if best else []
    if found and not found.is_reached:
        notes.insert(0, f"In the final reads {found}.")
    path = os.environ.get("GLOMERS_RESULTS")
    if path:
        _append(Path(path), challenge, run, found)
    return Scoreboard(f"Challenge {challenge.id}: {challenge.name}", rows, " ".join(notes))


def _convergence(run: Run) -> Convergence | None:
    """What the final reads of a run show; None: there are none, as it was cut off."""
    try:
        return convergence(run)
    except LabError:
        return None


def _replicas_row(found: Convergence | None) -> tuple[str, ...]:
    name = f"{CONVERGED} (extra)"
    if found is None:
        return (name, _NONE, _NONE, _NONE, _NONE, _STATES["unmeasured"])
    measured = "yes" if found.is_reached else "no"
    return (name, _NONE, _NONE, _NONE, measured, _met(found.is_reached))


def _met(is_met: bool) -> str:
    return _STATES["met" if is_met else "missed"]


def _metrics(challenge: Challenge) -> list[str]:
    """What there is something to compare with."""
    best = challenge.best_published
    known = {limit.metric for limit in challenge.limits}
    known |= {metric for metric in METRICS if getattr(best, metric, None) is not None}
    if challenge.seed_msgs_per_op is not None:
        known.add("msgs_per_op")
    return [metric for metric in METRICS if metric in known]


def _metric_row(challenge: Challenge, metric: str, run: Run) -> tuple[str, ...]:
    limit = _limit(challenge, metric)
    seed = challenge.seed_msgs_per_op if metric == "msgs_per_op" else None
    best = getattr(challenge.best_published, metric, None)
    measured = getattr(run.stats, metric)
    return (
        METRICS[metric],
        _NONE if limit is None else f"below {limit:,g}",
        *(_NONE if value is None else f"{value:,.4g}" for value in (seed, best, measured)),
        "" if limit is None else _STATES[challenge.judge(run.stats)[metric]],
    )


def _append(path: Path, challenge: Challenge, run: Run, found: Convergence | None) -> None:
    stats = run.stats
    line: dict[str, Any] = {
        "challenge": challenge.id,
        "notebook": challenge.notebook,
        "node": node_name(shlex.split(run.command)),
        "valid": run.valid,
        "msgs_per_op": stats.msgs_per_op,
        "stable_median_ms": stats.stable_median_ms,
        "stable_max_ms": stats.stable_max_ms,
        "ok_fraction": stats.ok_fraction,
        "limits_met": challenge.within_limits(stats),
    }
    if found is not None:
        line["replicas_converge"] = found.is_reached
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
    except OSError as error:
        raise LabError(
            f"GLOMERS_RESULTS names {path}, which cannot be written: {error.strerror}."
        ) from None
