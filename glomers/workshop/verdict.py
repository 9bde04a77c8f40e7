"""What an assessment came to, and how much it proves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from glomers.challenges import Challenge
from glomers.explore.seed import Row
from glomers.workshop.evidence import Exhibit
from glomers.workshop.stages import FAULTS, LIMITS, PARTITIONS, TOGETHER

NOT_REACHED = "not reached"
UNJUDGED = "polls show a key and never a message of it, and a poll leaves out keys without messages"
"""What keeps a checker from judging a run in which it finds nothing wrong."""


@dataclass(frozen=True)
class StageResult:
    """What a stage came to; `passed` is None when it was not reached, and `why` says why.

    `is_far_off` says of limits on messages that nobody needs to look at anything else first.
    """

    name: str
    passed: bool | None
    why: str
    is_far_off: bool = False


@dataclass(frozen=True)
class Verdict:
    """What an assessment came to.

    Attributes:
        challenge: the task.
        node: the node's file, as a person calls it.
        stages: its stages in order.
        evidence: why the broken stage is broken, unless all passed.
        advice: what usually lies behind that, and which hint fits.
        remarks: when all passed: what the node does that it should not do all the same.
        proof: when all passed: what was checked, what was not, and how much that proves.
        is_outdated: whether the file has changed since the check began.
    """

    challenge: Challenge
    node: Path
    stages: tuple[StageResult, ...]
    evidence: Exhibit | None = None
    advice: str | None = None
    remarks: tuple[str, ...] = ()
    proof: tuple[str, ...] = field(default=())
    is_outdated: bool = False

    @property
    def passed(self) -> bool:
        """Whether all stages passed."""
        return all(stage.passed for stage in self.stages)

    def as_json(self) -> dict[str, Any]:
        """The verdict as plain data: the contract of `glomers assess --json`."""
        stages = [{"name": s.name, "passed": s.passed, "why": s.why} for s in self.stages]
        return {"challenge": self.challenge.id, "passed": self.passed, "stages": stages}


def is_unjudged(row: Row) -> bool:
    """Whether the checker could not judge a run, which then shows nothing."""
    return bool(row["outcome"] == "unknown")


def shown_runs(rows: Sequence[Row], left_out: int = 0) -> str:
    """How many runs a stage took, how many of them show something, and how many were left out."""
    count, telling = len(rows), len(_telling(rows))
    text = f"{count:,} runs" if count != 1 else "1 run"
    if telling < count > 1:
        text = f"{text}, of which {telling:,} count{'s' * (telling == 1)}"
    if unjudged := sum(is_unjudged(row) for row in rows):
        text = f"{text}; {unjudged:,} could not be judged: {UNJUDGED}"
    if left_out:
        return f"{text}; {left_out:,} more are left out, since your nodes send so much"
    return text


def proof(challenge: Challenge, stages: Sequence[StageResult], rows: Sequence[Row]) -> list[str]:
    """What a pass has checked, what it has not, and how much it proves.

    Args:
        challenge: the task.
        stages: those that passed.
        rows: the runs of the last stage that has many seeds.
    """
    return [
        f"Checked: {'; '.join(_checked(challenge, stages, rows))}.",
        f"Not checked: {'; '.join(_unchecked(challenge, stages, rows))}.",
        _bound(rows),
    ]


def _checked(
    challenge: Challenge, stages: Sequence[StageResult], rows: Sequence[Row]
) -> Iterator[str]:
    nodes = sorted({row["nodes"] for row in rows})
    span = f"{nodes[0]} to {nodes[-1]} nodes" if len(nodes) > 1 else "one node"
    yield f"the official command, and {len(rows) - 1:,} runs with other seeds, {span}, other names"
    names = {stage.name for stage in stages}
    delays = sorted({row["latency_ms"] for row in rows})
    if len(delays) > 1:
        yield f"delays of {delays[0]} to {delays[-1]} ms in the mean between nodes"
    if PARTITIONS in names:
        yield "partitions of all kinds that Maelstrom has"
        if "kill" in _faults(rows):
            yield "nodes that are killed and start again, also within the same second"
    elif FAULTS in names:
        yield f"the faults {', '.join(sorted(_faults(rows)))}"
    if challenge.workload == "txn-rw-register":
        yield "that clients see their own writes, and that no dirty write happens"
    elif TOGETHER in names and challenge.workload == "unique-ids":
        yield "that no id comes twice when all nodes are started in the same nanosecond"
    elif TOGETHER in names and challenge.workload in ("broadcast", "g-counter"):
        yield "that all nodes show the same in the end"
    if LIMITS in names:
        yield "the limits of the challenge, in the official run"


def _unchecked(
    challenge: Challenge, stages: Sequence[StageResult], rows: Sequence[Row]
) -> Iterator[str]:
    names, faults = {stage.name for stage in stages}, _faults(rows)
    if TOGETHER not in names:
        yield "several nodes, which come in a later challenge"
    elif not faults:
        yield "partitions, which come in a later challenge"
    if "kill" not in faults:
        yield "nodes that crash and start again"
    if challenge.workload == "unique-ids":
        yield "how seldom random bits, if an id relies on them, come twice"
    yield "single messages that are lost, or come twice"
    yield "hours of load, and the real clock"


def _faults(rows: Sequence[Row]) -> set[str]:
    return {fault for row in rows for fault in row["faults"]}


def _bound(rows: Sequence[Row]) -> str:
    telling = len(_telling(rows))
    reasons = sorted({reason for row in rows for reason in row["vacuous"]})
    reasons += ["they could not be judged"] * any(map(is_unjudged, rows))
    if not telling:
        return (
            f"How much that proves: little about faults, because in none of {len(rows):,} runs "
            f"they mattered ({'; '.join(reasons)})."
        )
    rest = len(rows) - telling
    among = f"{telling:,} of {len(rows):,} runs" if rest else f"all {telling:,} runs"
    left = "one" if rest == 1 else f"{rest:,}"
    others = f" (not in the other {left}: {'; '.join(reasons)})" if rest else ""
    return (
        f"How much that proves: something was at stake in {among}{others}, and none failed. So at "
        f"most {min(100, 300 / telling):.0f} % of such runs fail, with 95 % confidence: that is 3 "
        f"divided by {telling:,}, the rule of three. It is evidence, no proof."
    )


def _telling(rows: Sequence[Row]) -> list[Row]:
    """The runs that could be judged, and in which something was at stake."""
    return [row for row in rows if not (row["vacuous"] or is_unjudged(row))]
