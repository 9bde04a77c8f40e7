"""A variant of a node: what is written, what is shown of it, and when it is refused."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glomers import lab
from glomers.drawing.palette import PAPER, contrast
from glomers.lab.variant import difference
from tests.helpers.notebook import execute, text_of

NODE = """import time

node = Node()


@node.every(interval_s=0.5)
def flush():
    send(max(mine, theirs))
"""


@pytest.fixture
def nodes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nodes").mkdir()
    (tmp_path / "nodes" / "right.py").write_text(NODE)
    return tmp_path / "nodes"


def test_old_texts_are_replaced_in_order_and_the_source_stays(nodes):
    changes = {"0.5": "1.5", "max(mine, theirs)": "mine + theirs", "mine + theirs": "theirs"}
    lab.variant("nodes/right.py", "nodes/wrong.py", changes)
    wrong = (nodes / "wrong.py").read_text()
    assert wrong == NODE.replace("0.5", "1.5").replace("max(mine, theirs)", "theirs")
    assert (nodes / "right.py").read_text() == NODE


@pytest.mark.parametrize(
    ("old", "sentence"),
    [
        ("interval_s=0.4", "is not in nodes/right.py, where it must stand once: `interval_s=0.4`."),
        ("\n  gone = 1\n  two", "is not in nodes/right.py, where it must stand once: `gone = 1`."),
        ("node", "stands 2 times in nodes/right.py, where it must stand once: `node`."),
    ],
)
def test_a_node_that_was_edited_is_refused_in_a_sentence_and_nothing_is_written(
    nodes, old, sentence
):
    with pytest.raises(lab.LabError) as refused:
        lab.variant("nodes/right.py", "nodes/wrong.py", {old: "new"})
    assert str(refused.value).startswith(f"The text to be changed {sentence}")
    assert "make the change in nodes/wrong.py yourself" in str(refused.value)
    assert not (nodes / "wrong.py").exists()


def test_a_node_that_no_cell_has_written_is_refused_in_a_sentence(nodes):
    with pytest.raises(lab.LabError, match=r"cannot be made from nodes/none.py: No such file"):
        lab.variant("nodes/none.py", "nodes/wrong.py", {})


def test_a_notebook_shows_the_difference_as_text_and_in_colours_that_can_be_read(nodes):
    call = 'lab.variant("nodes/right.py", "nodes/wrong.py", {"(interval_s=0.5)": "(1) # <&>"})'
    outputs = execute(
        [f"import os; os.chdir({str(nodes.parent)!r})", f"from glomers import lab\n{call}"]
    )
    (shown,) = outputs[1]
    assert text_of(shown).splitlines() == [
        "--- right.py",
        "+++ wrong.py",
        "@@ -5,3 +5,3 @@",
        " ",
        "-@node.every(interval_s=0.5)",
        "+@node.every(1) # <&>",
        " def flush():",
    ]
    html = shown.data["text/html"]
    assert "@node.every(1) # &lt;&amp;&gt;" in html
    pairs = re.findall(r"color:(#[0-9a-f]{6});background:(#[0-9a-f]{6})", html)
    assert len(pairs) == 2
    assert all(contrast(ink, paper) >= 4.5 and contrast(ink, PAPER) >= 4.5 for ink, paper in pairs)


@given(st.lists(st.sampled_from("abc")), st.lists(st.sampled_from("abc")))
def test_every_line_that_differs_is_marked(before, after):
    diff = difference("\n".join(before), "\n".join(after), "x.py", "y.py").splitlines()[2:]
    gone = sorted(line[1:] for line in diff if line.startswith("-"))
    new = sorted(line[1:] for line in diff if line.startswith("+"))
    assert sorted([*before, *new]) == sorted([*after, *gone])
