"""Which usual mistake a broken stage may come from, and of how many trials a stage has."""

from dataclasses import replace

from glomers.challenges import CHALLENGES
from glomers.workshop import runs
from glomers.workshop.evidence import _is_luck
from glomers.workshop.exercise import exercises
from glomers.workshop.stages import TOGETHER, stages_of

ALONE = "one node is right"
TWICE = 'The message 1 stands in the log of key "9" twice: n0 gave 1 offset 1 (duplicate).'
LEFT_OUT = 'Process 2 (at n0) polled the log of key "5", and its next poll left out 13.'


def test_the_most_decisive_finding_that_names_a_mistake_decides():
    advice = exercises()["5a"].advice
    assert "said to stand at another" in advice(ALONE, [TWICE, LEFT_OUT])
    assert "leaves messages out" in advice(ALONE, [LEFT_OUT, TWICE])
    assert "leaves messages out" in advice(ALONE, ["Nobody knows.", LEFT_OUT])


def test_empty_lists_for_committed_offsets_get_the_advice_to_leave_the_key_out():
    finding = "n0 answered `list_committed_offsets` with a reply of the wrong form: …"
    assert "left out" in exercises()["5a"].advice("replies are well formed", [finding])


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
