"""A picture to step through: a choice for each message, and no more than can be read."""

import pytest
from bs4 import BeautifulSoup

from glomers.drawing.flipbook import MOST_STEPS, stepped
from glomers.drawing.messages import Arrow
from glomers.drawing.spacetime import Diagram
from glomers.drawing.window import choose


def figure(count, **fields):
    arrows = [
        Arrow(float(i), i + 0.5, "n0", "n1", "share", {"type": "share", "message": i}, **fields)
        for i in range(count)
    ]
    chosen = choose(["n0", "n1"], arrows, 0.0, 99.0, 99)
    diagram = Diagram(["n0", "n1"], chosen, title="x", is_stepped=True)
    return BeautifulSoup(stepped(diagram, "<a> & b"), "html.parser")


def test_there_is_a_choice_for_each_message_and_the_last_is_chosen():
    made = figure(3)
    assert [choice.text.strip() for choice in made.find_all("label")] == [
        f"{i}.000 s: n0 sends share {i} to n1" for i in range(3)
    ]
    assert [choice.has_attr("checked") for choice in made.find_all("input")] == [False, False, True]


def test_arrows_and_their_labels_belong_to_their_step():
    made = figure(3)
    for step in (1, 2, 3):
        assert {tag.name for tag in made.find_all(class_=f"step-{step}")} == {"g", "text"}


def test_a_message_that_is_lost_or_a_lie_is_said_to_be_one():
    assert figure(1, lost=True).label.text.endswith("which is lost")
    assert figure(1, wrong=True).label.text.endswith("this breaks the promise")


def test_what_it_shows_stands_below_it_as_text():
    assert figure(1).figcaption.text == "<a> & b"


def test_more_messages_than_anybody_would_step_through_are_refused():
    with pytest.raises(ValueError, match="too many steps"):
        figure(MOST_STEPS + 1)
