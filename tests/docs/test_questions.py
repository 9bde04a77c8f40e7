"""Every question at the end of a lesson has an answer, and no answer is in sight."""

import re
from pathlib import Path
from textwrap import dedent

import pytest

from glomers import lab
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


BLOCK = re.compile(r"^ *```python\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
WITH_CODE = [path for path in LESSONS if BLOCK.search(prose(path))]


@pytest.mark.parametrize("path", WITH_CODE, ids=lambda path: path.stem)
def test_code_in_an_answer_runs_and_gives_the_figures_that_the_teachers_page_states(
    path, tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("GLOMERS_WORK", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    lab.workspace()
    cells = [cell for cell in read_notebook(path).cells if cell.kind == "code"]
    names = {"lab": lab}
    exec(next(cell.source for cell in cells if "parameters" in cell.tags), names)
    for cell in cells:
        if written := re.match(r"%%writefile (\S+)\n", cell.source):
            Path(written[1]).write_text(cell.source[written.end() :], encoding="utf-8")
    for block in BLOCK.findall(prose(path)):
        exec(dedent(block), names)
    page = (ROOT / "docs" / "teaching" / f"{path.stem}.md").read_text(encoding="utf-8")
    figures = re.findall(r"\d+ (?:operations|ms)", capsys.readouterr().out)
    assert figures
    for figure in figures:
        assert figure in page
