"""The series' nodes hold at the official settings, whatever the dice."""

import json
from pathlib import Path

import pytest

from glomers import solutions
from glomers.challenges import CHALLENGES

NODES = Path(solutions.__file__).parent
FAULTS = ("--nemesis", "partition")


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
@pytest.mark.parametrize("challenge_id", ["3c", "3d", "3e"])
def test_broadcast_loses_nothing_under_partitions(bench, challenge_id, seed):
    challenge = CHALLENGES[challenge_id]
    node = NODES / f"{challenge.solution}.py"
    flags = [*official(challenge_id), *FAULTS, "--seed", str(seed)]
    outcome = bench.test(node, *flags, workload="broadcast")
    assert outcome.status == 0, outcome.out
    assert lost_count(outcome) == 0


@pytest.mark.parametrize("challenge_id", ["3d", "3e"])
@pytest.mark.parametrize("node_count", [1, 3, 10])
def test_trees_depend_on_no_number_of_nodes(bench, challenge_id, node_count):
    node = NODES / f"{CHALLENGES[challenge_id].solution}.py"
    flags = ["--node-count", str(node_count), "--latency", "50", "--time-limit", "10"]
    outcome = bench.test(node, *flags, *FAULTS, workload="broadcast")
    assert outcome.status == 0, outcome.out


def test_the_facts_of_a_run_are_kept_beside_its_results(bench):
    outcome = bench.test(NODES / "echo.py", "--node-count", "1", "--time-limit", "1", "--seed", "5")
    facts = json.loads(outcome.read("bench.json"))
    assert (facts["engine"], facts["clock"], facts["seed"]) == ("bench", "virtual", 5)
    assert facts["nodes"] == ["n0"]
