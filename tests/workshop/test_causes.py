"""Slips of learners, each with the words that name the cause and the advice that fits it."""

from dataclasses import replace

import pytest

from glomers.challenges import CHALLENGES
from glomers.explore.seed import run_seed
from glomers.reading.wording import beginning, how_many
from glomers.workshop.assessment import assess
from glomers.workshop.exercise import exercises
from glomers.workshop.limits import FAR_OFF
from glomers.workshop.stages import LIMITS, PARTITIONS, WELL_FORMED, stages_of
from tests.helpers.sparing import every
from tests.helpers.wrong_nodes import LEARNERS

pytestmark = pytest.mark.slow  # every node goes through stages

MERGE = (
    "    for name, count in theirs.items():\n"
    "        if count > counts.get(name, 0):\n"
    "            counts[name] = count\n"
)
ADDS = (
    "    for name, count in theirs.items():\n        counts[name] = counts.get(name, 0) + count\n"
)
SLIPS = {
    "spawn_of_several": (
        "3c",
        ("node.spawn(deliver(peer, value))", "node.spawn(deliver, peer, value)"),
        "TypeError: Node.spawn() takes",
        "`spawn` takes one coroutine",
    ),
    "never_awaited": (
        "3c",
        ("node.spawn(deliver(peer, value))", "deliver(peer, value)"),
        "was never awaited",
        "A coroutine that is only called",
    ),
    "sent_and_not_asked": (
        "3c",
        ("await node.rpc(", "node.send("),
        "nobody waits for this reply",
        "has to ask",
    ),
    "letters": ("3d", ("else [root]", "else root"), "there is no 'n' in", "taken apart"),
    "one_name": ("3d", ("else [root]", 'else ["n0"]'), "there is no 'n0' in", "node.node_ids[0]"),
    "no_separator": (
        "2",
        ('f"{prefix}-{count}"', "node.node_id + str(count)"),
        "make the same text",
        "put something between",
    ),
    "smaller_counts": (
        "4",
        (MERGE, "    counts.update(theirs)\n"),
        "a smaller count replaced a larger one",
        "which is the newer one",
    ),
    "added_again": ("4", (MERGE, ADDS), "not an integer of 64 bits", "must count once"),
    "no_entry": ("5a", ("committed.get(key, 0)", "committed[key]"), "KeyError", "`.get(key, 0)`"),
    "list_for_three": (
        "6a",
        ("run(*operation)", "run(operation)"),
        "run() missing",
        "(*operation)",
    ),
    "no_key": ("6a", ("store.get(key)", "store[key]"), "KeyError", "`store.get(key)` gives `None`"),
}


def assessed(id, source, tmp_path):
    node = tmp_path / "node_of_learner.py"
    node.write_text(source, encoding="utf-8")
    return assess(CHALLENGES[id], node, tmp_path / "found", seeds=10)


@pytest.fixture(autouse=True)
def work(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONHASHSEED", "0")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", every(3, SLIPS))
def test_a_slip_is_told_by_its_cause_and_gets_the_advice_on_it(name, tmp_path):
    id, (right, wrong), words, advice = SLIPS[name]
    source = exercises()[id].answer
    assert right in source
    verdict = assessed(id, source.replace(right, wrong), tmp_path)
    assert advice in verdict.advice
    findings = verdict.evidence.findings
    assert any(words in finding for finding in findings)
    if name not in ("smaller_counts", "sent_and_not_asked"):
        assert words in findings[0]


def test_names_that_are_only_joined_badly_are_not_said_to_be_relied_on(tmp_path):
    _, (right, wrong), *_ = SLIPS["no_separator"]
    verdict = assessed("2", exercises()["2"].answer.replace(right, wrong), tmp_path)
    assert verdict.evidence.relies_on is None


def test_of_a_read_of_an_unwritten_key_the_advice_names_what_is_promised(tmp_path):
    source = (LEARNERS / "6a_unwritten_is_zero.py").read_text(encoding="utf-8")
    verdict = assessed("6a", source, tmp_path)
    assert "no client has written that" in verdict.evidence.findings[0]
    assert "`null`" in verdict.advice


def test_limits_that_are_missed_by_far_spare_the_runs_with_cuts(tmp_path, monkeypatch):
    right, wrong = "if neighbour != source:", "if True:"
    verdict = assessed("3d", exercises()["3d"].answer.replace(right, wrong), tmp_path)
    passed = {stage.name: stage.passed for stage in verdict.stages}
    assert passed[PARTITIONS] is None
    assert passed[LIMITS] is False
    assert [*passed][-2:] == [PARTITIONS, LIMITS]
    assert FAR_OFF > 1


@pytest.mark.parametrize("nth", [0, 1, 2])
def test_an_echo_that_is_missing_now_and_then_is_told_apart_from_one_that_never_comes(
    nth, tmp_path
):
    source = exercises()["1"].answer.replace(
        '    return {"type"',
        f'    asked.append(1)\n    if len(asked) % 3 == {nth}:\n        return {{"type"',
    )
    verdict = assessed("1", source.replace("node = Node()", "node = Node()\nasked = []"), tmp_path)
    assert "requests without a reply" in verdict.evidence.findings[0]
    assert "Some requests are answered and others are not" in verdict.advice


def test_of_two_both_are_told():
    assert beginning(how_many(2, 2)) == "Both"
    assert (how_many(1, 2), how_many(3, 3), how_many(1, 1)) == ("1 of 2", "all 3", "1 of 1")


def test_more_clients_ask_for_echoes_than_are_left_waiting():
    stage = next(
        s for s in stages_of(CHALLENGES["1"], CHALLENGES["1"].path) if s.name == WELL_FORMED
    )
    few = stage.trials.commands[0]
    alone = replace(stage.trials, commands=(replace(few, concurrency=1),))
    assert few.concurrency > 1
    assert run_seed(stage.trials, 0)["anomalies"] == run_seed(alone, 0)["anomalies"] == []
