"""The desk of a page: what it refuses, what it shortens, and what it leaves behind."""

import base64
import io
import json
import zipfile

import pytest

from glomers.workshop.desk import OPERATIONS, Desk
from tests.helpers.cargo import held
from tests.helpers.places import SOLUTIONS

ECHO = (SOLUTIONS / "echo.py").read_text(encoding="utf-8")
RETRY = (SOLUTIONS / "broadcast_retry.py").read_text(encoding="utf-8")


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path / "desk", lambda text: None)


def ask(desk, kind, source=ECHO, **others):
    return json.loads(
        desk.answer(json.dumps({"kind": kind, "files": {"node.py": source}, **others}))
    )


def run(desk, flags, source=ECHO, challenge=None, seed=0):
    command = f"test {flags} --bin node.py"
    return ask(desk, "run", source, command=command, seed=seed, challenge=challenge)


def test_a_run_tells_verdict_figures_and_shows_a_picture(desk):
    flags = "-w broadcast --node-count 5 --time-limit 20 --rate 10 --nemesis partition"
    reply = run(desk, flags, RETRY, "3c", seed=4)
    assert reply["valid"] is True
    assert reply["lines"][0].endswith("0 failed, 0 of unknown outcome")
    assert "seed 4" in reply["summary"]
    assert next(row[0] for row in reply["table"]["rows"]) == "verdict"
    assert reply["picture"]["svg"].startswith("<svg")
    assert reply["note"] == ""


def test_a_run_is_played_again_as_a_page_to_step_through_with_what_nodes_knew(desk):
    flags = "-w broadcast --node-count 5 --time-limit 5 --rate 10 --nemesis partition"
    asked = {"command": f"test {flags} --bin node.py", "seed": 4, "challenge": "3c"}
    (told,) = held(ask(desk, "step", RETRY, **asked)["page"])
    assert told["seed"] == 4
    assert told["holder"] == "seen"
    assert told["files"]["node.py"] == RETRY.splitlines()
    refused = ask(desk, "step", **asked | {"command": "test -w nonsense --bin node.py"})["refused"]
    assert "nonsense" in refused


def test_the_smallest_failure_comes_with_the_page_to_step_through_it(desk):
    source = (SOLUTIONS / "broadcast_all.py").read_text(encoding="utf-8")
    command = "test -w broadcast --bin node.py --node-count 3 --time-limit 5 --nemesis partition"
    picture = ask(desk, "explore", source, command=command, seeds=3)["picture"]
    (told,) = held(picture["page"])
    assert told["holder"] == "seen"
    assert [flaw[0] for flaw in told["flaws"]] == [picture["caption"]]


def test_a_command_with_too_many_requests_runs_for_fewer_seconds_and_says_so(desk):
    reply = run(desk, "-w echo --node-count 1 --rate 1000 --time-limit 20")
    assert f"for {OPERATIONS // 1000} s of virtual time, in place of 20 s" in reply["note"]
    assert f"--time-limit {OPERATIONS // 1000}" in reply["command"]
    assert run(desk, "-w echo --node-count 1 --rate 100 --time-limit 3")["note"] == ""


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ("-w nonsense", "nonsense"),
        ("-w echo --rate x", "--rate"),
        ("-w echo --nemesis tea", "unknown fault 'tea'"),
    ],
)
def test_flags_that_there_are_not_are_told_in_a_sentence(desk, flags, said):
    reply = run(desk, flags)
    assert reply["valid"] is None
    assert said in reply["explanation"]


def test_limits_of_a_challenge_are_not_said_to_be_met_by_another_command(desk):
    reply = run(desk, "-w broadcast --node-count 1 --time-limit 1", RETRY, "3c")
    assert reply["valid"] is True
    assert reply["table"] is None


def test_the_flags_are_told_where_there_is_no_shell(desk):
    command = "test -w echo --bin node.py --help"
    assert "--nemesis" in ask(desk, "run", command=command, seed=0, challenge=None)["help"]
    reply = run(desk, "-w echo --nope 3")
    assert "`--help` as the command lists every flag" in reply["explanation"]


@pytest.mark.parametrize("value", ["nan", "99e999", "-inf"])
def test_a_number_that_is_none_is_refused_in_a_sentence(desk, value):
    assert "--time-limit" in run(desk, f"-w echo --time-limit {value}")["explanation"]


@pytest.mark.parametrize("clock", ["real", "lockstep"])
def test_another_clock_is_refused_and_not_passed_over(desk, clock):
    reply = run(desk, f"-w echo --time-limit 1 --clock {clock}")
    assert "nothing but virtual time here" in reply["explanation"]


def test_advice_can_be_followed_in_a_page(desk):
    sleeps = ECHO.replace("    return", "    import time\n    time.sleep(1)\n    return")
    (finding, *_) = run(desk, "-w echo --node-count 1 --time-limit 1", sleeps)["findings"]
    assert "or download the node, and run it with --clock real" in finding["sentence"]


@pytest.mark.parametrize("command", ["", "rest -w echo", "test -w 'echo", "test --time-limit 1"])
def test_what_is_no_command_is_refused(desk, command):
    assert ask(desk, "run", command=command, seed=0, challenge=None)["refused"]


def test_a_finding_has_the_line_of_the_node(desk):
    source = ECHO.replace("    return", "    oops\n    return")
    reply = run(desk, "-w echo --node-count 1 --time-limit 2", source)
    line = source.splitlines().index("    oops") + 1
    assert ["node.py", line] in [finding["place"] for finding in reply["findings"]]


def test_files_of_an_earlier_request_are_gone_and_those_beside_the_node_are_found(desk):
    source = ECHO.replace("\nnode = ", "\nimport helper\n\nnode = ")
    words = {"command": "test -w echo --time-limit 1 --bin node.py", "seed": 0, "challenge": None}
    files = {"node.py": source, "helper.py": "x = 1\n"}
    reply = json.loads(desk.answer(json.dumps({"kind": "run", "files": files, **words})))
    assert reply["valid"] is True
    assert "helper" in str(ask(desk, "run", source, **words)["findings"])


def test_the_store_of_the_last_run_can_be_had_and_there_is_none_before(desk):
    assert "run a test first" in ask(desk, "store")["refused"]
    run(desk, "-w echo --node-count 1 --time-limit 1")
    reply = ask(desk, "store")
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(reply["zip"]))) as archive:
        names = {name.partition("/")[2] for name in archive.namelist()}
    assert {"results.edn", "history.edn", "net-journal/messages.jsonl"} <= names


def test_an_exploration_tells_of_each_seed_as_it_goes(tmp_path):
    heard = []
    desk = Desk(tmp_path / "desk", lambda text: heard.append(json.loads(text)))
    command = "test -w echo --node-count 2 --time-limit 1 --bin node.py"
    reply = ask(desk, "explore", command=command, seeds=3)
    assert [each["row"]["seed"] for each in heard] == [0, 1, 2]
    assert reply["rows"] == [each["row"] for each in heard]
    assert reply["picture"] is None
    assert str(tmp_path) not in str(reply["rows"])


@pytest.mark.slow
def test_a_check_stops_at_the_promise_that_is_broken_and_names_the_usual_mistake(desk):
    source = ECHO.replace('"echo_ok"', '"echo"')
    reply = ask(desk, "check", source, node="node.py", challenge="1", seeds=3)
    passed = [stage["passed"] for stage in reply["told"]["stages"]]
    assert passed == [True, False, None]
    assert reply["told"]["findings"]
    assert "node.py" in reply["told"]["text"].splitlines()[0]


def explore(desk, flags, source=ECHO, seeds=3, faults=None):
    command = f"test {flags} --bin node.py"
    return ask(desk, "explore", source, command=command, seeds=seeds, faults=faults)


def test_an_exploration_says_which_passes_show_nothing(desk):
    reply = explore(desk, "-w echo --node-count 1 --time-limit 1 --nemesis partition")
    assert [row["outcome"] for row in reply["rows"]] == ["pass"] * 3
    assert all(row["vacuous"] for row in reply["rows"])


def test_an_exploration_has_the_faults_that_are_asked_for(desk):
    reply = explore(desk, "-w echo --node-count 3 --time-limit 2", faults="kill")
    assert reply["note"] == "Faults: kill."
    assert all("--nemesis kill" in row["command"] for row in reply["rows"])


def test_an_exploration_ends_with_a_test_that_the_node_breaks_and_says_why(desk):
    source = ECHO.replace("    return", "    raise SystemExit\n    return")
    reply = explore(desk, "-w echo --node-count 1 --time-limit 1", source)
    assert [row["broken"] for row in reply["rows"]] == [
        "Node n0 crashed: it left with exit status 0."
    ]
    assert reply["findings"][0]["place"] == ["node.py", 8]


def test_a_failure_that_cannot_be_made_small_is_explained(desk, monkeypatch):
    monkeypatch.setattr("glomers.workshop.desk._made_small", lambda *_: None)
    source = ECHO.replace("    return", "    oops\n    return")
    reply = explore(desk, "-w echo --node-count 1 --time-limit 1", source)
    assert ["node.py", 8] in [finding["place"] for finding in reply["findings"]]
