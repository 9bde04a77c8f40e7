"""What is POSIX, and not Linux alone: as on macOS."""

import csv

import pytest

from tests.helpers.bench import ECHO
from tests.helpers.other_systems import ON_MACOS, python
from tests.helpers.places import SOLUTIONS

KILLED = ["-w", "broadcast", "--node-count", "3", "--nemesis", "kill", "--time-limit", "3"]
RIGHT = str(SOLUTIONS / "broadcast_retry.py")
ASKED = (
    '{"src":"c1","dest":"n1","body":{"type":"init","msg_id":1,"node_id":"n1","node_ids":["n1"]}}\n'
    '{"src":"c1","dest":"n1","body":{"type":"echo","msg_id":2,"echo":"hello"}}\n'
)
CRASHES = ECHO.replace("    return", "    import ctypes\n    ctypes.string_at(0)\n    return")


@pytest.mark.slow
@pytest.mark.parametrize("clock", ["virtual", "lockstep"])
def test_nodes_are_killed_and_started_anew(tmp_path, clock):
    words = [*KILLED, "--bin", RIGHT, "--clock", clock]
    done = python(tmp_path, ON_MACOS, "-m", "glomers", "bench", "test", *words)
    assert done.returncode == 0, done.stderr + done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("clock", ["lockstep", "real"])
def test_of_a_process_that_has_ended_it_is_told_how(tmp_path, clock):
    assert CRASHES != ECHO
    (tmp_path / "node.py").write_text(CRASHES)
    words = ["-w", "echo", "--bin", "node.py", "--node-count", "1", "--clock", clock]
    done = python(tmp_path, ON_MACOS, "-m", "glomers", "bench", "test", *words)
    assert "Node n0 crashed: signal SIGSEGV ended it" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_node_reads_a_file_to_its_end(tmp_path):
    (tmp_path / "node.py").write_text(ECHO)
    (tmp_path / "asked").write_text(ASKED)
    with (tmp_path / "asked").open() as asked:
        done = python(tmp_path, ON_MACOS, "node.py", stdin=asked, timeout_s=30)
    assert "echo_ok" in done.stdout.splitlines()[-1]


@pytest.mark.slow
def test_a_class_is_graded_without_a_sandbox_if_that_is_asked_for(tmp_path):
    (tmp_path / "class" / "ann").mkdir(parents=True)
    (tmp_path / "class" / "ann" / "my_1.py").write_text(ECHO)
    words = ["-m", "glomers", "grade", "class", "--out", "marks"]
    done = python(tmp_path, ON_MACOS, *words)
    assert "system calls cannot be filtered on Darwin" in done.stderr
    done = python(tmp_path, ON_MACOS, *words, "--unsandboxed")
    with (tmp_path / "marks" / "grades.csv").open() as file:
        assert next(csv.DictReader(file))["passed"] == "true", done.stderr
