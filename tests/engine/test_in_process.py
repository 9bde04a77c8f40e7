"""Tests that run in this process leave what they leave in another one."""

import shlex

import pytest

from glomers.engine.in_process import run_in_process
from glomers.formats.history import read_history
from tests.helpers.places import SOLUTIONS

COMMANDS = {
    "broadcast_retry": "-w broadcast --node-count 3 --time-limit 4 --nemesis partition,kill",
    "log_ordered": "-w kafka --node-count 2 --concurrency 2n --rate 50 --time-limit 2",
    "txn_causal": "-w txn-rw-register --node-count 2 --concurrency 2n --rate 50 --time-limit 2",
}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_history_that_is_handed_over_is_the_one_in_the_store(name, tmp_path):
    words = ["test", *shlex.split(COMMANDS[name]), "--bin", str(SOLUTIONS / f"{name}.py")]
    left, _ = run_in_process(words, tmp_path)
    assert left.folder.known_history == read_history(left.folder.path / "history.edn")
