"""An exercise: its manifest `exercises/<id>.toml`, and its solution `answers/<name>.py`."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from glomers.challenges import CHALLENGES, Challenge
from glomers.errors import WorkshopError

_FOLDER = Path(__file__).parent
HINTS = ("A question", "An idea", "A line")
"""What the hints of an exercise are, the gentlest first."""


@dataclass(frozen=True)
class Mistake:
    """A usual mistake: in which stage it shows, words of its finding, and which hint helps."""

    stage: str
    finding: str
    hint: int
    text: str

    def fits(self, stage: str, findings: str) -> bool:
        """Whether a broken stage may come from this mistake."""
        return stage == self.stage and re.search(self.finding, findings) is not None


@dataclass(frozen=True)
class Exercise:
    """What stands in a manifest.

    Attributes:
        id: the id of the challenge.
        title: what it is about.
        minutes: how long it takes, in minutes.
        needs: the ids of exercises that come before.
        objectives: what a learner can do afterwards.
        task: what is to be built, in a paragraph or two.
        promise: the card with requests, replies, and the calls of the runtime that suffice.
        predict: what is to be guessed before the check is run.
        fails_at: the stage that the skeleton as it is given does not pass.
        stages: what each stage asks of this node.
        hints: a question, an idea, a line.
        why: why the solution is right.
        variations: for those who are quick.
        mistakes: the usual ones, the more special first.
    """

    id: str
    title: str
    minutes: int
    needs: tuple[str, ...]
    objectives: tuple[str, ...]
    task: str
    promise: str
    predict: str
    fails_at: str
    stages: dict[str, str]
    hints: tuple[str, ...]
    why: str
    variations: tuple[str, ...]
    mistakes: tuple[Mistake, ...]

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
        """The solution with its markers."""
        return (_FOLDER / "answers" / f"my_{self.id}.py").read_text(encoding="utf-8")

    def advice(self, stage: str, findings: str, is_broken: bool = False) -> str | None:
        """What usually lies behind a broken stage, and which hint helps.

        Of a run that `is_broken`, because a node crashed or hangs, the findings say most; only a
        mistake that is named by them has more to say.
        """
        usual = [each for each in self.mistakes if each.finding or not is_broken]
        found = next((each for each in usual if each.fits(stage, findings)), None)
        if found is None:
            return None
        return f"{found.text} Hint {found.hint} of the exercise may help."


@cache
def exercises() -> dict[str, Exercise]:
    """All exercises by their ids, in the order of the series.

    Raises:
        WorkshopError: when a manifest lacks something.
    """
    found = {path.stem: _load(path) for path in (_FOLDER / "exercises").glob("*.toml")}
    return {id: found[id] for id in CHALLENGES if id in found}


def _load(path: Path) -> Exercise:
    fields = tomllib.loads(path.read_text(encoding="utf-8"))
    mistakes = [Mistake(**each) for each in fields.pop("mistakes")]
    lists = {name: tuple(value) for name, value in fields.items() if isinstance(value, list)}
    try:
        return Exercise(**{**fields, **lists, "id": path.stem, "mistakes": tuple(mistakes)})
    except TypeError as error:
        raise WorkshopError(f"{path.name} is no manifest of an exercise: {error}.") from None
