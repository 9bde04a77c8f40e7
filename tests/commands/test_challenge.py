"""`glomers challenge`: verdict, targets and exit status, for the series' nodes and for others."""

import json
import shlex

import pytest

from glomers.challenges import CHALLENGES
from glomers.cli import main
from tests.helpers.sparing import every

CONVERGED = "replicas converge after healing"

FLOOD = """
from glomers.node import Node

node = Node()
seen = set()


@node.on("broadcast")
def broadcast(message):
    value = message.body["message"]
    if value not in seen:
        seen.add(value)
        for peer in node.peers:
            node.send(peer, {"type": "share", "message": value})
    return {"type": "broadcast_ok"}


@node.on("share")
def share(message):
    seen.add(message.body["message"])


@node.on("read")
def read(message):
    return {"type": "read_ok", "messages": sorted(seen)}


@node.on("topology")
def topology(message):
    return {"type": "topology_ok"}


if __name__ == "__main__":
    node.run()
"""


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def report(capsys, *words):
    status = main(["challenge", "--json", *words])
    return status, json.loads(capsys.readouterr().out)


@pytest.mark.slow
def test_the_solution_of_the_series_is_taken_by_default_and_passes(capsys):
    status, said = report(capsys, "3e")
    assert status == 0
    assert set(said) == {
        *("challenge", "engine", "command", "valid", "targets_met", "msgs_per_op"),
        *("msgs_per_op_all", "stable_latency_ms", "ok_fraction", "extra", "wall_s", "store"),
    }
    assert said["challenge"] == "3e"
    assert said["engine"] == "bench"
    assert said["valid"] is True
    assert said["targets_met"] is True
    assert said["msgs_per_op"] < 20
    assert said["stable_latency_ms"]["0.5"] < 1000
    assert said["stable_latency_ms"]["1"] < 2000
    assert said["extra"] == {"valid with partitions": True, CONVERGED: True}


def test_a_challenge_without_latencies_says_null(capsys):
    status, said = report(capsys, "1")
    assert status == 0
    assert said["stable_latency_ms"] is None
    assert said["extra"] == {}


ASKS_WHICH = """
import sys

from glomers.node import Node

node = Node()
if sys.argv[1:] != ["echo", "--fast"]:
    sys.exit(f"which challenge? got {sys.argv[1:]}")


@node.on("echo")
def echo(message):
    return {"type": "echo_ok", "echo": message.body["echo"]}


node.run()
"""


@pytest.mark.parametrize(
    "words",
    [
        ["--bin", "node.py", "--", "echo", "--fast"],
        ["--bin", "node.py", "echo", "--", "--fast"],
        ["echo", "--bin", "node.py", "--", "--fast"],
    ],
)
def test_arguments_go_to_the_node(here, capsys, words):
    (here / "node.py").write_text(ASKS_WHICH)
    status, said = report(capsys, "1", *words)
    assert status == 0
    assert said["command"].endswith("-- echo --fast")


def test_the_command_can_be_copied_and_gives_the_same_again(here, capsys, monkeypatch):
    monkeypatch.setenv("PYTHONHASHSEED", "0")
    folder = here / "my nodes"
    folder.mkdir()
    (folder / "node.py").write_text(CHALLENGES["1"].path.read_text())
    _, said = report(capsys, "1", "--bin", str(folder / "node.py"), "--seed", "7")
    program, *words = shlex.split(said["command"])
    assert program == "glomers"
    assert main(words) == 0
    first, second = sorted((here / "store" / "echo").glob("2*"))
    assert (first / "history.edn").read_bytes() == (second / "history.edn").read_bytes()


def test_paths_of_other_programs_are_shown_whole(here, capsys):
    _, said = report(capsys, "1", "--bin", "/usr/bin/env", "--", "/usr/bin/false")
    assert "--bin /usr/bin/env " in said["command"]


@pytest.mark.slow
def test_arguments_go_to_the_node_in_every_run_of_a_challenge(here, capsys):
    flags = FLOOD.replace("import Node", "import Node; import sys; assert sys.argv[1:] == ['-x']")
    (here / "flood.py").write_text(flags)
    status, said = report(capsys, "3d", "--bin", "flood.py", "--", "-x")
    assert status == 1
    assert said["extra"]["valid with partitions"] is False


@pytest.mark.parametrize("words", [["2"], ["--", "--fast"]])
def test_arguments_without_a_node_to_take_them_are_refused(capsys, words):
    assert main(["challenge", "1", *words]) == 254
    said = capsys.readouterr().err
    assert "would be an argument of the node" in said
    assert said.count("\n") == 1


def test_a_mistyped_flag_of_a_challenge_never_goes_to_the_node(here, capsys):
    (here / "node.py").write_text(ASKS_WHICH)
    assert main(["challenge", "1", "--bin", "node.py", "--sede", "5", "--", "echo"]) == 254
    assert "unrecognized arguments: --sede" in capsys.readouterr().err


def test_the_seed_decides(capsys):
    figures = [
        report(capsys, "3a", "--seed", seed)[1] | {"wall_s": 0, "store": ""}
        for seed in ("1", "1", "3")
    ]
    assert figures[0] == figures[1]
    assert figures[0] != figures[2]


@pytest.mark.slow
def test_a_node_that_loses_values_under_partitions_fails_although_its_figures_are_good(
    here, capsys
):
    (here / "flood.py").write_text(FLOOD)
    status, said = report(capsys, "3d", "--bin", "flood.py")
    assert status == 1
    assert said["valid"] is True
    assert said["extra"] == {"valid with partitions": False, CONVERGED: False}
    assert said["targets_met"] is False


@pytest.mark.slow
def test_a_target_that_is_missed_is_named_and_the_status_is_1(here, capsys):
    greedy = FLOOD.replace(
        '            node.send(peer, {"type": "share", "message": value})',
        "            for _ in range(3):\n"
        '                node.send(peer, {"type": "share", "message": value})',
    )
    (here / "greedy.py").write_text(greedy)
    assert main(["challenge", "3d", "--bin", "greedy.py"]) == 1
    said = capsys.readouterr().out
    (line,) = [
        line for line in said.splitlines() if "messages per operation" in line and "below" in line
    ]
    assert "below 30" in line
    assert "missed" in line
    assert "this run" in said


TELLS_ONE = FLOOD.replace("in node.peers:", "in node.peers[-1:]:")
ADDS_ALONE = """
from glomers.node import Node, RPCError

node = Node()
total = 0


@node.on("add")
def add(message):
    global total
    total += message.body["delta"]
    raise RPCError(13, "nobody knows")


@node.on("read")
def read(message):
    return {"type": "read_ok", "value": total}


if __name__ == "__main__":
    node.run()
"""
MUTE = FLOOD.replace(
    "def read(message):\n",
    'def read(message):\n    if node.node_id == "n3":\n        return None\n',
)


def test_a_latency_that_nobody_could_measure_is_unmeasured_and_not_met(here, capsys):
    refuses = FLOOD.replace(
        '    value = message.body["message"]\n', '    raise RPCError(11, "not now")\n', 1
    ).replace("import Node", "import Node, RPCError")
    (here / "refuses.py").write_text(refuses)
    assert main(["challenge", "3d", "--bin", "refuses.py"]) == 1
    said = capsys.readouterr().out
    (line,) = [line for line in said.splitlines() if "median stable latency" in line]
    assert "unmeasured" in line


@pytest.mark.parametrize("seed", range(5))
def test_a_node_that_tells_one_peer_only_fails_whatever_the_order_of_the_final_reads(
    here, capsys, seed
):
    (here / "one.py").write_text(TELLS_ONE)
    status, said = report(capsys, "3b", "--bin", "one.py", "--seed", str(seed))
    assert status == 1
    assert said["extra"] == {CONVERGED: False}
    assert said["targets_met"] is False


def test_nodes_whose_sums_differ_fail_although_every_sum_is_possible(here, capsys):
    (here / "alone.py").write_text(ADDS_ALONE)
    status, said = report(capsys, "4", "--bin", "alone.py")
    assert status == 1
    assert said["extra"] == {CONVERGED: False}


def test_a_node_that_answers_no_final_read_is_named_and_fails(here, capsys):
    (here / "mute.py").write_text(MUTE)
    assert main(["challenge", "3b", "--bin", "mute.py"]) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "Broadcast, many nodes: valid" in said
    assert "no: n3" in said


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["99"], "invalid choice: '99'"),
        (["1", "--bin", "nowhere.py"], "There is no file nowhere.py"),
        (["1", "--bin", "."], ". is no plain file"),
        (["1", "--seed", "x"], "invalid int value: 'x'"),
        (["1", "--clock", "sun"], "invalid choice: 'sun'"),
    ],
)
def test_bad_arguments_end_in_one_sentence_and_status_254(capsys, words, sentence):
    assert main(["challenge", *words]) == 254
    out, err = capsys.readouterr()
    assert sentence in err
    assert err.count("\n") == 1
    assert out == ""


def test_a_node_that_crashes_is_explained_without_a_traceback_of_ours(here, capsys):
    (here / "crash.py").write_text("import glomers.node\nraise SystemExit('no more')\n")
    assert main(["challenge", "1", "--bin", "crash.py"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "n0" in err
    assert "glomers/series" not in err


def test_an_engine_that_is_missing_is_explained(here, capsys, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(here))
    monkeypatch.setenv("PATH", str(here))
    monkeypatch.delenv("GLOMERS_MAELSTROM", raising=False)
    assert main(["challenge", "1", "--engine", "maelstrom"]) == 1
    assert "Maelstrom is not installed" in capsys.readouterr().err


TXN = """
from glomers.node import Node, RPCError

node = Node()


@node.on("txn")
def txn(message):
    ANSWER


if __name__ == "__main__":
    node.run()
"""
REFUSES = 'raise RPCError(14, "no")'
LISTS = 'return {"type": "txn_ok", "txn": [["r", [1], {"a": 1}]]}'
MIXED = 'return {"type": "txn_ok", "txn": [["r", 1, 1], ["r", "1", 1]]}'


@pytest.mark.slow
@pytest.mark.parametrize("answer", every(3, [REFUSES, LISTS, MIXED]))
def test_a_node_that_answers_strangely_fails_its_challenge_in_a_table(here, capsys, answer):
    (here / "node.py").write_text(TXN.replace("ANSWER", answer))
    status, said = report(capsys, "6b", "--bin", "node.py")
    assert status == 1
    assert said["extra"]["clients see their own writes"] in (True, False)
