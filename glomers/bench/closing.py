"""What a test leaves for people: the results, a timeline, a diagram, closing lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from itertools import islice
from typing import Any

from glomers.bench.hosts import Silenced
from glomers.bench.store import Store
from glomers.drawing.messages import Band, arrows_of, column_order
from glomers.drawing.spacetime import draw
from glomers.formats.edn import Keyword, dumps, kw, pretty
from glomers.formats.history import Op, pairs
from glomers.formats.journal import read_journal
from glomers.formats.node_log import PRINTED, read_beginnings
from glomers.formats.text import beginning
from glomers.reading.faults import felt_faults_of

TIMELINE_OPS = 10_000
DRAWN_EVENTS = 300
MAX_SILENCED_SHOWN = 5
LOOKED_AT_BYTES = 1 << 20
"""So much of all logs together is looked through for what nodes printed."""
_NS_PER_MS = 1_000_000

_CLOSING_LINES = {
    True: "Everything looks good! ヽ(‘ー`)ノ",
    False: "Analysis invalid! (ﾉಥ益ಥ）ﾉ ┻━┻",
}
_UNKNOWN_LINE = "Errors occurred during analysis, but no anomalies found. ಠ~ಠ"

Results = dict[Keyword, Any]


def verdict(results: Results) -> bool | None:
    """The verdict at the top of the results; None for `:unknown`."""
    valid = results[kw("valid?")]
    return valid if isinstance(valid, bool) else None


def closing_line(results: Results) -> str:
    """The last line of a test, as Maelstrom prints it."""
    valid = verdict(results)
    return _UNKNOWN_LINE if valid is None else _CLOSING_LINES[valid]


def summary(results: Results) -> str:
    """A few lines with what people look at first: figures and verdicts."""
    return "\n".join(_summary_lines(results))


def silenced_lines(silenced: Sequence[Silenced]) -> list[str]:
    """A line for each of the first nodes that are not heard any more, and how many others are."""
    lines = [f"Silenced: {one}" for one in silenced[:MAX_SILENCED_SHOWN]]
    if more := len(silenced) - len(lines):
        lines.append(f"Silenced: {more:,} more; jepsen.log names them all")
    return lines


def _summary_lines(results: Results) -> Iterator[str]:
    stats = results[kw("stats")]
    counts = [f"{stats[kw(f'{kind}-count')]:,} {kind}" for kind in ("ok", "fail", "info")]
    yield f"Operations: {stats[kw('count')]:,} ({', '.join(counts)})"
    net = results[kw("net")]
    for group in ("all", "servers"):
        counts_of_group = net[kw(group)]
        per_op = counts_of_group.get(kw("msgs-per-op"))
        rate = "" if per_op is None else f", {float(per_op):.4g} per operation"
        yield f"Messages ({group}): {counts_of_group[kw('msg-count')]:,}{rate}"
    workload = results[kw("workload")]
    if latencies := workload.get(kw("stable-latencies")):
        shown = ", ".join(f"{quantile:g}: {ms:,}" for quantile, ms in latencies.items())
        yield f"Stable latencies (ms by quantile): {shown}"
    for verdict, word in ((False, "Not valid"), (kw("unknown"), "Unknown")):
        parts = [
            part.name
            for part, result in results.items()
            if isinstance(result, dict) and result.get(kw("valid?")) == verdict
        ]
        if parts:
            yield f"{word}: {', '.join(parts)}"


def printed_line(store: Store) -> str | None:
    """A line that says where what nodes printed has gone, if they did."""
    logs, _ = read_beginnings(store.path / "node-logs", LOOKED_AT_BYTES)
    printing = [node for node, log in logs.items() if PRINTED in log]
    if not printing:
        return None
    more = f" and {len(printing) - 3} more" if len(printing) > 3 else ""
    return f"Printed by {', '.join(printing[:3])}{more}: see node-logs/ in the store"


def write_results(store: Store, results: Results, history: Sequence[Op]) -> None:
    """Write `results.edn`, `timeline.html` and `messages.svg`."""
    store.write("results.edn", pretty(results) + "\n")
    store.write("timeline.html", timeline(history))
    store.write("messages.svg", _messages(store, history))


def _messages(store: Store, history: Sequence[Op]) -> str:
    """A diagram of the first messages; the lab draws any other stretch of the run."""
    events = islice(read_journal(store.journal), DRAWN_EVENTS)
    arrows = [arrow for arrow in arrows_of(events) if arrow.recv_s is not None]
    bands = [Band(*fault) for fault in felt_faults_of(history)]
    title = "The first messages of the run"
    return draw(column_order(arrows), arrows, bands, limit=DRAWN_EVENTS, title=title)


_TIMELINE_HEAD = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Timeline</title><style>
body { font: 12px sans-serif; } table { border-collapse: collapse; }
td, th { padding: 1px 6px; text-align: left; vertical-align: top; }
.ok { background: #cfe8fc; } .fail { background: #f9d3e4; } .info { background: #fde2b3; }
</style></head><body><h1>Timeline</h1>
"""


def timeline(history: Sequence[Op]) -> str:
    """The operations as an HTML table, one row each in order of invocation (the first 10,000)."""
    operations = pairs(history)
    rows = [_timeline_row(*pair) for pair in operations[:TIMELINE_OPS]]
    note = ""
    if len(operations) > TIMELINE_OPS:
        note = f"<p>The first {TIMELINE_OPS:,} of {len(operations):,} operations.</p>\n"
    head = "<tr><th>start (ms)<th>end (ms)<th>process<th>function<th>asked<th>outcome</tr>\n"
    return f"{_TIMELINE_HEAD}{note}<table>\n{head}{''.join(rows)}</table></body></html>\n"


def _timeline_row(invocation: Op, completion: Op | None) -> str:
    outcome = completion.type if completion else "info"
    end_ms = f"{completion.time_ns / _NS_PER_MS:.3f}" if completion else ""
    answer = ""
    if completion:
        answer = _short(completion.value if completion.error is None else completion.error)
    asked, answered = escape(_short(invocation.value)), escape(answer)
    return (
        f'<tr class="{outcome}"><td>{invocation.time_ns / _NS_PER_MS:.3f}<td>{end_ms}'
        f"<td>{invocation.process}<td>{escape(invocation.f)}<td>{asked}"
        f"<td>{outcome} {answered}</tr>\n"
    )


def _short(value: Any, count: int = 200) -> str:
    """The beginning of a value as EDN."""
    if type(value) is list:  # of which each takes two characters or more
        value = value[: count // 2 + 1]
    return beginning(dumps(value), count)
