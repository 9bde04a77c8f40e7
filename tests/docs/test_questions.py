"""Every question at the end of a lesson has an answer, and no answer is in sight."""

import re

import pytest

from glomers.series.notebook import read_notebook
from tests.helpers.places import ROOT

LESSONS = sorted((ROOT / "notebooks").glob("*.ipynb"))
ITEM = re.compile(r"^(\d+)\. ", re.MULTILINE)
WORDS = {"Three": 3, "Four": 4}


def prose(path):
    cells = read_notebook(path).cells
    return "\n\n".join(cell.source for cell in cells if cell.kind == "markdown")


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_each_question_of_a_lesson_has_a_folded_answer(path):
    _, how_many, rest = re.split(r"\*\*(\w+) questions\*\*\n", prose(path))
    questions, _, folded = rest.partition("<details><summary>Answers</summary>\n\n")
    answers, closed, _ = folded.partition("\n\n</details>")
    assert closed, "the answers are folded"
    numbers = [str(number) for number in range(1, WORDS[how_many] + 1)]
    assert ITEM.findall(questions) == numbers
    assert ITEM.findall(answers) == numbers
