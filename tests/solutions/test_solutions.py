"""The series' nodes hold at the official settings, whatever the dice."""

import ast
import json
import random
import runpy

import pytest

from glomers import lab
from glomers.challenges import CHALLENGES
from glomers.formats.edn import kw
from glomers.formats.edn_reader import loads
from glomers.formats.history import read_history
from tests.helpers.bench import results_of
from tests.helpers.places import SOLUTIONS as NODES
from tests.helpers.samples import mostly_slow

FAULTS = ("--nemesis", "partition")
FAULT_TOLERANT = [
    (challenge_id, version)
    for challenge_id in ("3c", "3d", "3e")
    for version in CHALLENGES[challenge_id].versions
]
ROUNDS = [CHALLENGES[challenge_id].versions[-1] for challenge_id in ("3d", "3e")]


def named(value):
    """The name of a version in that of a test."""
    return getattr(value, "name", value)


def flags_of(challenge):
    """The official flags without `-w WORKLOAD`."""
    words = challenge.flags.split()
    at = words.index("-w")
    return words[:at] + words[at + 2 :]


def official(challenge_id):
    """The same without partitions."""
    return [word for word in flags_of(CHALLENGES[challenge_id]) if word not in FAULTS]


OFFICIAL_RUNS = {
    # 5b and 5c have one command: a node need not run twice.
    f"{version.name} {challenge.flags}": (version, challenge)
    for challenge in CHALLENGES.values()
    for version in challenge.versions
}


@pytest.mark.parametrize(
    ("version", "challenge"), mostly_slow(OFFICIAL_RUNS.values(), 30), ids=OFFICIAL_RUNS
)
def test_every_version_is_valid_at_the_official_command(version, challenge):
    words = [*flags_of(challenge), "--", *version.args]
    results = results_of(version.path, *words, workload=challenge.workload)
    assert results["valid?"] is True, results


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize(("challenge_id", "version"), FAULT_TOLERANT, ids=named)
def test_broadcast_loses_nothing_under_partitions(challenge_id, version, seed):
    # One seed at full length; the others are cut off as often, in half the time.
    length = ["--time-limit", "10", "--nemesis-interval", "5"] if seed else []
    flags = [*official(challenge_id), *FAULTS, *length, "--seed", str(seed)]
    results = results_of(version.path, *flags, "--", *version.args, workload="broadcast")
    assert results["valid?"] is True
    assert results["workload"]["lost-count"] == 0


@pytest.mark.slow
@pytest.mark.parametrize("version", [version for _, version in FAULT_TOLERANT[1:]], ids=named)
@pytest.mark.parametrize("node_count", [1, 3, 10])
def test_trees_depend_on_no_number_of_nodes(bench, version, node_count):
    flags = ["--node-count", str(node_count), "--latency", "50", "--time-limit", "10", *FAULTS]
    outcome = bench.test(version.path, *flags, "--", *version.args, workload="broadcast")
    assert outcome.status == 0, outcome.out


SLOW = "--latency 100 --latency-dist exponential"
LOST_BETS = {  # commands that exploration found: an answer took longer than the node then waited
    "counter_local": f"--node-count 3 --rate 20 --time-limit 10 {SLOW} --nemesis partition "
    "--nemesis-interval 5 --seed 26",
    "log_buckets": f"--node-count 2 --concurrency 4n --rate 50 --time-limit 5 {SLOW} --seed 470",
    "log_owner": "--node-count 3 --concurrency 4n --rate 50 --time-limit 5 --latency 100 "
    "--seed 294",
}


@pytest.mark.parametrize(("solution", "flags"), LOST_BETS.items(), ids=LOST_BETS)
def test_patience_outlasts_the_slow_networks_on_which_less_of_it_failed(solution, flags):
    workload = "g-counter" if solution == "counter_local" else "kafka"
    results = results_of(NODES / f"{solution}.py", *flags.split(), workload=workload)
    assert results["valid?"] is True, results


FEW = "--node-count 5 --rate 20 --time-limit 4 --nemesis partition --nemesis-interval 2"
UNWRITTEN = {  # commands in which clients poll a log that nobody ever writes to
    "log_single": "--node-count 1 --concurrency 2n --rate 100 --time-limit 1 --seed 8",
    "log_buckets": f"{FEW} --seed 27",
    "log_owner": f"{FEW} --seed 8",
}


@pytest.mark.parametrize(("solution", "flags"), UNWRITTEN.items(), ids=UNWRITTEN)
def test_a_log_that_nobody_writes_to_leaves_the_checker_with_a_verdict(solution, flags):
    results = results_of(NODES / f"{solution}.py", *flags.split(), workload="kafka")
    assert results["valid?"] is True, results


CUT_OFTEN = ["--time-limit", "4", "--rate", "100", *FAULTS, "--nemesis-interval", "1"]
SIZES = [[], ["--node-count", "1"], ["--node-count", "3"], ["--node-count", "10"]]


def logs_in_the_end(outcome, clients):
    """What each client polled as its last process, and what was acknowledged: by key, offset."""
    history = [op for op in read_history(outcome.store / "history.edn") if op.type == "ok"]
    last = {op.process % clients: op.process for op in history if op.f == "poll"}
    shown = {process: {} for process in last.values()}
    sent = {}
    for op in history:
        if op.f == "send":
            ((_, key, (offset, message)),) = op.value
            sent[key, offset] = message
        elif op.f == "poll" and op.process in shown:
            for key, entries in op.value[0][1].items():
                shown[op.process].update({(key, offset): message for offset, message in entries})
    return [*shown.values()], sent


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_every_node_ends_with_the_same_log_whole(bench, seed):
    flags = ["--node-count", "3", "--concurrency", "2n", *CUT_OFTEN, "--seed", str(seed)]
    outcome = bench.test(NODES / "log_ordered.py", *flags, workload="kafka")
    assert outcome.status == 0, outcome.out
    logs, sent = logs_in_the_end(outcome, clients=6)
    assert len(logs) == 6
    assert all(log == sent for log in logs)


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES, ids=lambda size: "-".join(size) or "other names")
@pytest.mark.parametrize(
    ("name", "workload"), [("log_ordered", "kafka"), ("counter_delta", "g-counter")]
)
def test_convergent_nodes_depend_on_no_number_and_no_names(bench, name, workload, size):
    flags = [*size, *CUT_OFTEN, "--latency", "20", "--latency-dist", "exponential"]
    outcome = bench.test(NODES / f"{name}.py", *flags, workload=workload)
    assert outcome.status == 0, outcome.out


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_counts_that_were_lost_are_told_again(bench, seed):
    flags = ["--node-count", "3", *CUT_OFTEN, "--seed", str(seed)]
    outcome = bench.test(NODES / "counter_delta.py", *flags, workload="g-counter")
    assert outcome.status == 0, outcome.out


@pytest.mark.slow
def test_the_log_without_owners_is_cheap_and_fresh_without_faults(bench):
    flags = ["--node-count", "2", "--concurrency", "2n", "--time-limit", "5", "--rate", "1000"]
    outcome = bench.test(NODES / "log_ordered.py", *flags, workload="kafka")
    results = loads(outcome.read("results.edn"))
    assert results[kw("net")][kw("servers")][kw("msgs-per-op")] <= 0.03
    assert results[kw("workload")][kw("worst-realtime-lag")][kw("lag")] <= 0.3


def last_gossip_s(outcome):
    """When the last message between nodes was sent."""
    lines = (outcome.store / "net-journal" / "messages.jsonl").read_text().splitlines()[1:]
    sent = [event for event in map(json.loads, lines) if event[0] == "s"]
    return max(event[1] / 1e9 for event in sent if event[3]["body"]["type"] == "gossip")


def test_the_counter_is_cheap_and_silent_when_nothing_changes(bench):
    flags = official("4")
    outcome = bench.test(NODES / "counter_delta.py", *flags, workload="g-counter")
    results = loads(outcome.read("results.edn"))
    assert results[kw("net")][kw("servers")][kw("msgs-per-op")] <= 0.1
    # The last addition comes before 20 s, the last read after 30 s.
    assert 19 < last_gossip_s(outcome) < 23


@pytest.mark.parametrize("latency_ms", [300, 500, 1500])
def test_the_counter_falls_silent_on_slow_networks_too(bench, latency_ms):
    flags = [*official("4"), "--latency", str(latency_ms)]
    outcome = bench.test(NODES / "counter_delta.py", *flags, workload="g-counter")
    assert outcome.status == 0, outcome.out
    assert last_gossip_s(outcome) < 28  # rounds go on until the last read, after 30 s


TXN = "--concurrency 2n --time-limit 4 --nemesis-interval 2 --final-reads --availability total"
TXN += " --consistency-models read-atomic"


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", ["txn_batched", "txn_causal"])
@pytest.mark.parametrize(("node_count", "rate"), [(1, 50), (3, 10), (3, 300), (10, 100)])
def test_replicas_of_registers_answer_always_and_converge(bench, name, node_count, rate, seed):
    flags = [*TXN.split(), "--node-count", str(node_count), "--rate", str(rate), *FAULTS]
    node = NODES / f"{name}.py"
    outcome = bench.test(node, *flags, "--seed", str(seed), workload="txn-rw-register")
    assert outcome.status == 0, outcome.out
    run = lab.Run.load(outcome.store)
    assert lab.disagreements(run).empty
    assert lab.dirty_writes(run).empty
    assert lab.forgotten_writes(run).empty


@pytest.mark.slow
@pytest.mark.parametrize("challenge_id", ["6b", "6c"])
@pytest.mark.parametrize("seed", range(3))
def test_replication_in_batches_costs_a_tenth_of_a_message_at_most(challenge_id, seed):
    challenge = CHALLENGES[challenge_id]
    node = NODES / f"{challenge.solution}.py"
    flags = [*official(challenge_id), *FAULTS, "--time-limit", "5", "--seed", str(seed)]
    results = results_of(node, *flags, workload="txn-rw-register")
    assert results["valid?"] is True
    assert results["net"]["servers"]["msgs-per-op"] <= 0.1


@pytest.mark.slow
@pytest.mark.parametrize("node_count", [1, 3, 50])
def test_ordered_ids_are_integers_of_63_bits_in_the_order_of_time(bench, node_count):
    flags = ["--node-count", str(node_count), "--time-limit", "2", "--rate", "500"]
    outcome = bench.test(NODES / "unique_ids_ordered.py", *flags, workload="unique-ids")
    assert outcome.status == 0, outcome.out
    ops = lab.Run.load(outcome.store).ops
    assert all(0 <= value < 2**63 for value in ops["value"])
    later = ops.sort_values("value")["start_s"]
    assert (later.cummax() - later).max() < 0.01


def ordered_ids_of_a_life(clock_ms, node_ids, monkeypatch):
    """The ids that a new life of the first node gives out at these times, in ms."""
    times_ns = iter([ms * 1_000_000 for ms in clock_ms])
    program = runpy.run_path(str(NODES / "unique_ids_ordered.py"))
    program["node"].node_id, program["node"].node_ids = node_ids[0], node_ids
    program["begin"]()
    monkeypatch.setattr("time.time_ns", lambda: next(times_ns))
    return [program["generate"](None)["id"] for _ in clock_ms]


NOW_MS = 1_800_000_000_000


def test_ordered_ids_never_go_back_although_the_clock_does(monkeypatch):
    clock_ms = [NOW_MS, NOW_MS - 5000, 0, *[NOW_MS + 1] * 40, NOW_MS + 2]
    ids = ordered_ids_of_a_life(clock_ms, ["any name", "ß"], monkeypatch)
    assert ids == sorted(set(ids))


def test_lives_of_a_node_with_the_same_clock_differ(monkeypatch):
    monkeypatch.setattr("random._urandom", random.Random(0).randbytes)  # or it fails 1 in 3,000
    clock_ms = range(NOW_MS, NOW_MS + 100)
    lives = [ordered_ids_of_a_life(clock_ms, ["a", "b", "c"], monkeypatch) for _ in range(8)]
    assert len({id for life in lives for id in life}) == 800


@pytest.mark.slow
@pytest.mark.parametrize("version", ROUNDS, ids=named)
@pytest.mark.parametrize(
    "flags",
    [
        "--node-count 50 --rate 100 --latency 100",
        "--node-count 10 --rate 500 --latency 10",
        "--rate 10 --latency 100",  # without a count, nodes are called n1 to n5
        "--node-count 5 --rate 50 --latency 400",
        "--node-count 5 --rate 50 --latency 100 --latency-dist exponential",
        "--node-count 5 --rate 50 --latency 100 --latency-dist uniform",
    ],
)
def test_rounds_hold_on_any_network(version, flags):
    words = [*flags.split(), "--time-limit", "6", *FAULTS, "--", *version.args]
    results = results_of(version.path, *words, workload="broadcast")
    assert results["valid?"] is True
    assert results["workload"]["lost-count"] == 0


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("challenge_id", "most_msgs_per_op"), [("3d", 0.95), ("3e", 0.33)])
def test_rounds_need_few_messages_and_keep_the_limits(challenge_id, most_msgs_per_op, seed):
    version, limits = CHALLENGES[challenge_id].versions[-1], CHALLENGES[challenge_id].limits
    _, median_ms, max_ms = (limit.below for limit in limits)
    flags = [*official(challenge_id), "--seed", str(seed), "--", *version.args]
    results = results_of(version.path, *flags, workload="broadcast")
    latencies = results["workload"]["stable-latencies"]
    assert results["net"]["servers"]["msgs-per-op"] < most_msgs_per_op
    assert latencies["0.5"] < median_ms
    assert latencies["1"] < max_ms


@pytest.mark.parametrize("name", ["read", "tick", "commit", "flush"])
def test_the_nodes_of_6b_and_6c_do_alike_what_both_do(name):
    texts = [(NODES / f"{node}.py").read_text() for node in ("txn_batched", "txn_causal")]
    batched, causal = (
        next(part for part in ast.parse(text).body if getattr(part, "name", None) == name)
        for text in texts
    )
    assert ast.unparse(batched) == ast.unparse(causal)


def test_the_facts_of_a_run_are_kept_beside_its_results(bench):
    outcome = bench.test(NODES / "echo.py", "--node-count", "1", "--time-limit", "1", "--seed", "5")
    facts = json.loads(outcome.read("bench.json"))
    assert (facts["engine"], facts["clock"], facts["seed"]) == ("bench", "virtual", 5)
    assert facts["nodes"] == ["n0"]


SLOW_CROWD = "--node-count 2 --concurrency 10n --time-limit 2 --rate 500 --key-count 6"
SLOW_CROWD += " --max-txn-length 8 --consistency-models snapshot-isolation"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("put", "contradicts_itself"),
    [("min(running, default=arrived)", False), ("arrived", True)],
    ids=["as many versions as readers need", "one version"],
)
@pytest.mark.parametrize("seed", range(3))
def test_a_slow_reader_sees_one_snapshot(tmp_path, put, contradicts_itself, seed):
    source = (NODES / "txn_committed.py").read_text(encoding="utf-8")
    slow = source.replace("PAUSE_S = 0 ", "PAUSE_S = 0.005 ")
    slow = slow.replace("min(running, default=arrived)", put)
    assert slow != source
    path = tmp_path / "slow.py"
    path.write_text(slow, encoding="utf-8")
    flags = [*SLOW_CROWD.split(), "--seed", str(seed)]
    results = results_of(path, *flags, workload="txn-rw-register")
    found = results["workload"]["anomalies"]
    assert ("internal" in found) is contradicts_itself
    assert contradicts_itself or "G-single-item" not in found


def test_versions_are_kept_as_long_as_somebody_may_read_them():
    node = runpy.run_path(str(NODES / "txn_committed.py"))
    commit, read, versions = node["commit"], node["read"], node["versions"]
    commit([10, "n0"], [("x", 1)])
    node["running"].append(1)
    commit([30, "n0"], [("x", 2)])
    commit([20, "n1"], [("x", 3), ("y", 4)])  # late: of x a later version is here already
    assert (read("x", 1), read("y", 1)) == (1, None)
    assert (read("x", 3), read("y", 3)) == (2, 4)
    node["running"].clear()
    commit([40, "n0"], [("x", 5)])
    assert [value for _, _, value in versions["x"]] == [5]
