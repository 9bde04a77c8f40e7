"""Open gaps, one kind of request that is answered wrongly, and what is told first."""

import pytest

from glomers.bench.once import run_once
from glomers.challenges import CHALLENGES
from glomers.explore.seed import run_seed
from glomers.explore.tally import Tally
from glomers.workshop.assessment import assess
from glomers.workshop.exercise import exercises
from glomers.workshop.open_gaps import open_gaps
from glomers.workshop.stages import WELL_FORMED, stages_of

LOGS = ("5a", "5b", "5c")
REQUESTS = ("send", "poll", "commit_offsets", "list_committed_offsets")


class Answers(Tally):
    """Keeps what clients are answered, by its type."""

    def __init__(self):
        super().__init__()
        self.bodies = {}

    def heard(self, time_ns, message):
        body = message["body"]
        self.bodies.setdefault(body["type"], []).append(body)


def well_formed(id, program):
    return next(stage for stage in stages_of(CHALLENGES[id], program) if stage.name == WELL_FORMED)


@pytest.mark.parametrize("id", LOGS)
def test_all_four_requests_of_a_log_are_answered_with_something_before_their_form_is_right(id):
    heard = Answers()
    run_once(well_formed(id, CHALLENGES[id].path).trials.commands[0], heard)
    assert all(f"{request}_ok" in heard.bodies for request in REQUESTS)
    assert any(body["msgs"] for body in heard.bodies["poll_ok"])
    assert any(body["offsets"] for body in heard.bodies["list_committed_offsets_ok"])


@pytest.fixture
def answer(tmp_path):
    """Writes the answer of 5a with something else in it."""

    def write(*changes):
        text = exercises()["5a"].answer
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / "my_5a.py"
        path.write_text(text, encoding="utf-8")
        return path

    return write


FLAT = "list(enumerate(logs[key]))[offset:]", "logs[key][offset:]"
COMMIT = (
    "        committed[key] = max(offset, committed.get(key, 0))\n",
    '        raise NotImplementedError("keep each offset")\n',
)
NO_ENTRY = "committed.get(key, 0)", "committed[key]"


@pytest.mark.parametrize(
    "change",
    [
        FLAT,
        COMMIT,
        NO_ENTRY,
        ('"offset": len(log) - 1', '"offset": str(len(log) - 1)'),
        ('"commit_offsets_ok"', '"committed"'),
        ('"offsets": known', '"offsets": list(known)'),
        ("if key in committed}", "if committed[key]}"),
    ],
)
def test_one_kind_of_request_that_is_answered_otherwise_breaks_the_stage_of_forms(change, answer):
    stage = well_formed("5a", answer(change))
    assert stage.is_broken_by(run_seed(stage.trials, 0))


@pytest.mark.parametrize("id", LOGS)
def test_clients_that_crash_are_no_requests_without_a_reply(id):
    stage = well_formed(id, CHALLENGES[id].path)
    assert run_seed(stage.trials, 0)["anomalies"] == []


@pytest.mark.slow
@pytest.mark.parametrize("changes", [(COMMIT,), (FLAT, COMMIT)])
def test_an_open_gap_owns_the_advice_whatever_else_is_wrong(changes, answer, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    node = answer(*changes)
    verdict = assess(CHALLENGES["5a"], node, tmp_path / "found")
    assert "A gap is still open" in verdict.advice
    line = 1 + node.read_text(encoding="utf-8").splitlines().index(COMMIT[1].rstrip())
    assert any(
        "keep each offset" in finding and f"my_5a.py:{line}" in finding
        for finding in verdict.evidence.findings
    )


@pytest.mark.slow
def test_an_exception_is_told_before_what_it_leads_to_and_owns_the_advice(
    answer, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    late = "max(offset, committed.get(key, 0))", 'max(offset, committed.get(key, 0)) + {}.get("x")'
    verdict = assess(CHALLENGES["5a"], answer(late), tmp_path / "found")
    assert "In the handler of `commit_offsets`: TypeError" in verdict.evidence.findings[0]
    assert "ended in an error" in verdict.advice


def test_gaps_are_found_wherever_they_are_and_only_gaps(tmp_path):
    path = tmp_path / "node.py"
    for id, exercise in exercises().items():
        path.write_text(exercise.answer, encoding="utf-8")
        assert not [*open_gaps(path)], id
        path.write_text(exercise.skeleton, encoding="utf-8")
        inside = exercise.skeleton.count("raise NotImplementedError")
        assert [gap.is_cause for gap in open_gaps(path)] == [True] * inside
    path.write_text("def (:", encoding="utf-8")
    assert not [*open_gaps(path)]
