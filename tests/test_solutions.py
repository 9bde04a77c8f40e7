"""The series' nodes hold at the official settings, whatever the dice."""

import json
from pathlib import Path

import pytest

from glomers import solutions
from glomers.challenges import CHALLENGES
from glomers.formats.edn import loads, to_json

NODES = Path(solutions.__file__).parent
FAULTS = ("--nemesis", "partition")
FAULT_TOLERANT = [
    (challenge_id, version.solution)
    for challenge_id in ("3c", "3d", "3e")
    for version in CHALLENGES[challenge_id].versions
]
ROUNDS = ("broadcast_rounds", "broadcast_rounds_slow")


def official(challenge_id):
    """The official flags after `-w WORKLOAD`, without partitions."""
    words = CHALLENGES[challenge_id].flags.split()
    at = words.index("-w")
    words = words[:at] + words[at + 2 :]
    return [word for word in words if word not in FAULTS]


def lost_count(outcome):
    """How many values the checker calls lost."""
    text = outcome.read("results.edn")
    return int(text.split(":lost-count ")[1].split(",")[0].split("\n")[0].rstrip("}"))


@pytest.mark.parametrize("challenge", CHALLENGES.values(), ids=CHALLENGES)
def test_every_solution_is_valid_at_its_official_command(bench, challenge):
    flags = challenge.flags.split()
    at = flags.index("-w")
    del flags[at : at + 2]
    outcome = bench.test(NODES / f"{challenge.solution}.py", *flags, workload=challenge.workload)
    assert outcome.status == 0, outcome.out


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize(("challenge_id", "solution"), FAULT_TOLERANT)
def test_broadcast_loses_nothing_under_partitions(bench, challenge_id, solution, seed):
    flags = [*official(challenge_id), *FAULTS, "--seed", str(seed)]
    outcome = bench.test(NODES / f"{solution}.py", *flags, workload="broadcast")
    assert outcome.status == 0, outcome.out
    assert lost_count(outcome) == 0


@pytest.mark.parametrize("solution", [name for _, name in FAULT_TOLERANT[1:]])
@pytest.mark.parametrize("node_count", [1, 3, 10])
def test_trees_depend_on_no_number_of_nodes(bench, solution, node_count):
    flags = ["--node-count", str(node_count), "--latency", "50", "--time-limit", "10"]
    outcome = bench.test(NODES / f"{solution}.py", *flags, *FAULTS, workload="broadcast")
    assert outcome.status == 0, outcome.out


@pytest.mark.parametrize("solution", ROUNDS)
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
def test_rounds_hold_on_any_network(bench, solution, flags):
    outcome = bench.test(
        NODES / f"{solution}.py", *flags.split(), "--time-limit", "6", *FAULTS, workload="broadcast"
    )
    assert outcome.status == 0, outcome.out
    assert lost_count(outcome) == 0


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("solution", "most_msgs_per_op", "median_ms", "max_ms"),
    [("broadcast_rounds", 1.08, 400, 600), ("broadcast_rounds_slow", 0.36, 1000, 2000)],
)
def test_rounds_need_few_messages_and_keep_the_limits(
    bench, solution, most_msgs_per_op, median_ms, max_ms, seed
):
    flags = [*official("3d"), "--seed", str(seed)]
    outcome = bench.test(NODES / f"{solution}.py", *flags, workload="broadcast")
    results = to_json(loads(outcome.read("results.edn")))
    latencies = results["workload"]["stable-latencies"]
    assert results["net"]["servers"]["msgs-per-op"] < most_msgs_per_op
    assert latencies["0.5"] < median_ms
    assert latencies["1"] < max_ms


def test_fast_and_slow_rounds_differ_in_nothing_but_the_period():
    fast, slow = ((NODES / f"{name}.py").read_text().splitlines() for name in ROUNDS)
    (changed,) = [(a, b) for a, b in zip(fast, slow, strict=True) if a != b]
    assert all(line.startswith("PERIOD_S = ") for line in changed)


def test_the_facts_of_a_run_are_kept_beside_its_results(bench):
    outcome = bench.test(NODES / "echo.py", "--node-count", "1", "--time-limit", "1", "--seed", "5")
    facts = json.loads(outcome.read("bench.json"))
    assert (facts["engine"], facts["clock"], facts["seed"]) == ("bench", "virtual", 5)
    assert facts["nodes"] == ["n0"]
