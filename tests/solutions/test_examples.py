"""Nodes in other languages: each is a valid solution, on the real clock or in lockstep."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from glomers.cli import main
from tests.helpers.places import EXAMPLES

pytestmark = pytest.mark.slow  # nodes of other languages are started

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")


@pytest.fixture(autouse=True)
def little_rest(monkeypatch):
    """Less than Maelstrom's ten seconds between the healing of the network and the last reads."""
    monkeypatch.setattr("glomers.bench.generator.RECOVERY_S", 1)


def test_every_example_is_executable_and_has_a_test_here():
    names = {path.name for path in EXAMPLES.iterdir()}
    assert names == {"echo.sh", "broadcast.js", "lockstep.js"}
    assert all(path.stat().st_mode & 0o111 for path in EXAMPLES.iterdir())


def test_a_node_in_shell_answers_echo(bench):
    flags = ("--node-count", "1", "--time-limit", "1", "--rate", "50")
    outcome = bench.test(EXAMPLES / "echo.sh", *flags, "--clock", "real")
    assert outcome.status == 0, outcome.err
    assert "Clock: real" in outcome.out
    assert outcome.read("node-logs/n0.log") == "I am n0\n"


def test_the_shells_node_refuses_what_it_does_not_know_by_the_protocol():
    line = {"src": "c9", "dest": "n1", "body": {"type": "read", "msg_id": 12}}
    done = subprocess.run(
        [EXAMPLES / "echo.sh"],
        input=json.dumps(line, separators=(",", ":")) + "\n",
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )
    reply = json.loads(done.stdout)
    assert (reply["src"], reply["dest"]) == ("n1", "c9")
    assert (reply["body"]["code"], reply["body"]["in_reply_to"]) == (10, 12)


@needs_node
def test_a_node_in_javascript_broadcasts_through_partitions(bench):
    flags = ("--node-count", "5", "--time-limit", "3", "--rate", "20")
    faults = ("--nemesis", "partition", "--nemesis-interval", "1")
    outcome = bench.test(EXAMPLES / "broadcast.js", *flags, *faults, workload="broadcast")
    assert outcome.status == 0, outcome.err
    assert "Clock: real (the program does not use glomers.node)" in outcome.out
    assert ":start-partition" in outcome.read("history.edn")


LOCKSTEP = ("--clock", "lockstep", "--node-count", "5", "--time-limit", "5", "--rate", "20")


@needs_node
def test_a_node_in_javascript_keeps_to_lockstep_and_does_the_same_each_time(bench):
    faults = ("--nemesis", "partition,pause", "--nemesis-interval", "1", "--seed", "3")
    left = []
    for _ in range(2):
        flags = (*LOCKSTEP, *faults)
        outcome = bench.test(EXAMPLES / "lockstep.js", *flags, workload="broadcast")
        assert outcome.status == 0, outcome.err
        left.append([outcome.read(n) for n in ("history.edn", "net-journal/messages.jsonl")])
    assert left[0] == left[1]
    assert ":start-partition" in left[0][0]
    assert ":start-pause" in left[0][0]


@needs_node
def test_what_a_node_in_javascript_does_not_survive_is_found_and_made_small(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONHASHSEED", "0")
    words = ["test", "-w", "broadcast", "--clock", "lockstep", "--node-count", "3"]
    words += ["--time-limit", "4", "--rate", "5", "--nemesis-interval", "1"]
    explore = ["explore", " ".join(words), "--bin", str(EXAMPLES / "lockstep.js")]
    more = ["--seeds", "5", "--faults", "kill", "--jobs", "1", "--out", "found"]
    assert main([*explore, *more]) == 1
    trace = json.loads((tmp_path / "found" / "trace.json").read_text())
    assert 0 < len(trace["ops"]) < 6
    assert main(["replay", "found/trace.json"]) == 1
