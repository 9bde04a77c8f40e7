"""An exercise: its manifest `exercises/<id>.toml`, and its solution.

That is a node of the series, where one is fit for it.  Where the series has only one that can do
more than learners are asked for, `answers/my_<id>.py` is a plainer one.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from glomers.challenges import CHALLENGES, SOLUTIONS, Challenge
from glomers.errors import WorkshopError
from glomers.workshop import effort
from glomers.workshop.skeleton import Gap, GapMark, gaps_of, skeleton

_FOLDER = Path(__file__).parent
HINTS = ("A question", "An idea", "A line")
"""What the hints of an exercise are, the gentlest first."""
ANSWERED = "**Your prediction:**"
"""Where in the *why* of a manifest the answer to the prediction begins."""


@dataclass(frozen=True)
class Mistake:
    """A usual mistake: in which stage it shows, words of its finding, and which hint helps.

    One that can be made in every exercise may show in any stage, and says itself what to do.
    """

    finding: str
    text: str
    stage: str | None = None
    hint: int | None = None

    def fits(self, stage: str, finding: str) -> bool:
        """Whether a broken stage may come from this mistake."""
        return self.stage in (None, stage) and re.search(self.finding, finding) is not None

    def __str__(self) -> str:
        return f"{self.text} Hint {self.hint} of the exercise may help." if self.hint else self.text


@dataclass(frozen=True)
class Variation:
    """Something to go on with, and what comes of it."""

    task: str
    outcome: str


@dataclass(frozen=True)
class Exercise:
    """What stands in a manifest.

    Attributes:
        id: the id of the challenge.
        title: what it is about.
        needs: the ids of exercises that come before.
        objectives: what a learner can do afterwards.
        task: what is to be built, in a paragraph or two.
        promise: the card with requests, replies, and the calls of the runtime that suffice.
        predict: what is to be guessed before the check is run.
        fails_at: the stage that the skeleton as it is given does not pass.
        stages: what each stage asks of this node.
        hints: a question, an idea, a line.
        why: why the solution is right, and, from `ANSWERED` on, what comes of the prediction.
        variations: for those who are quick.
        gaps: which lines of the solution learners write.
        mistakes: the usual ones, the more special first.
        solution: the node of the series that solves it; empty where it has one of its own.
    """

    id: str
    title: str
    needs: tuple[str, ...]
    objectives: tuple[str, ...]
    task: str
    promise: str
    predict: str
    fails_at: str
    stages: dict[str, str]
    hints: tuple[str, ...]
    why: str
    variations: tuple[Variation, ...]
    gaps: tuple[GapMark, ...]
    mistakes: tuple[Mistake, ...]
    solution: str = ""

    @property
    def challenge(self) -> Challenge:
        """The challenge that it solves."""
        return CHALLENGES[self.id]

    @property
    def node(self) -> str:
        """The file that a learner writes, as its notebook calls it."""
        return f"nodes/my_{self.id}.py"

    @property
    def answer(self) -> str:
        """The text of the solution."""
        own = _FOLDER / "answers" / f"my_{self.id}.py"
        path = SOLUTIONS / f"{self.solution}.py" if self.solution else own
        return path.read_text(encoding="utf-8")

    @property
    def reason(self) -> str:
        """Why the solution is right."""
        return self.why.partition(ANSWERED)[0].strip()

    @property
    def outcome(self) -> str:
        """What comes of the prediction."""
        return self.why.partition(ANSWERED)[2].strip()

    @property
    def skeleton(self) -> str:
        """The text that learners begin with."""
        return skeleton(self.answer, self.gaps)

    @property
    def own_parts(self) -> list[Gap]:
        """What learners write, as the solution has it."""
        return gaps_of(self.answer, self.gaps)

    @property
    def own_lines(self) -> int:
        """How many lines the solution has in the gaps."""
        return sum(gap.size for gap in self.own_parts)

    @property
    def minutes(self) -> int:
        """About how long it takes, in minutes: an estimate."""
        texts = (*self.objectives, self.task, self.promise, self.predict, self.why)
        prose = " ".join((*texts, *self.stages.values(), *self.hints))
        checks = len(self.gaps) + len(self.stages)
        return effort.minutes(prose, self.skeleton, self.own_lines, checks)

    def advice(self, stage: str, findings: Sequence[str], is_broken: bool = False) -> str | None:
        """What usually lies behind a broken stage, and which hint helps.

        The most decisive finding that names a mistake has most to say: first a mistake of this
        exercise, then one that can be made in every one.  Of a run that `is_broken`, because a node
        crashed or hangs, the findings say more than a mistake that they do not name.
        """
        named = [each for each in self.mistakes if each.finding]
        unnamed = [each for each in self.mistakes if not each.finding and not is_broken]
        for finding in findings:
            for each in (*named, *_mistakes_everywhere()):
                if each.fits(stage, finding):
                    return str(each)
        return next((str(each) for each in unnamed if each.fits(stage, "")), None)


@cache
def exercises() -> dict[str, Exercise]:
    """All exercises by their ids, in the order of the series.

    Raises:
        WorkshopError: when a manifest lacks something.
    """
    found = {path.stem: _load(path) for path in (_FOLDER / "exercises").glob("*.toml")}
    return {id: found[id] for id in CHALLENGES if id in found}


@cache
def _mistakes_everywhere() -> tuple[Mistake, ...]:
    """The mistakes that can be made in every exercise."""
    text = (_FOLDER / "mistakes.toml").read_text(encoding="utf-8")
    return tuple(Mistake(**each) for each in tomllib.loads(text)["mistakes"])


def _load(path: Path) -> Exercise:
    fields = tomllib.loads(path.read_text(encoding="utf-8"))
    kinds = {"gaps": GapMark, "mistakes": Mistake, "variations": Variation}
    try:
        tables = {
            name: tuple(kind(**each) for each in fields.pop(name))
            for name, kind in kinds.items()
            if name in fields
        }
        lists = {name: tuple(value) for name, value in fields.items() if isinstance(value, list)}
        return Exercise(**{**fields, **lists, **tables}, id=path.stem)
    except TypeError as error:
        raise WorkshopError(f"{path.name} is no manifest of an exercise: {error}.") from None
