"""`lab.debugger`: a picture, and a page to step through, as outputs of a notebook."""

import json

import pytest

from glomers import lab
from glomers.lab.debugger import folded_page
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


@pytest.mark.slow
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


def test_a_run_that_failed_has_a_page_with_what_its_nodes_knew_and_leaves_nothing(work):
    run = lab.maelstrom(CUT, expect="invalid")
    there = sorted(work.rglob("*"))
    page = folded_page(run)
    assert page == folded_page(run)
    assert page.startswith("<details><summary>Step through it</summary>")
    assert committed_bytes(page) <= COMMITTED_BYTES
    (data,) = held(page)
    assert data["holder"] == "seen"
    assert [flaw[0] for flaw in data["flaws"]] == run.findings
    assert sorted(work.rglob("*")) == there


def test_others_have_none(work):
    calm = lab.maelstrom(CUT.replace(" --nemesis partition", ""))
    assert folded_page(calm) is None
    run = lab.maelstrom(CUT, expect="invalid")
    (run.store / "net-journal" / "messages.jsonl").unlink()
    assert folded_page(lab.Run.load(run.store)) is None


@pytest.mark.slow
def test_in_a_notebook_a_run_that_failed_has_the_page_as_an_output_below_it(work):
    calm = CUT.replace(" --nemesis partition", "")
    cells = [
        f"from glomers import lab\nlab.maelstrom({CUT!r}, expect='invalid')",
        f"lab.maelstrom({calm!r})",
    ]
    (run, steps), (valid,) = execute(cells)
    assert text_of(run).startswith("✗ invalid (workload)")
    assert "<iframe" not in run.data["text/html"]
    assert (
        '<details><summary>Step through it</summary><iframe sandbox="allow-scripts"'
        in (steps.data["text/html"])
    )
    assert valid.output_type == "execute_result"


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
