"""`glomers view`: a store folder, of whichever engine, becomes one page."""

import json
import os

import pytest

from glomers import lab
from glomers.cli import main
from glomers.drawing.stepper.steps import Deed
from tests.helpers.cargo import held
from tests.helpers.chromium import Chromium, find_chromium
from tests.helpers.lab_stores import HOSTILE, Message, history, results, write_store
from tests.helpers.places import SOLUTIONS, STORE_SAMPLES
from tests.helpers.stepping import Stepping

TEXT = HOSTILE.replace("\ud800", "")
ECHO = f"test -w echo --bin {SOLUTIONS / 'echo.py'} --node-count 1 --time-limit 2 --rate 5"
CUT = (
    f"test -w broadcast --bin {SOLUTIONS / 'broadcast_all.py'} --node-count 5 --time-limit 20 "
    "--rate 10 --nemesis partition --record-state"
)

MARK = 'open(__file__.replace("node.py", "mark"), "w").close()\n'
"""Shows that the node has run."""
STEP = ("time_ns", "node", "kind", "message", "cause", "place", "sends", "changes")


@pytest.fixture
def work(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def view(*words):
    assert main(["view", *map(str, words)]) == 0


def test_the_page_lies_in_the_store_unless_told_otherwise(work, capsys):
    run = lab.maelstrom(ECHO)
    view(run.store)
    assert capsys.readouterr().out == f"Page: {run.store.relative_to(work) / 'steps.html'}\n"
    view(run.store, "--out", "page.html")
    assert (work / "page.html").read_bytes() == (run.store / "steps.html").read_bytes()


def test_it_holds_every_event_what_nodes_knew_and_what_went_wrong(work):
    run = lab.maelstrom(CUT, expect="invalid")
    view(run.store, "--out", "page.html")
    (data,) = held((work / "page.html").read_text())
    count = sum(deed <= Deed.DROP for deed in data["steps"]["deed"])
    assert count == len(run.events)
    assert data["command"].endswith("--seed 0")
    assert data["holder"] == "seen"
    assert [flaw[0] for flaw in data["flaws"]] == run.findings
    assert data["handlers"]["share"][0] == "broadcast_all.py"
    text = (SOLUTIONS / "broadcast_all.py").read_text()
    assert data["files"]["broadcast_all.py"] == text.splitlines()


def test_a_run_that_was_not_recorded_is_played_again_with_what_nodes_knew(work):
    run = lab.maelstrom(CUT.replace(" --record-state", ""), expect="invalid")
    view(run.store, "--out", "page.html")
    (data,) = held((work / "page.html").read_text())
    assert data["holder"] == "seen"
    assert data["notes"] == []


def test_that_leaves_nothing_on_the_disk(work):
    run = lab.maelstrom(ECHO)
    there = sorted(work.rglob("*"))
    view(run.store, "--out", "page.html")
    assert sorted(work.rglob("*")) == sorted([*there, work / "page.html"])
    assert (work / "store" / "latest").resolve() == run.store


def test_a_store_from_elsewhere_runs_nothing_unless_that_is_asked_for(work, monkeypatch, capsys):
    (work / "node.py").write_text(MARK + (SOLUTIONS / "echo.py").read_text())
    run = lab.maelstrom("test -w echo --bin node.py --node-count 1 --time-limit 1 --rate 5")
    (work / "mark").unlink()
    (work / "here").mkdir()
    monkeypatch.chdir(work / "here")
    for words, is_played in ([], False), (["--no-play-again"], False), (["--play-again"], True):
        view(run.store, "--out", "page.html", *words)
        (data,) = held((work / "here" / "page.html").read_text())
        assert bool(data["turns"]["step"]) == is_played
        assert ("add --play-again" in capsys.readouterr().out) == (not is_played)
        assert (work / "mark").exists() == is_played


def test_a_run_is_not_played_again_when_nobody_wants_it(work):
    run = lab.maelstrom(CUT.replace(" --record-state", ""), expect="invalid")
    view(run.store, "--out", "page.html", "--no-play-again")
    (data,) = held((work / "page.html").read_text())
    assert data["turns"]["step"] == []


def test_where_that_cannot_be_done_the_page_says_why(work):
    (work / "node.py").write_text((SOLUTIONS / "echo.py").read_text())
    run = lab.maelstrom("test -w echo --bin node.py --node-count 1 --time-limit 1 --rate 5")
    (work / "node.py").write_text("another")
    view(run.store, "--out", "page.html")
    (data,) = held((work / "page.html").read_text())
    assert data["turns"]["step"] == []
    assert "node.py has changed since" in data["notes"][0]


@pytest.mark.parametrize(
    "damage",
    [
        {"changes": {"seen": {"=": 5}}},
        {"changes": {"seen": 5}},
        {"changes": {"seen": {"+": ["1"]}}},
        {"changes": {"nothing": {"gone": True}}},
        {"place": ["node.py", 1, 5]},
        {"node": ["n0"]},
        {"message": {}},
        {"sends": ["x"]},
    ],
)
def test_damaged_states_are_left_out_and_the_page_says_so(work, damage):
    run = lab.maelstrom(f"{ECHO} --record-state")
    path = run.store / "node-state.jsonl"
    lines = path.read_text().splitlines()
    step = dict(zip(STEP, json.loads(lines[2]), strict=True))
    lines[2] = json.dumps([*{**step, **damage}.values()])
    path.write_text("\n".join(lines) + "\n")
    view(run.store, "--out", "page.html")
    (data,) = held((work / "page.html").read_text())
    assert data["turns"]["step"] == []
    assert data["notes"] == [
        "What the nodes knew is left out: node-state.jsonl in the store is damaged."
    ]


def test_of_what_a_store_names_only_programs_get_into_the_page(work):
    secret = work / "secret.txt"
    secret.write_text("secret")
    run = lab.maelstrom(f"{ECHO} --record-state")
    path = run.store / "node-state.jsonl"
    path.write_text(path.read_text().replace("echo.py", "secret.txt"))
    facts = run.store / "bench.json"
    facts.write_text(facts.read_text().replace(str(SOLUTIONS / "echo.py"), str(secret)))
    view(run.store, "--out", "page.html")
    (data,) = held((work / "page.html").read_text())
    assert data["turns"]["step"]
    assert data["files"] == {}


def test_two_runs_stand_side_by_side(work):
    one, two = (lab.maelstrom(ECHO, seed=seed) for seed in (0, 1))
    view(one.store, "--beside", two.store, "--out", "page.html")
    assert [data["seed"] for data in held((work / "page.html").read_text())] == [0, 1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere"], "There is no store folder"),
        (["empty"], "is no store folder"),
        (["unsent"], "There is no journal of messages in the store"),
    ],
)
def test_what_cannot_be_shown_is_refused_in_a_sentence(work, capsys, words, said):
    (work / "empty").mkdir()
    write_store(work / "unsent", results(), history((0, "invoke", 0, "echo", "a")))
    assert main(["view", *words]) == 254
    assert said in capsys.readouterr().err


def test_a_page_that_cannot_be_written_is_reported(work, capsys):
    run = lab.maelstrom(ECHO)
    assert main(["view", str(run.store), "--out", "nowhere/page.html"]) == 254
    assert "Cannot write nowhere/page.html: No such file or directory." in capsys.readouterr().err


@pytest.mark.slow
def test_a_node_that_says_anything_gets_a_page_that_is_small_true_and_safe(work):
    path = find_chromium()
    if path is None:
        assert os.environ.get("CI") != "true", "there must be a Chromium in continuous integration"
        pytest.skip("there is no Chromium here")
    messages: list[Message] = [
        (1, 2, TEXT, "n0", {"type": TEXT, TEXT: TEXT, "msg_id": 1}),
        (3, -4, "n0", "n1", {"type": "</script>", "value": "x" * 5_000_000}),
        (5, None, "n1", "n0", {"type": "__proto__", "__proto__": {"a": 1}, "constructor": 3}),
        (6, 7, "n1", "constructor", {"type": "toString", "in_reply_to": -3}),
    ]
    store = write_store(
        work / "store",
        results(False),
        history((1, "invoke", 0, "echo", TEXT), (2, "fail", 0, "echo", TEXT)),
        messages,
    )
    (store / "node-logs").mkdir()
    (store / "node-logs" / "n0.log").write_text("<script>console.error(1)</script>\n" * 9_000)
    view(store, "--out", "page.html")
    assert (work / "page.html").stat().st_size < 80_000
    with Chromium(path) as browser, browser.tab((work / "page.html").as_uri()) as tab:
        steps = Stepping(tab)
        for _ in range(9):
            steps.click("Next event")
        assert steps.now.endswith("constructor receives toString from n1, 1 ms after it was sent.")
        assert "never: it was still under way" in _moment(steps, 5)
        assert '{"a":1}' in _moment(steps, 5)
        assert "8,800 lines of its log are not here" not in steps.state("n1")
        assert "lines of its log are not here" in steps.state("n0")
        found = tab.findings()
        assert (found.errors, found.missing_images, found.requests) == ([], [], [])


def _moment(steps, place):
    steps.slide(place)
    return steps.text(".moment")


@pytest.mark.parametrize("sample", ["echo", "txn-rw-register"])
def test_a_store_of_the_real_maelstrom_is_shown_but_for_variables(work, sample):
    view(STORE_SAMPLES / sample, "--out", "page.html")
    (data,) = held((work / "page.html").read_text())
    assert len(data["steps"]["deed"]) == len(lab.Run.load(STORE_SAMPLES / sample).events) > 0
    assert data["turns"]["step"] == []
    assert data["changeable"] == ""
    assert "A run of the real Maelstrom: it cannot be repeated event by event." in data["notes"]


@pytest.mark.slow
def test_a_run_on_the_real_clock_is_shown_but_for_variables(work):
    run = lab.maelstrom(ECHO, clock="real")
    view(run.store, "--out", "page.html")
    (data,) = held((work / "page.html").read_text())
    assert len(data["steps"]["deed"]) == len(run.events)
    assert "A run on the real clock: it cannot be repeated event by event." in data["notes"]
