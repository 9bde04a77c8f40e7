"""Nodes in other languages: each runs on the bench's real clock, and is a valid solution."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from tests.helpers.places import EXAMPLES

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")


@pytest.fixture(autouse=True)
def little_rest(monkeypatch):
    """Less than Maelstrom's ten seconds between the healing of the network and the last reads."""
    monkeypatch.setattr("glomers.bench.generator.RECOVERY_S", 1)


def test_every_example_is_executable_and_has_a_test_here():
    names = {path.name for path in EXAMPLES.iterdir()}
    assert names == {"echo.sh", "broadcast.js"}
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


@pytest.mark.slow
@needs_node
def test_a_node_in_javascript_broadcasts_through_partitions(bench):
    flags = ("--node-count", "5", "--time-limit", "3", "--rate", "20")
    faults = ("--nemesis", "partition", "--nemesis-interval", "1")
    outcome = bench.test(EXAMPLES / "broadcast.js", *flags, *faults, workload="broadcast")
    assert outcome.status == 0, outcome.err
    assert "Clock: real (the program does not use glomers.node)" in outcome.out
    assert ":start-partition" in outcome.read("history.edn")
