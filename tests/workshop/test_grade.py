"""Judging nodes that nobody trusts: right ones pass, and nothing that they do harms or fools."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from glomers.bench.hosts import cage
from glomers.challenges import CHALLENGES
from glomers.workshop.exercise import exercises
from glomers.workshop.mark import Mark
from tests.helpers.chromium import Chromium, find_chromium
from tests.helpers.stages import broken_stage
from tests.helpers.villains import FORGERS, HARMFUL, SHARES_INTERPRETER
from tests.helpers.wrong_nodes import WRONG, every_tenth

WHY_NOT = cage.why_no_bubblewrap()
needs_bubblewrap = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))
MARKUP = "</style><script>document.title = 'owned'</script><img src=x onerror=alert(1)>"


def grade(folder, out, *more):
    """Run `glomers grade`; returns its outcome and its rows by submission and challenge."""
    command = [sys.executable, "-P", "-m", "glomers", "grade", str(folder), "--out", str(out)]
    done = subprocess.run(
        [*command, "--secret", "for tests", *more], capture_output=True, text=True, timeout=900
    )
    rows = {}
    if (out / "grades.csv").exists():
        with (out / "grades.csv").open(encoding="utf-8", newline="") as file:
            rows = {(row["submission"], row["challenge"]): row for row in csv.DictReader(file)}
    return done, rows


def hand_in(folder, nodes):
    """A submission for each name, with files."""
    for name, files in nodes.items():
        (folder / name).mkdir(parents=True)
        for file, source in files.items():
            (folder / name / file).write_text(source, encoding="utf-8")
    return folder


def right(id):
    return exercises()[id].answer


def processes(folder):
    """The command lines of processes that have this folder in them: those of sandboxes do."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            found.append(path.read_bytes())
    return [words for words in found if os.fsencode(folder) in words]


@pytest.fixture(scope="module")
def villains(tmp_path_factory):
    """The outcome of judging them all, with a node in their midst that is right."""
    top = tmp_path_factory.mktemp("villains")
    secret = top / "secret.txt"
    secret.write_text("the teacher's own words")
    traceback = (
        f'Traceback (most recent call last):\n  File "{secret}", line 1, in x\nValueError: 1\n'
    )
    names = {"SECRET": repr(str(secret)), "MARKUP": repr(MARKUP), "TRACEBACK": repr(traceback)}
    nodes = {}
    for name, source in HARMFUL.items():
        for word, value in names.items():
            source = source.replace(word, value)
        nodes[name] = {"my_1.py": source}
    nodes |= {name: {"my_3b.py": source} for name, source in FORGERS.items()}
    nodes["honest"] = {"my_1.py": right("1"), "my_3b.py": right("3b")}
    done, rows = grade(hand_in(top / "in", nodes), top / "out")
    return done, rows, top, processes(top / "out")


def text_of_all(top):
    files = [path for path in (top / "out").rglob("*") if path.is_file()]
    own = [path for path in files if path.parent.name != "node"]
    return {path: path.read_text(encoding="utf-8", errors="replace") for path in own}


@pytest.mark.slow
@needs_bubblewrap
@pytest.mark.parametrize("name", HARMFUL)
def test_what_harms_does_not_pass_and_gets_a_row_that_says_why(villains, name):
    done, rows, _, _ = villains
    assert done.returncode == 0, done.stderr
    row = rows[name, "1"]
    assert row["passed"] == "false"
    assert len(row["why"]) > 20


@pytest.mark.slow
@needs_bubblewrap
@pytest.mark.parametrize("name", FORGERS)
def test_what_wants_to_fool_does_not_pass(villains, name):
    _, rows, _, _ = villains
    assert rows[name, "3b"]["passed"] == "false"
    assert rows[name, "3b"]["stage"]


@pytest.mark.slow
@needs_bubblewrap
def test_neighbours_of_villains_get_the_mark_that_they_deserve(villains):
    _, rows, _, _ = villains
    assert rows["honest", "1"]["passed"] == rows["honest", "3b"]["passed"] == "true"
    assert rows["honest", "3b"]["score"] == "1.0"


@pytest.mark.slow
@needs_bubblewrap
def test_villains_leave_no_process_and_no_file_and_learn_nothing(villains):
    _, _, top, left = villains
    assert left == []
    assert sorted(os.listdir(top)) == ["in", "out", "secret.txt"]
    assert not os.path.exists("/tmp/villain-was-here")
    assert not os.path.exists("/dev/shm/shared-by-villains")
    assert not [path for path, text in text_of_all(top).items() if "teacher's own" in text]


@pytest.mark.slow
@needs_bubblewrap
def test_no_seed_stands_in_what_is_handed_back(villains):
    _, _, top, _ = villains
    handed_back = {p: t for p, t in text_of_all(top).items() if p.suffix in (".html", ".json")}
    assert handed_back
    assert not [path for path, text in handed_back.items() if "--seed" in text]
    assert not [path for path, text in handed_back.items() if "for tests" in text]


@pytest.mark.slow
@needs_bubblewrap
@pytest.mark.skipif(find_chromium() is None, reason="Chromium is not installed")
def test_nothing_that_a_node_says_is_executed_in_a_page(villains):
    _, _, top, _ = villains
    page = (top / "out" / "prints-markup" / "index.html").read_text(encoding="utf-8")
    assert "&lt;script&gt;" in page
    assert "<script>" not in page
    with Chromium(find_chromium()) as browser:
        for path in (top / "out" / "prints-markup" / "index.html", top / "out" / "index.html"):
            assert not any(vars(browser.open(path.as_uri())).values())


def test_nodes_that_share_an_interpreter_would_pass_in_virtual_time(tmp_path):
    """Which is why marks are given in lockstep."""
    node = tmp_path / "my_3b.py"
    node.write_text(SHARES_INTERPRETER)
    try:
        assert broken_stage("3b", node, seeds=2) is None
    finally:
        vars(sys).pop("villain", None)


@pytest.mark.slow
@needs_bubblewrap
def test_marks_are_the_same_again_with_more_jobs_and_after_an_interruption(tmp_path):
    wrong = right("3b").replace("node.send(", "(lambda *a: None)(")
    nodes = {
        "anna": {"my_1.py": right("1"), "my_3a.py": right("3a")},
        "ben": {"my_1.py": HARMFUL["is-no-python"], "my_3b.py": wrong},
    }
    folder = hand_in(tmp_path / "in", nodes)
    one, _ = grade(folder, tmp_path / "one", "--jobs", "1")
    assert one.returncode == 0, one.stderr
    grade(folder, tmp_path / "two", "--jobs", "3")
    for name in ("grades.csv", "index.html", "anna/index.html", "ben/index.html"):
        assert (tmp_path / "one" / name).read_text() == (tmp_path / "two" / name).read_text()
    (tmp_path / "one" / "ben" / "1" / "results.json").unlink()
    again, _ = grade(folder, tmp_path / "one", "--jobs", "1")
    assert len(again.stderr.splitlines()) == 1  # only this one was judged again
    assert (tmp_path / "one" / "grades.csv").read_text() == (
        tmp_path / "two" / "grades.csv"
    ).read_text()


SOME = ("3c", "6b")


@pytest.mark.slow
@needs_bubblewrap
@pytest.mark.parametrize(
    "ids",
    [
        SOME,
        pytest.param([id for id in CHALLENGES if id not in SOME], marks=pytest.mark.whole_corpus),
    ],
    ids=["some", "others"],
)
def test_the_answers_of_the_exercises_pass(ids, tmp_path):
    nodes = {"answers": {f"my_{id}.py": right(id) for id in ids}}
    done, rows = grade(hand_in(tmp_path / "in", nodes), tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert [id for id in ids if rows["answers", id]["passed"] != "true"] == []


def test_without_a_sandbox_nothing_is_judged_unless_that_is_asked_for(tmp_path, monkeypatch):
    folder = hand_in(tmp_path / "in", {"anna": {"my_1.py": right("1")}})
    monkeypatch.setenv("PATH", os.path.dirname(sys.executable))  # where there is no bwrap
    done, rows = grade(folder, tmp_path / "out")
    assert (done.returncode, rows) == (254, {})
    assert "bubblewrap (bwrap) is not installed" in done.stderr
    done, rows = grade(folder, tmp_path / "out", "--unsandboxed")
    assert done.returncode == 0, done.stderr
    assert rows["anna", "1"]["passed"] == "true"
    assert "without a sandbox" in (tmp_path / "out" / "index.html").read_text()
    assert "without a sandbox" in (tmp_path / "out" / "anna" / "index.html").read_text()


def test_a_mark_is_read_as_it_was_written():
    stages = (("it starts", "pass", "yes"), ("one node is right", "fail", "no"))
    mark = Mark("1", "fail", "no", stages, ("a", "b"), "c", ("d",))
    assert Mark.of_json(mark.to_json()) == mark
    assert json.loads(mark.to_json())["tests"][1]["status"] == "fail"
    assert (mark.stage, mark.score) == ("one node is right", 0.5)


def test_no_cell_of_the_table_is_a_formula():
    row = Mark("1", "error", "=HYPERLINK(1)").row("@anna")
    assert (row["submission"], row["why"]) == ("'@anna", "'=HYPERLINK(1)")


@pytest.mark.slow
@pytest.mark.parametrize("wrong", every_tenth(WRONG))
def test_a_wrong_node_does_not_pass_the_brief_stages(wrong, tmp_path):
    assert broken_stage(wrong.challenge, wrong.write(tmp_path), is_graded=True)
