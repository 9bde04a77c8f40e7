"""Which usual mistake a broken stage may come from, and of how many trials a stage has."""

from dataclasses import replace

import pytest

from glomers.challenges import CHALLENGES
from glomers.workshop import runs
from glomers.workshop.evidence import _is_luck
from glomers.workshop.exercise import exercises
from glomers.workshop.stages import TOGETHER, stages_of

ALONE = "one node is right"
TWICE = 'The message 1 stands in the log of key "9" twice: n0 gave 1 offset 1 (duplicate).'
UNSEEN = 'n0 acknowledged the message 1 for key "9", and no poll ever showed it (91 unseen).'
WRONG_FORM = "n0 answered `poll` with a reply of the wrong form: 'msgs' is {\"9\":[1,2,3,4]}."
PASSED_OVER = 'a poll at n0 showed the offset 3 of key "9" and not the offset 0 before it.'
LEFT_OUT = 'Process 2 (at n0) polled the log of key "5", and its next poll left out 13.'


def test_the_most_decisive_finding_that_names_a_mistake_decides():
    advice = exercises()["5a"].advice
    assert "said to stand at another" in advice(ALONE, [TWICE, LEFT_OUT])
    assert "leaves messages out" in advice(ALONE, [LEFT_OUT, TWICE])
    assert "leaves messages out" in advice(ALONE, ["Nobody knows.", LEFT_OUT])


def test_empty_lists_for_committed_offsets_get_the_advice_to_leave_the_key_out():
    finding = "n0 answered `list_committed_offsets` with a reply of the wrong form: …"
    assert "left out" in exercises()["5a"].advice("replies are well formed", [finding])


@pytest.mark.parametrize(
    ("id", "findings", "words"),
    [
        ("5a", [WRONG_FORM, UNSEEN], "lists of pairs"),
        ("5a", ["its next poll went back to 1 (100 cases of nonmonotonic-poll)."], "before"),
        ("5a", [PASSED_OVER], "leaves messages out"),
        ("5a", ['polls show key "9", but never a message of its log: …'], "No poll shows any"),
        ("5b", ["Offset 2 of the log holds several messages: …", LEFT_OUT], "the same offset"),
        ("5b", ['polls show key "8", but never a message of its log: …'], "the first one of a key"),
        ("5c", [PASSED_OVER], "that one included"),
        ("5c", [UNSEEN, "In the handler of `poll`: KeyError: 'answers', 7 times."], "no such key"),
        ("6a", ["'txn' is [null,null,null], not a list of …"], "return the operation"),
        ("3d", ["In the handler of `broadcast`: IndexError: list index out of range."], "no peers"),
        ("3c", ["line 15 of my_3c.py is not Python: 'await' outside async function"], "async def"),
    ],
)
def test_a_finding_gets_the_advice_on_its_cause(id, findings, words):
    stage = {"6a": "replies are well formed", "3c": "it starts"}.get(id, ALONE)
    assert words in exercises()[id].advice(stage, findings)


def test_a_commit_that_goes_back_between_two_nodes_is_no_offset_that_two_nodes_took():
    finding = 'n1 had the offset 15 of key "20" committed, and shows the offset 5 afterwards.'
    assert "a larger one only" in exercises()["5b"].advice(TOGETHER, [finding])


def commands(count):
    stage = stages_of(CHALLENGES["3b"], CHALLENGES["3b"].path)[-1]
    return [replace(stage.trials.commands[0], rate=10.0, time_limit_s=10)] * count


def test_nodes_that_send_much_get_as_many_trials_as_there_is_time_for(monkeypatch):
    monkeypatch.setattr(runs, "MOST_MESSAGES", 1000)
    assert runs._affordable(commands(30), {0: {"messages": 100}}) == 10
    assert runs._affordable(commands(30), {0: {"messages": 10}}) == 30
    assert runs._affordable(commands(30), {0: {"messages": 5000}}) == 0


def test_a_difference_that_only_some_seeds_show_is_luck(monkeypatch):
    stage = stages_of(CHALLENGES["3b"], CHALLENGES["3b"].path)[-1]
    failing, passing = replace(commands(1)[0], seed=5), replace(commands(1)[0], rate=1.0, seed=5)
    assert stage.name == TOGETHER

    def breaks(never_with):
        return lambda stage, options: options.rate == 10.0 and options.seed != never_with

    monkeypatch.setattr("glomers.workshop.evidence._breaks", breaks(None))
    assert not _is_luck(stage, failing, passing)
    assert _is_luck(stage, replace(failing, nemesis=frozenset({"partition"})), passing)
    monkeypatch.setattr("glomers.workshop.evidence._breaks", breaks(6))
    assert _is_luck(stage, failing, passing)
