"""A run in virtual time is a function of the node's files, the flags and the seed alone."""

import os
import shlex
import subprocess
import sys

import pytest

from tests.helpers.chaos import CHAOS

FLAGS = shlex.split("--node-count 4 --time-limit 4 --rate 20 --latency 30 --latency-dist uniform")
FAULTS = ["--nemesis", "partition", "--nemesis-interval", "1"]
COMPARED = ("history.edn", "results.edn", "history.txt", "net-journal/messages.jsonl")


def run(folder, seed="7", hash_seed="random"):
    """The files of a run in a fresh `folder`, in a process of its own."""
    folder.mkdir(parents=True)
    (folder / "node.py").write_text(CHAOS)
    test = ["test", "-w", "broadcast", "--bin", "node.py"]
    command = [sys.executable, "-m", "glomers", "bench", *test]
    done = subprocess.run(
        [*command, *FLAGS, *FAULTS, "--seed", seed],
        cwd=folder,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode in (0, 1), done.stderr
    return {name: (folder / "store/latest" / name).read_bytes() for name in COMPARED}


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    return run(tmp_path_factory.mktemp("first") / "run")


@pytest.mark.slow
@pytest.mark.parametrize("hash_seed", ["random", "1", "4242"])
def test_equal_seeds_give_equal_bytes_in_another_folder_and_with_another_hash_seed(
    first, tmp_path, hash_seed
):
    again = run(tmp_path / "elsewhere" / "deeper", hash_seed=hash_seed)
    for name, content in first.items():
        assert content == again[name], name


def test_another_seed_gives_another_run(first, tmp_path):
    other = run(tmp_path / "run", seed="8")
    assert other["history.edn"] != first["history.edn"]
    assert other["net-journal/messages.jsonl"] != first["net-journal/messages.jsonl"]
