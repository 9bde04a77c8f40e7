"""Tests in virtual time where there are processes, but none as POSIX has them: as on Windows."""

import pytest

from tests.helpers.bench import ECHO
from tests.helpers.other_systems import ON_WINDOWS, python
from tests.helpers.places import SOLUTIONS

OF_3C = ["-w", "broadcast", "--node-count", "5", "--rate", "10", "--nemesis", "partition"]
RIGHT = str(SOLUTIONS / "broadcast_retry.py")
WRONG = str(SOLUTIONS / "broadcast_all.py")

IN_THE_LAB = """
from glomers import lab

run = lab.maelstrom("test -w echo --bin node.py --node-count 1 --time-limit 1")
print(run.valid, run.store.is_dir(), len(run.history) > 0)
"""
AT_A_DEADLINE = """
import sys, time
from glomers.engine.guarded import run_guarded

began = time.monotonic()
ended = run_guarded([sys.executable, "-c", "import time; time.sleep(600)"], 1.0)
print(ended.status, time.monotonic() - began < 60)
"""


def test_a_test_leaves_its_store_though_nothing_can_point_at_it(tmp_path):
    done = python(tmp_path, ON_WINDOWS, "-m", "glomers", "bench", "test", *OF_3C, "--bin", RIGHT)
    assert done.returncode == 0, done.stderr
    (store,) = (tmp_path / "store" / "broadcast").iterdir()
    assert (store / "results.edn").is_file()
    assert [path.name for path in (tmp_path / "store").iterdir()] == ["broadcast"]


def test_a_link_to_an_older_run_goes_where_no_new_one_can_be_made(tmp_path):
    (tmp_path / "store" / "echo" / "old").mkdir(parents=True)
    latest = tmp_path / "store" / "latest"
    latest.symlink_to("echo/old")
    done = python(tmp_path, ON_WINDOWS, "-m", "glomers", "bench", "test", *OF_3C, "--bin", RIGHT)
    assert done.returncode == 0, done.stderr
    assert not latest.is_symlink()


def test_the_lab_runs_tests(tmp_path):
    (tmp_path / "node.py").write_text(ECHO)
    done = python(tmp_path, ON_WINDOWS, "-c", IN_THE_LAB)
    assert done.stdout == "True True True\n", done.stderr


@pytest.mark.slow
def test_what_does_not_end_is_ended_at_the_deadline(tmp_path):
    done = python(tmp_path, ON_WINDOWS, "-c", AT_A_DEADLINE)
    assert done.stdout == "None True\n", done.stderr


@pytest.mark.slow
def test_a_node_that_hangs_is_found_with_its_line(tmp_path):
    program = ECHO.replace("    return", "    while True:\n        pass\n    return")
    assert program != ECHO
    (tmp_path / "node.py").write_text(program)
    words = ["-w", "echo", "--bin", "node.py", "--node-count", "1", "--time-limit", "1"]
    done = python(tmp_path, ON_WINDOWS, "-m", "glomers", "bench", "test", *words)
    assert done.returncode == 255
    assert "Node n0 hangs: virtual time stands still" in done.stderr
    assert "(node.py:" in done.stdout


@pytest.mark.slow
def test_processes_explore_and_the_smallest_failure_is_found(tmp_path):
    words = ["--bin", WRONG, "--seeds", "3", "--jobs", "2", "--out", "found"]
    done = python(tmp_path, ON_WINDOWS, "-m", "glomers", "explore", "3c", *words)
    assert done.returncode == 1, done.stderr
    assert "3 seeds: 0 passed, 3 failed" in done.stdout
    assert (tmp_path / "found" / "trace.json").is_file()


@pytest.mark.slow
def test_a_check_goes_through_the_stages_up_to_what_fails(tmp_path):
    done = python(tmp_path, ON_WINDOWS, "-m", "glomers", "assess", "3c", "--bin", WRONG)
    assert done.returncode == 1, done.stderr
    assert "✗ partitions" in done.stdout
    assert "Its picture: " in done.stdout
