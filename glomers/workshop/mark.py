"""What the assessment of one node of one submission came to, as plain data and for a table."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from glomers.formats.text import clean, shortened
from glomers.workshop.verdict import StageResult, Verdict

PASS, FAIL, ERROR, TIMED_OUT, NOT_RUN = "pass", "fail", "error", "timed out", "not run"
WHY_CHARACTERS = 500
COLUMNS = ("submission", "challenge", "stage", "passed", "score", "why")


@dataclass(frozen=True)
class Mark:
    """What became of a node.

    Attributes:
        challenge: its id.
        status: one of the five above.
        why: why it did not pass, in a sentence or two.
        stages: each a name, a status and a message.
        findings: what went wrong, the most decisive first.
        advice: what usually lies behind that.
        proof: what a pass has checked, what it has not, and how much that proves.
    """

    challenge: str
    status: str
    why: str = ""
    stages: tuple[tuple[str, str, str], ...] = ()
    findings: tuple[str, ...] = ()
    advice: str = ""
    proof: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether all stages passed."""
        return self.status == PASS

    @property
    def stage(self) -> str:
        """The stage at which it stopped; empty if there is none."""
        return next((name for name, status, _ in self.stages if status == FAIL), "")

    @property
    def score(self) -> float:
        """The share of the stages that passed, from 0 to 1."""
        passed = sum(status == PASS for _, status, _ in self.stages)
        return round(passed / len(self.stages), 2) if self.stages else 0.0

    def row(self, submission: str) -> dict[str, Any]:
        """The row of `grades.csv`."""
        cells = (self.challenge, self.stage, self.passed, self.score, self.why)
        return dict(zip(COLUMNS, (_cell(submission), *map(_cell, cells)), strict=True))

    def to_json(self) -> str:
        """The text of `results.json`: Exercism's fields, and ours besides."""
        tests = [{"name": n, "status": s, "message": m} for n, s, m in self.stages]
        more = {"findings": self.findings, "advice": self.advice, "proof": self.proof}
        head = {"version": 2, "status": self.status, "message": self.why, "tests": tests}
        fields = {**head, "challenge": self.challenge, "score": self.score, **more}
        return json.dumps(fields, ensure_ascii=False, indent=1) + "\n"

    @classmethod
    def of_json(cls, text: str) -> Mark:
        """Read what `to_json` has written.

        Raises:
            ValueError, KeyError, TypeError: when it has not.
        """
        told = json.loads(text)
        stages = tuple((t["name"], t["status"], t["message"]) for t in told["tests"])
        findings, proof = tuple(told["findings"]), tuple(told["proof"])
        how = told["challenge"], told["status"], told["message"]
        return cls(*how, stages, findings, told["advice"], proof)

    @classmethod
    def of_verdict(cls, verdict: Verdict) -> Mark:
        """The mark for what an assessment came to; the words of nodes are shortened and cleaned."""
        stages = tuple((stage.name, _status(stage), _told(stage.why)) for stage in verdict.stages)
        broken = next((stage for stage in verdict.stages if stage.passed is False), None)
        findings = verdict.evidence.findings if verdict.evidence else ()
        relies_on = verdict.evidence.relies_on if verdict.evidence else None
        return cls(
            verdict.challenge.id,
            PASS if verdict.passed else FAIL,
            _told(broken.why) if broken else "",
            stages,
            tuple(map(_told, (*findings, *filter(None, [relies_on])))),
            verdict.advice or "",
            verdict.proof,
        )


def _status(stage: StageResult) -> str:
    return {True: PASS, False: FAIL, None: NOT_RUN}[stage.passed]


def _told(text: str) -> str:
    return shortened(" ".join(clean(text).split()), WHY_CHARACTERS)


def _cell(value: Any) -> Any:
    """A value that no spreadsheet takes for a formula."""
    if isinstance(value, bool):
        return str(value).lower()
    is_formula = isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r")
    return f"'{value}" if is_formula else value
