"""The teacher's pages go with the lessons and exercises: all of them, and all that they ask."""

import json
import re
from functools import cache
from urllib.parse import unquote

import pytest

from glomers.workshop.exercise import exercises
from tests.helpers.places import ROOT

OVERVIEW = ROOT / "docs" / "teaching.md"
LESSONS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PAGES = sorted((ROOT / "docs" / "teaching").glob("*.md"))
NAMES = [lesson.stem for lesson in LESSONS]
EXERCISES = {each.challenge.notebook: each for each in exercises().values()}
"""The exercises by the lessons that they belong to."""

ASKED = re.compile(r"\*\*(?:predict|count)\b", re.IGNORECASE)
NUMBERED = re.compile(r"^\d+\. ", re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")


@cache
def page(name):
    """The text of the page of a lesson."""
    return (ROOT / "docs" / "teaching" / f"{name}.md").read_text(encoding="utf-8")


def section(name, title):
    """What stands on the page of a lesson under a heading."""
    return page(name).partition(f"## {title}\n")[2].partition("\n## ")[0]


def prose(name):
    """The text of a lesson outside of code."""
    cells = json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
    return "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")


def test_every_lesson_has_a_page_that_the_overview_leads_to():
    assert [path.stem for path in PAGES] == NAMES
    assert set(re.findall(r"\]\(teaching/([\w-]+)\.md\)", OVERVIEW.read_text())) == set(NAMES)
    assert "docs/teaching.md" in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_every_prediction_of_a_lesson_is_answered(name):
    asked = ASKED.findall(re.sub(r"<details>.*?</details>", "", prose(name), flags=re.DOTALL))
    assert len(NUMBERED.findall(section(name, "Predictions"))) == len(asked) > 0


@pytest.mark.parametrize("name", NAMES)
def test_every_question_at_the_end_of_a_lesson_is_answered(name):
    questions = re.search(r"\*\*\w+ questions\*\*\n\n((?:\d+\. .*\n?)+)", prose(name))
    answers = section(name, "Questions at the end")
    assert len(NUMBERED.findall(answers)) == len(NUMBERED.findall(questions[1])) > 0


@pytest.mark.parametrize("name", sorted(EXERCISES))
def test_a_page_quotes_the_error_of_a_gap_as_the_exercise_has_it(name):
    quoted = re.search(r"^> .*NotImplementedError: (.+)$", page(name), re.MULTILINE)[1]
    assert any(quoted.startswith(gap.task) for gap in EXERCISES[name].gaps)


@pytest.mark.parametrize("name", NAMES)
def test_a_page_states_the_minutes_of_its_lesson_and_of_its_exercise(name):
    stated = re.findall(r"\]\([^)]*\), (\d+) minutes", page(name))
    times = r"\*\*Time:\*\* (?:about )?(\d+) minutes(?:, and (\d+) to go further)?"
    lesson = str(sum(int(part or 0) for part in re.search(times, prose(name)).groups()))
    exercise = [str(EXERCISES[name].minutes)] if name in EXERCISES else stated[1:]
    assert stated == [lesson, *exercise]
    assert f"| [{name}](teaching/{name}.md) | {lesson} |" in OVERVIEW.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", [OVERVIEW, *PAGES], ids=lambda path: path.stem)
def test_every_link_of_a_page_leads_somewhere(path):
    links = LINK.findall(path.read_text(encoding="utf-8"))
    assert links
    for link in links:
        file, _, anchor = unquote(link).partition("#")
        target = (path.parent / file).resolve() if file else path
        assert target.is_file(), link
        if anchor:
            headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            anchors = {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings}
            assert anchor in anchors, link
