"""Seeds are spread over workers, and each counts once whatever befalls the workers."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glomers.bench.flags import parse_options
from glomers.errors import ExploreError
from glomers.explore import pool
from glomers.explore.campaign import explore
from glomers.explore.plan import Plan
from glomers.explore.pool import Exploration, process_pool
from glomers.explore.progress import Progress
from glomers.explore.results import Results
from glomers.explore.scenario import CLIENTS_PER_NODE, LATENCIES_MS, VARIABLES, Space
from glomers.explore.worker import run_batch
from tests.helpers.places import SOLUTIONS
from tests.helpers.processes import pids_below, running, wait_until

WORDS = ["-w", "broadcast", "--bin", str(SOLUTIONS / "broadcast_retry.py"), "--node-count", "3"]
SPACE = Space(parse_options([*WORDS, "--time-limit", "2", "--nemesis", "partition,kill"]))


@given(st.integers(), st.integers(1, 30), st.sets(st.sampled_from(sorted(VARIABLES))))
def test_a_scenario_is_decided_by_its_seed_and_keeps_within_the_bounds(seed, count, vary):
    base = parse_options([*WORDS[:-1], str(count), "--nemesis", "kill,loss", "--latency", "7"])
    space = Space(base, frozenset(vary))
    options = space.scenario(seed)
    assert options == space.scenario(seed)
    assert options.seed == seed
    nodes = len(options.node_ids)
    assert nodes == count or ("nodes" in vary and 2 <= nodes <= max(3, count) and count > 1)
    assert options.latency_ms == 7 or options.latency_ms in LATENCIES_MS
    assert ("latency" in vary) or options.latency_ms == 7
    assert options.concurrency // nodes in CLIENTS_PER_NODE
    assert options.nemesis == base.nemesis or ("faults" in vary and options.nemesis < base.nemesis)
    assert options.nemesis


def test_what_varies_does_not_change_what_else_does():
    alone, both = Space(SPACE.base, frozenset({"latency"})), Space(SPACE.base, frozenset(VARIABLES))
    for seed in range(20):
        assert alone.scenario(seed).latency_ms == both.scenario(seed).latency_ms


class Fake(Executor):
    """Runs batches at once; `fate` may say otherwise: an error, or None."""

    def __init__(self, fate):
        self._fate = fate

    def submit(self, function, batch):
        future = Future()
        error = self._fate(batch)
        if error is None:
            future.set_result([{"seed": seed, "outcome": "pass"} for seed in batch.seeds])
        else:
            future.set_exception(error)
        return future


def explored(seeds, new_executor, jobs=2, take=None):
    """The seeds in the order in which their rows came."""
    rows = []

    def collect(more):
        rows.extend(more)
        return True if take is None else take(rows)

    Exploration(SPACE, collect, new_executor, jobs).run(range(seeds))
    return rows


def test_a_seed_that_ends_its_worker_is_found_and_blamed_alone():
    def fate(batch):
        return BrokenProcessPool("gone") if 13 in batch.seeds else None

    rows = explored(60, lambda: Fake(fate))
    assert sorted(row["seed"] for row in rows) == list(range(60))
    assert [row["seed"] for row in rows if row["outcome"] == "fail"] == [13]


def test_seeds_of_workers_that_are_lost_now_and_then_count_once():
    lost = iter([True, False, False, True, False, True] + 1000 * [False])

    def fate(batch):
        return OSError("worker lost") if next(lost) else None

    rows = explored(60, lambda: Fake(fate))
    assert sorted(row["seed"] for row in rows) == list(range(60))
    assert {row["outcome"] for row in rows} == {"pass"}


def test_enough_is_enough():
    rows = explored(1000, lambda: Fake(lambda batch: None), take=lambda rows: len(rows) < 20)
    assert 20 <= len(rows) < 200


def test_what_keeps_every_worker_from_working_is_told():
    with pytest.raises(ExploreError, match="no worker"):
        explored(10, lambda: Fake(lambda batch: ExploreError("no worker")))


@pytest.mark.slow
def test_any_executor_will_do():
    rows = explored(4, lambda: ThreadPoolExecutor(2))
    assert sorted(row["seed"] for row in rows) == [0, 1, 2, 3]


@pytest.mark.slow
def test_a_pool_and_a_child_find_the_same():
    by_pool = sorted(explored(4, lambda: process_pool(2)), key=lambda row: row["seed"])
    by_child = run_batch(pool.Batch(SPACE, (0, 1, 2, 3)))
    assert by_pool == by_child


def children(pid=None):
    """The ids of the child processes of a process."""
    path = f"/proc/{pid or os.getpid()}/task"
    return [
        int(child)
        for task in Path(path).iterdir()
        for child in (task / "children").read_text().split()
    ]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="children are looked up in /proc")
def test_a_killed_worker_of_a_pool_loses_no_seed():
    killed = []

    def kill_one(rows):
        if not killed:
            for child in children():
                command = Path(f"/proc/{child}/cmdline").read_bytes()
                if b"spawn_main" in command:
                    os.kill(child, signal.SIGKILL)
                    killed.append(child)
                    break
        return True

    rows = explored(40, lambda: process_pool(2), take=kill_one)
    assert killed
    assert sorted(row["seed"] for row in rows) == list(range(40))
    assert "broken test" not in {name for row in rows for name in row["anomalies"]}


@pytest.mark.slow
def test_a_node_that_ends_its_process_fails_its_seed_and_no_other(tmp_path):
    (tmp_path / "node.py").write_text(
        "import ctypes\n\nimport glomers.node\n\nctypes.string_at(0)\n"  # a segmentation fault
    )
    space = Space(parse_options(["-w", "echo", "--bin", str(tmp_path / "node.py")]))
    rows = []
    Exploration(space, lambda more: rows.extend(more) or True, lambda: process_pool(1), 1).run([5])
    assert [(row["seed"], row["anomalies"]) for row in rows] == [(5, ["broken test"])]
    assert run_batch(pool.Batch(space, (5, 6)))[1]["anomalies"] == ["broken test"]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="children are looked up in /proc")
def test_a_child_ends_when_its_parent_is_killed():
    endless = [*WORDS, "--time-limit", "100000000"]
    batch = f"Batch(Space(parse_options({endless!r})), (0,))"
    script = f"""
from glomers.bench.flags import parse_options
from glomers.explore.scenario import Space
from glomers.explore.worker import Batch, run_batch
run_batch({batch})
"""
    random_hashes = {**os.environ, "PYTHONHASHSEED": "random"}  # so that it needs a child
    parent = subprocess.Popen([sys.executable, "-c", script], env=random_hashes)
    wait_until(lambda: len(pids_below(parent.pid)) == 2)
    pids = pids_below(parent.pid)
    parent.kill()
    parent.wait()
    wait_until(lambda: not running(pids))


# A cluster


@pytest.fixture
def cluster(tmp_path):
    """The address and the workers of a real Dask cluster, each part of it a process."""
    pytest.importorskip("distributed")
    address_file = tmp_path / "scheduler.json"
    dask = [sys.executable, "-m"]
    where = ["--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(address_file)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": tmp_path}
    scheduler = subprocess.Popen(
        [*dask, "distributed.cli.dask_scheduler", *where, "--no-dashboard"],
        **quiet,
    )
    processes = [scheduler]
    try:
        deadline = time.monotonic() + 60
        while not address_file.exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        worker = [*dask, "distributed.cli.dask_worker", "--scheduler-file", str(address_file)]
        worker += ["--nthreads", "1", "--no-nanny", "--no-dashboard"]
        processes += [subprocess.Popen(worker, **quiet) for _ in range(2)]
        yield json.loads(address_file.read_text())["address"], processes[1:]
    finally:
        for process in processes:
            process.kill()
            process.wait()


@pytest.mark.slow
def test_a_killed_worker_of_a_dask_cluster_loses_no_seed_and_counts_none_twice(cluster):
    from distributed import Client

    address, workers = cluster
    with Client(address, timeout=60) as client:
        client.wait_for_workers(2, timeout=60)
        taken = []

        def kill_one(rows):
            taken[:] = [row["seed"] for row in rows]
            if workers[0].poll() is None:
                workers[0].kill()
            return True

        explored(12, lambda: client.get_executor(pure=False), take=kill_one)
        assert workers[0].poll() is not None
        assert sorted(taken) == list(range(12))


# What is kept


def test_rows_are_kept_once_and_an_exploration_is_resumed(tmp_path):
    first = Results(tmp_path, {"command": "test"}, resume=False)
    first.add([{"seed": 1, "outcome": "pass"}, {"seed": 2, "outcome": "fail"}])
    first.add([{"seed": 2, "outcome": "pass"}])
    first.close()
    with (tmp_path / "results.jsonl").open("a") as file:
        file.write('{"seed": 3, "outc')  # cut off
    again = Results(tmp_path, {"command": "test"}, resume=True)
    assert {seed: row["outcome"] for seed, row in again.rows.items()} == {1: "pass", 2: "fail"}
    again.add([{"seed": 3, "outcome": "pass"}])
    again.close()
    lines = (tmp_path / "results.jsonl").read_text().splitlines()
    assert [json.loads(line).get("seed") for line in lines] == [None, 1, 2, 3]


@pytest.mark.parametrize(
    ("about", "resume", "problem"),
    [
        ({"command": "test"}, False, "add --resume"),
        ({"command": "other"}, True, "another exploration: its command"),
    ],
)
def test_results_of_something_else_are_never_written_over(tmp_path, about, resume, problem):
    Results(tmp_path, {"command": "test"}, resume=False).close()
    before = (tmp_path / "results.jsonl").read_bytes()
    with pytest.raises(ExploreError, match=problem):
        Results(tmp_path, about, resume)
    assert (tmp_path / "results.jsonl").read_bytes() == before


def test_a_damaged_file_is_refused(tmp_path):
    (tmp_path / "results.jsonl").write_text("not JSON\n")
    with pytest.raises(ExploreError, match="damaged"):
        Results(tmp_path, {}, resume=True)


def test_progress_is_told_once_a_second_at_most():
    now = [0.0]
    told = []
    progress = Progress(1000, told.append, lambda: now[0])
    for _ in range(100):
        now[0] += 0.13
        progress.add(10, 3)
    assert len(told) == 12
    assert told[0] == "80 of 1,000 seeds, 4,615 a minute, 3 failed, 12 s left"


def test_explorations_of_one_second_have_folders_of_their_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plan = Plan(words=[*WORDS, "--time-limit", "1"], seeds=1)
    folders = {explore(plan, lambda line: None)[0] for _ in range(3)}
    assert len(folders) == 3


def test_an_interrupt_does_not_reach_workers_that_are_being_started(tmp_path):
    """It would end them before they can ignore it, and nobody could wait for them any more."""
    command = [sys.executable, "-m", "glomers", "explore", " ".join(["test", *WORDS])]
    process = subprocess.Popen(
        [*command, "--seeds", "300", "--jobs", "2"],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    wait_until(lambda: len(pids_below(process.pid)) > 2)  # one only tracks what they share
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in said


@pytest.mark.slow
def test_an_interrupted_exploration_keeps_what_is_done_and_goes_on(tmp_path):
    words = " ".join(["test", *WORDS, "--time-limit", "10"])
    command = [sys.executable, "-m", "glomers", "explore", words, "--seeds", "300"]
    command += ["--jobs", "1", "--out", "found"]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    reader = threading.Thread(target=process.stderr.read)
    path = tmp_path / "found" / "results.jsonl"
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if path.exists() and len(path.read_text().splitlines()) > 1:
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    reader.start()
    assert process.wait(120) == 130
    reader.join()
    done = len(path.read_text().splitlines()) - 1
    assert 0 < done < 300
    again = subprocess.run(
        [*command[:6], str(done + 2), *command[7:], "--resume"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert again.returncode == 0, again.stderr
    seeds = [json.loads(line)["seed"] for line in path.read_text().splitlines()[1:]]
    assert sorted(seeds) == list(range(max(seeds) + 1))
    assert len(seeds) == done + 2
    assert not (tmp_path / "store").exists()
    assert [entry.name for entry in (tmp_path / "found").iterdir()] == ["results.jsonl"]


@pytest.mark.parametrize("text", ["[]\n", "5\n", '{}\n{"seed": 0}\n'])
def test_results_that_are_none_are_told_from_those_of_something_else(tmp_path, text):
    (tmp_path / "results.jsonl").write_text(text)
    with pytest.raises(ExploreError, match="is damaged"):
        Results(tmp_path, {}, resume=True)
