"""The front page: what lessons say about themselves, and a picture that steps."""

import os

import pytest
from bs4 import BeautifulSoup

from glomers.series.abstract import abstract
from glomers.series.front_page import START
from glomers.series.notebook import read_notebook
from glomers.series.publish import export_batch
from tests.helpers.chromium import Chromium, find_chromium
from tests.helpers.places import ROOT
from tests.helpers.series import Series, prose

HEAD = (
    "# 3 · Tell\n\n**You will** spread `values` over\nnodes. **Time:** about 15 minutes, and 20 to "
    "go further (estimates). **Idea:** tell *everybody*.\n\nMore."
)
SEEN = """
JSON.stringify([...document.querySelectorAll('.steps g[class^=step]')].map(
  arrow => getComputedStyle(arrow).visibility === 'visible'))
"""


@pytest.fixture
def notebook(tmp_path):
    def made(*cells):
        return read_notebook(Series(tmp_path / "project").write("x", *cells))

    return made


def test_a_lesson_says_its_promise_its_minutes_and_its_idea(notebook):
    found = abstract(notebook(prose(HEAD)))
    assert found.promise == "You will spread values over nodes."
    assert found.minutes == "15 + 20"
    assert found.idea == "tell everybody"


@pytest.mark.parametrize(("said", "minutes"), [("15 minutes.", "15"), ("a while.", "")])
def test_what_a_lesson_does_not_say_is_empty(notebook, said, minutes):
    found = abstract(notebook(prose(f"# A\n\nOne *paragraph*. **Time:** {said}")))
    assert (found.minutes, found.idea) == (minutes, "")
    assert found.promise.startswith("One paragraph.")


def test_every_lesson_of_the_series_says_how_long_it_takes():
    lessons = sorted((ROOT / "notebooks").glob("*.ipynb"))
    found = {path.stem: abstract(read_notebook(path)) for path in lessons}
    assert all(each.minutes and each.promise.startswith("You will") for each in found.values())
    assert all(each.idea for name, each in found.items() if name != START)


def test_a_long_promise_is_cut_between_words(notebook):
    promise = abstract(notebook(prose("word " * 100))).promise
    assert promise.endswith("word …")
    assert len(promise) < 210


def front(folder, *names):
    series = Series(folder / "project")
    for name in names:
        series.write(name, prose(HEAD))
    return export_batch(series.notebooks)


def test_a_series_begins_where_it_says_and_other_notebooks_are_but_listed(tmp_path):
    page = BeautifulSoup(front(tmp_path / "a", START, "01-echo").read_text(), "html.parser")
    assert page.find("a", class_="start")["href"] == f"{START}.html"
    assert page.find(class_="steps")
    other = BeautifulSoup(front(tmp_path / "b", "mine").read_text(), "html.parser")
    assert other.find("a", class_="start") is None
    assert other.find(class_="steps") is None
    assert other.find("a", string="3 · Tell")


@pytest.mark.slow
def test_each_step_shows_one_message_more(tmp_path):
    path = find_chromium()
    if path is None:
        assert os.environ.get("CI") != "true", "there must be a Chromium in continuous integration"
        pytest.skip("there is no Chromium here")
    url = front(tmp_path, START).as_uri()
    choose = "document.querySelectorAll('.steps input')[%d].click();"
    with Chromium(path) as browser:
        count = browser.evaluate(url, "document.querySelectorAll('.steps input').length")
        for step in range(count):
            shown = browser.evaluate(url, choose % step + SEEN)
            later = count - step - 1
            assert shown == str([True] * (step + 1) + [False] * later).lower().replace(" ", "")
