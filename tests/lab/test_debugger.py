"""`lab.debugger`: a picture, and a page to step through, as outputs of a notebook."""

import json

import pytest

from glomers import lab
from tests.helpers.cargo import held
from tests.helpers.notebook import execute, text_of
from tests.helpers.places import SOLUTIONS

CUT = (
    f"test -w broadcast --bin {SOLUTIONS / 'broadcast_all.py'} --node-count 5 --time-limit 20 "
    "--rate 10 --nemesis partition"
)
COMMITTED_BYTES = 100_000


@pytest.fixture
def work(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def committed_bytes(html):
    """How much a notebook grows by an output: it keeps lines as a list, indented."""
    lines = html.splitlines(keepends=True)
    return len(json.dumps(lines, indent=6, ensure_ascii=False).encode())


def test_a_run_of_any_length_fits_into_a_notebook_and_gives_the_same_bytes_again(work):
    long = CUT.replace("--rate 10", "--rate 100")
    frames = [lab.debugger(lab.maelstrom(long, expect="invalid")).frame for _ in range(2)]
    assert frames[0] == frames[1]
    assert committed_bytes(frames[0]) <= COMMITTED_BYTES


def test_what_nodes_knew_is_there_though_nobody_has_recorded_it(work):
    run = lab.maelstrom(CUT, expect="invalid")
    (data,) = held(lab.debugger(run).frame)
    assert "seen" in data["turns"]["paths"]
    assert data["holder"] == "seen"


def test_a_run_whose_node_has_changed_since_is_shown_without(work):
    node = work / "node.py"
    node.write_text((SOLUTIONS / "broadcast_all.py").read_text())
    run = lab.maelstrom(CUT, bin=node, expect="invalid")
    node.write_text("")
    (data,) = held(lab.debugger(run).frame)
    assert data["turns"]["step"] == []


def test_what_would_have_come_of_it_stands_beside_the_run(work):
    calm = CUT.replace(" --nemesis partition", "")
    run = lab.maelstrom(calm)
    lost = run.messages[run.messages["type"] == "share"]["id"].iloc[3]
    one, two = held(lab.debugger(run, run.what_if(f"drop:{lost}")).frame)
    assert one["flaws"] == []
    assert "never showed it" in two["flaws"][0][0]


def test_a_counterexample_fits_into_a_notebook(work):
    found = lab.maelstrom(CUT, expect="invalid").counterexample()
    assert committed_bytes(found.frame) <= 80_000
    assert "<summary>Step through it</summary>" in found.frame


def test_a_run_without_a_journal_is_refused(work):
    run = lab.maelstrom(CUT, expect="invalid")
    (run.store / "net-journal" / "messages.jsonl").unlink()
    with pytest.raises(lab.StoreError, match="no journal of messages"):
        lab.debugger(lab.Run.load(run.store))


@pytest.mark.slow
def test_in_a_notebook_the_picture_comes_first_as_an_output_of_its_own(work):
    cell = f"from glomers import lab\nlab.debugger(lab.maelstrom({CUT!r}, expect='invalid'))"
    ((picture, steps),) = execute([cell])
    assert text_of(picture).startswith("Space-time diagram: The first 40 of ")
    assert "<svg" in picture.data["text/html"]
    assert "<svg" not in steps.data["text/html"].partition("srcdoc")[0]
    assert (
        '<details open><summary>Step through it</summary><iframe sandbox="allow-scripts"'
        in (steps.data["text/html"])
    )
