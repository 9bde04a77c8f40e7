"""A test in memory is the test that `glomers bench test` runs, and leaves nothing behind."""

import gc
import json
import os
import random
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glomers.bench.faults import FAULTS
from glomers.bench.flags import parse_options, words_of
from glomers.bench.once import run_once
from glomers.explore.tally import Tally
from tests.helpers.chaos import CHAOS

IN_MEMORY = """
import io, json, sys
from dataclasses import replace
from glomers.bench.once import run_once
from glomers.bench.flags import parse_options
from glomers.formats.edn import pretty
from glomers.formats.history import format_op
from glomers.formats.journal import JournalWriter

class Kept(io.BytesIO):
    def close(self):
        pass

options = parse_options(sys.argv[1:])
for seed in (3, 4, options.seed):  # runs before it must not show
    file = Kept()
    outcome = run_once(replace(options, seed=seed), JournalWriter(file))
print(json.dumps({
    "history.edn": "".join(format_op(op) + "\\n" for op in outcome.history),
    "results.edn": pretty(outcome.results) + "\\n",
    "net-journal/messages.jsonl": file.getvalue().decode(),
}))
"""


@pytest.mark.slow
def test_a_run_in_memory_equals_the_one_on_disk_byte_for_byte(tmp_path):
    (tmp_path / "node.py").write_text(CHAOS)
    faults = ",".join(FAULTS)
    words = ["-w", "broadcast", "--bin", "node.py", "--node-count", "4", "--time-limit", "4"]
    words += ["--rate", "20", "--latency", "30", "--latency-dist", "exponential", "--seed", "7"]
    words += ["--nemesis", faults, "--nemesis-interval", "1"]
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    in_memory = subprocess.run(
        [sys.executable, "-c", IN_MEMORY, *words],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert not (tmp_path / "store").exists()
    subprocess.run(
        [sys.executable, "-m", "glomers", "bench", "test", *words],
        cwd=tmp_path,
        capture_output=True,
    )
    for name, text in json.loads(in_memory.stdout).items():
        assert text == (tmp_path / "store/latest" / name).read_text(), name


def test_a_run_in_memory_restores_what_it_replaces(tmp_path):
    (tmp_path / "node.py").write_text(CHAOS)
    options = parse_options(["-w", "broadcast", "--bin", str(tmp_path / "node.py"), "--rate", "2"])
    clock, urandom, state, collects = time.time, os.urandom, random.getstate(), gc.isenabled()
    run_once(options, Tally())
    assert (time.time, os.urandom) == (clock, urandom)
    assert random.getstate() == state
    assert gc.isenabled() == collects


FLAGS = st.fixed_dictionaries(
    {},
    optional={
        "--node-count": st.integers(1, 30),
        "--concurrency": st.sampled_from(["1n", "4n", "3"]),
        "--rate": st.just(0.0) | st.floats(1e-6, 1000),
        "--time-limit": st.integers(1, 100),
        "--nodes": st.sampled_from(["n1", "a,b-2", "n0,n1"]),
        "--node": st.sampled_from(["z7", "x.y"]),
        "--latency": st.integers(0, 100),
        "--latency-dist": st.sampled_from(["constant", "uniform", "exponential"]),
        "--nemesis": st.sets(st.sampled_from(sorted(FAULTS)), min_size=1).map(",".join),
        "--nemesis-interval": st.floats(0.1, 100),
        "--topology": st.sampled_from(["line", "tree4"]),
        "--availability": st.sampled_from(["total", "0.25"]),
        "--consistency-models": st.sampled_from(["read-committed", "a , b"]),
        "--key-count": st.integers(1, 9),
        "--max-txn-length": st.integers(1, 9),
        "--seed": st.integers(-9, 9),
        "--clock": st.sampled_from(["virtual", "real"]),
    },
)


@given(FLAGS, st.booleans(), st.lists(st.sampled_from(["a", "-w", "b c"]), max_size=2))
def test_a_command_line_can_be_written_from_its_options(flags, final_reads, rest):
    words = ["-w", "kafka", "--bin", "x", *(str(w) for pair in flags.items() for w in pair)]
    words += ["--final-reads"] if final_reads else []
    options = parse_options([*words, "--", *rest])
    assert parse_options(words_of(options)) == options
