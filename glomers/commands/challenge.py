"""`glomers challenge`: one challenge with its official flags, and how the result compares."""

from __future__ import annotations

import json
import shutil
import time
from argparse import Namespace
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from glomers import lab
from glomers.bench.options import CLOCKS
from glomers.challenges import CHALLENGES, METRICS, Challenge, Judgement, Published
from glomers.commands.arguments import Parser, refuse_args_without_node
from glomers.engine.command import FINAL_READS
from glomers.errors import EXIT_FAILED, EXIT_OK, BadInput, SeriesError
from glomers.files import shown
from glomers.reading import replicas

PARTITIONS = "valid with partitions"


@dataclass(frozen=True)
class Report:
    """How a node did in a challenge; `wall_s` is what the official run took, in seconds.

    `extra` are further checks that a node must pass, `beyond` those that nobody asks for; `why` has
    a sentence on those of `extra` that say more than no.
    """

    challenge: Challenge
    run: lab.Run
    extra: dict[str, bool]
    beyond: dict[str, bool]
    wall_s: float
    why: dict[str, str]

    @property
    def targets_met(self) -> bool:
        return self.challenge.within_limits(self.run.stats) and all(self.extra.values())

    @property
    def passed(self) -> bool:
        return self.run.valid is True and self.targets_met

    def as_json(self) -> dict[str, Any]:
        """The report as plain data; latencies in ms by quantile."""
        stats = self.run.stats
        latency = stats.stable_latency_ms
        return {
            "challenge": self.challenge.id,
            "engine": self.run.engine,
            "command": self.run.invocation,
            "valid": self.run.valid,
            "targets_met": self.targets_met,
            "msgs_per_op": stats.msgs_per_op,
            "msgs_per_op_all": stats.msgs_per_op_all,
            "stable_latency_ms": latency and {f"{q:g}": ms for q, ms in latency.items()},
            "ok_fraction": stats.ok_fraction,
            "extra": self.extra | self.beyond,
            "wall_s": round(self.wall_s, 3),
            "store": str(self.run.store) if self.run.store else None,
        }


def add_arguments(parser: Parser) -> None:
    """Add what the command takes."""
    parser.add_argument("id", metavar="ID", choices=list(CHALLENGES), help="such as 3d")
    parser.add_node()
    parser.add_engine()
    parser.add_seed()
    parser.add_argument("--clock", choices=CLOCKS, help="for the bench (default: what suits)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def act(arguments: Namespace) -> int:
    """Run a challenge and print how it went; returns the exit status.

    Raises:
        BadInput: when --bin is no program.
        LabError: when the engine cannot be used.
        SeriesError: when the test broke.
    """
    challenge, bin = CHALLENGES[arguments.id], arguments.bin
    refuse_args_without_node(arguments)
    if bin is not None and not bin.is_file():
        what = f"{bin} is no plain file" if bin.exists() else f"There is no file {bin}"
        raise BadInput(f"{what}: --bin must name the program of a node.")
    how = {name: getattr(arguments, name) for name in ("engine", "seed", "clock")}
    how["args"] = challenge.args if bin is None else arguments.node_args
    report = _report(challenge, bin or challenge.path, how)
    if arguments.json:
        print(json.dumps(report.as_json()))
    if report.run.valid is None:
        raise SeriesError(report.run.explanation or report.run.verdict)
    if not arguments.json:
        _show(report)
    return EXIT_OK if report.passed else EXIT_FAILED


def _report(challenge: Challenge, program: Path, how: dict[str, Any]) -> Report:
    began = time.monotonic()
    run = _test(challenge.flags, program, how)
    report = Report(challenge, run, {}, {}, time.monotonic() - began, {})
    if run.valid is None:
        return report
    runs = [run]
    if challenge.also:
        name = "valid without partitions" if "--nemesis" in challenge.flags else PARTITIONS
        runs.append(_test(challenge.also, program, how))
        report.extra[name] = runs[-1].valid is True
    if challenge.workload == "txn-rw-register" and run.engine == "bench":
        runs = [_test(f"{challenge.flags} {FINAL_READS}", program, how)]
        report.extra.update(_transactions(runs[0]))
        report.beyond.update(_guarantees(runs[0]))
    if replicas.are_compared(challenge.workload, runs[0].nodes, FINAL_READS in runs[0].command):
        _compare_replicas(report, runs)
    return report


def _compare_replicas(report: Report, runs: Sequence[lab.Run]) -> None:
    """Add to the report whether the replicas have converged in each of the runs."""
    reasons = filter(None, map(_divergence, runs))
    report.extra[replicas.CONVERGED] = (reason := next(reasons, None)) is None
    if reason:
        report.why[replicas.CONVERGED] = reason


def _divergence(run: lab.Run) -> str | None:
    """What keeps the replicas of a run from having converged; what nobody saw is not met."""
    try:
        found = lab.convergence(run)
    except lab.LabError as error:
        return str(error)
    return None if found.is_reached else str(found)


def _transactions(run: lab.Run) -> dict[str, bool]:
    """What Maelstrom does not check of transactions (see `glomers.reading.replicas`)."""
    checks: dict[str, Callable[[], bool]] = {
        "clients see their own writes": lambda: lab.forgotten_writes(run).empty,
        "no dirty write (G0)": lambda: lab.dirty_writes(run).empty,
    }
    if len(run.nodes) > 1:
        checks["writes reach other nodes"] = lambda: lab.replicated_share(run) > 0.5
    return {name: _is_shown(check) for name, check in checks.items()}


def _is_shown(check: Callable[[], bool]) -> bool:
    """Whether a check passes; where the run broke, or nobody answered in the end, none does."""
    try:
        return check()
    except lab.LabError:
        return False


def _guarantees(run: lab.Run) -> dict[str, bool]:
    """Which guarantees the history does not contradict (see `glomers.reading.guarantees`)."""
    try:
        contradictions = lab.guarantees(run)["contradictions"]
    except lab.LabError:  # a node that writes what nobody asked for is told of in the verdict
        return {}
    return {str(name): count == 0 for name, count in contradictions.items()}


def _test(flags: str, program: Path, how: dict[str, Any]) -> lab.Run:
    """A run, whatever came of it; without a verdict it says why."""
    try:
        return lab.maelstrom(f"test {flags}", bin=program, expect="any", **how)
    except lab.RunFailed as error:
        if error.run is None:
            raise
        return error.run


def _show(report: Report) -> None:
    from rich.console import Console
    from rich.text import Text

    challenge, run = report.challenge, report.run
    console = Console(width=max(80, shutil.get_terminal_size((120, 24)).columns))
    console.print(Text(f"Challenge {challenge.id}, {challenge.name}: {run.verdict}", "bold"))
    console.print(Text(run.invocation))
    for line in run.told():
        console.print(Text(line))
    console.print(_targets(report))
    if challenge.published:
        console.print(_comparison(report))
    store = f" Store: {shown(run.store)}" if run.store else ""
    console.print(Text(f"Engine {run.engine}, {report.wall_s:.1f} s.{store}"))


def _targets(report: Report) -> Any:
    """The table of what was asked for and what was measured."""
    from rich.table import Table
    from rich.text import Text

    table = Table("target", "asked for", "measured", "", title="Targets", title_justify="left")
    stats = report.run.stats

    def add(name: str, asked: str, measured: str, judgement: Judgement) -> None:
        style = "green" if judgement == "met" else "bold red"
        table.add_row(name, asked, measured, Text(judgement, style))

    add("verdict", "valid", str(report.run.verdict), _judged(report.run.valid is True))
    judgements = report.challenge.judge(stats)
    for limit in report.challenge.limits:
        measured = _number(getattr(stats, limit.metric))
        add(METRICS[limit.metric], f"below {limit.below:g}", measured, judgements[limit.metric])
    for name, passed in report.extra.items():
        measured = "yes" if passed else ": ".join(["no", *filter(None, [report.why.get(name)])])
        add(name, "yes (extra)", measured, _judged(passed))
    for name, passed in report.beyond.items():
        measured = "not contradicted" if passed else "contradicted"
        table.add_row(name, "not asked for", measured, "")
    if stats.ok_fraction is not None:
        table.add_row("share of requests that succeeded", "", f"{stats.ok_fraction:.4f}", "")
    if not report.challenge.limits:
        table.add_row(METRICS["msgs_per_op"], "", _number(stats.msgs_per_op), "")
    return table


def _judged(is_met: bool) -> Judgement:
    return "met" if is_met else "missed"


def _comparison(report: Report) -> Any:
    """The table of published results, with this one in its place."""
    from rich.table import Table

    table = Table("design", title="Beside published results", title_justify="left")
    for column in ("messages per operation", "median (ms)", "maximum (ms)"):
        table.add_column(column, justify="right")
    table.add_column("source")
    stats = report.run.stats
    rows = [(result, "") for result in report.challenge.published]
    if stats.msgs_per_op is not None:
        measured = stats.msgs_per_op, stats.stable_median_ms, stats.stable_max_ms
        rows.append((Published("this run", "measured here", *measured), "bold"))
    for result, style in sorted(rows, key=lambda row: row[0].msgs_per_op):
        table.add_row(
            result.design,
            _number(result.msgs_per_op),
            _number(result.stable_median_ms),
            _number(result.stable_max_ms),
            result.source,
            style=style,
        )
    return table


def _number(value: float | None) -> str:
    """The value with at most two decimals; empty where there is none."""
    return "" if value is None else f"{value:.2f}".rstrip("0").rstrip(".")
