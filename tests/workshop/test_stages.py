"""Wrong nodes are stopped at the right stage, and right ones go through all of them."""

import json
import sys

import pytest

from glomers.bench.flags import parse_options
from glomers.bench.once import run_once
from glomers.challenges import CHALLENGES
from glomers.explore.seed import run_seed
from glomers.explore.tally import Tally
from glomers.formats.edn import kw
from glomers.workshop.brief import brief
from glomers.workshop.exercise import exercises
from glomers.workshop.remarks import remarks
from glomers.workshop.stages import MANY, MANY_TRIALS, PARTITIONS, SEEDS, TOGETHER, stages_of
from tests.helpers.corpus import PEERS
from tests.helpers.mutants import NODE
from tests.helpers.stages import broken_stage
from tests.helpers.wrong_nodes import ALLOWED, IMPOSTORS, LEARNERS, WRONG, every_tenth, mutant

pytestmark = pytest.mark.slow  # nearly every test takes a node through its stages

STAGES = json.loads((IMPOSTORS / "stages.json").read_text(encoding="utf-8"))
EXPECTED = {name: stage for stage, names in STAGES.items() for name in names}
FEW_SEEDS = 20


@pytest.mark.parametrize("wrong", every_tenth(WRONG))
def test_a_wrong_node_is_stopped_at_its_stage(wrong, tmp_path):
    node = wrong.write(tmp_path)
    try:
        assert broken_stage(wrong.challenge, node) == EXPECTED[wrong.name]
    finally:
        sys.modules.pop("helper", None)


def test_the_corpus_has_a_wrong_node_for_each_stage_and_each_kind_of_challenge():
    assert len(WRONG) == len(EXPECTED) >= 60
    assert {wrong.challenge[0] for wrong in WRONG} == set("123456")


@pytest.mark.parametrize("path", sorted(IMPOSTORS.glob("*.py")), ids=lambda path: path.stem)
def test_an_impostor_passes_the_official_command(path):
    flags = CHALLENGES[path.stem.partition("_")[0]].flags.split()
    outcome = run_once(parse_options([*flags, "--bin", str(path)]), Tally())
    assert outcome.results[kw("valid?")] is True


SOLUTIONS = [
    (challenge.id, version) for challenge in CHALLENGES.values() for version in challenge.versions
]
QUICK_SOLUTIONS = {"1", "3a", "3b", "3c"}


SOLVED = pytest.mark.parametrize(
    ("challenge", "version"),
    [
        pytest.param(
            CHALLENGES[challenge],
            version,
            id=f"{challenge}-{version.solution}",
            marks=[] if challenge in QUICK_SOLUTIONS else [pytest.mark.whole_corpus],
        )
        for challenge, version in SOLUTIONS
    ],
)


@SOLVED
def test_of_a_solution_of_the_series_there_is_nothing_to_remark(challenge, version, tmp_path):
    assert remarks(stages_of(challenge, version.path), tmp_path) == ()


@SOLVED
def test_a_solution_of_the_series_goes_through_all_stages(challenge, version):
    seeds = FEW_SEEDS if challenge.id in QUICK_SOLUTIONS else None
    assert broken_stage(challenge.id, version.path, seeds) is None


OTHERWISE = [
    *[(id, NODE, workload) for id, workload in (("1", "echo"), ("2", "unique-ids"))],
    *[(id, NODE, "broadcast") for id in ("3a", "3b", "3c")],
    *[(id, PEERS, "broadcast") for id in ("3a", "3b", "3c")],
    *[("4", node, "g-counter") for node in (NODE, PEERS)],
    *[("5a", node, "kafka") for node in (NODE, PEERS)],
    # Of the kafka nodes none: theirs answer clients that have gone, and are not heard any more.
    *[("6a", node, "txn-rw-register") for node in (NODE, PEERS)],
    *[(id, PEERS, "txn-rw-register") for id in ("6b", "6c")],
]
"""Beside these there are the solutions of the exercises (`test_workshop_exercises`)."""


@pytest.mark.whole_corpus
@pytest.mark.parametrize(("challenge", "node", "workload"), OTHERWISE)
def test_a_right_node_that_is_written_otherwise_goes_through_all_stages(
    challenge, node, workload, tmp_path
):
    path = tmp_path / node.name
    path.write_text(mutant(node, workload, ""), encoding="utf-8")
    assert broken_stage(challenge, path) is None


@pytest.mark.whole_corpus
@pytest.mark.parametrize("path", sorted(ALLOWED.glob("*.py")), ids=lambda path: path.stem)
def test_a_node_that_does_less_than_others_and_breaks_no_promise_goes_through_all_stages(path):
    assert broken_stage(path.stem.partition("_")[0], path) is None


def test_trials_differ_in_seed_names_and_number_of_nodes():
    stages = stages_of(CHALLENGES["3c"], CHALLENGES["3c"].path)
    trials = stages[-1].trials.commands
    assert len(trials) == SEEDS + 1 + MANY_TRIALS
    assert len({trial.seed for trial in trials}) == len(trials)
    assert {len(trial.node_ids) for trial in trials} >= {2, 3, 4, 5, 6, 7, MANY}
    assert any("n0" not in trial.node_ids for trial in trials)
    assert trials[1].node_ids == ("n0", "n1", "n2", "n3", "n4")


@pytest.mark.parametrize("id", CHALLENGES)
def test_no_two_trials_of_a_stage_have_the_same_seed(id):
    for stage in stages_of(CHALLENGES[id], CHALLENGES[id].path):
        seeds = [trial.seed for trial in stage.trials.commands]
        assert len(set(seeds)) == len(seeds)


@pytest.mark.parametrize("id", CHALLENGES)
def test_what_is_known_by_its_options_is_known_in_brief_stages_too(id):
    stages = brief(CHALLENGES[id], stages_of(CHALLENGES[id], CHALLENGES[id].path))
    twins = [stage.trials for stage in stages if stage.trials.twin]
    assert all(trials.twin in trials.commands for trials in twins)
    assert bool(twins) == (id == "2")


def test_a_secret_changes_all_seeds():
    def seeds(secret):
        stage = stages_of(CHALLENGES["3c"], CHALLENGES["3c"].path, 10, secret)[-1]
        return {trial.seed for trial in stage.trials.commands}

    assert not seeds("") & seeds("something")


@pytest.mark.parametrize("is_graded", [False, True])
def test_a_start_in_whole_seconds_does_not_tell_two_lives_apart(is_graded, tmp_path):
    answer = exercises()["2"].answer
    assert "time.time_ns()" in answer
    node = tmp_path / "whole_seconds.py"
    node.write_text(answer.replace("time.time_ns()", "int(time.time())"), encoding="utf-8")
    assert broken_stage("2", node, is_graded=is_graded) == PARTITIONS


@pytest.mark.parametrize("is_graded", [False, True])
@pytest.mark.parametrize("started", ["on_init", "at once"])
def test_a_start_in_nanoseconds_does_not_tell_two_nodes_apart(is_graded, started, tmp_path):
    source = (LEARNERS / "2_time_of_the_start.py").read_text(encoding="utf-8")
    if started == "at once":
        source = source.replace("prefix = None", "prefix = time.time_ns()")
        source = source.replace("    prefix = time.time_ns()", "    pass")
    node = tmp_path / "started.py"
    node.write_text(source, encoding="utf-8")
    assert broken_stage("2", node, is_graded=is_graded) == TOGETHER


def test_of_ids_something_is_at_stake_though_no_cut_touches_a_message():
    stage = stages_of(CHALLENGES["2"], CHALLENGES["2"].path)[-1]
    cuts = [n for n, each in enumerate(stage.trials.commands) if "partition" in each.nemesis]
    lives = [n for n, each in enumerate(stage.trials.commands) if "kill" in each.nemesis]
    rows = [run_seed(stage.trials, number) for number in (*cuts[2:8], *lives[:3])]
    assert all(row["anomalies"] == [] for row in rows)
    reasons = {reason for row in rows for reason in row["vacuous"]}
    assert reasons <= {"no write was concurrent with a fault", "no fault occurred"}
    assert any(row["vacuous"] == [] for row in rows)
