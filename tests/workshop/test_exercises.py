"""Every exercise: what is given fails as intended, the solution passes, and both stay in step."""

import ast
import json

import papermill
import pytest

from glomers.challenges import CHALLENGES
from glomers.errors import WorkshopError
from glomers.workshop.assessment import assess
from glomers.workshop.exercise import exercises
from glomers.workshop.limits import limits_of, limits_result
from glomers.workshop.sheet import file_name, notebook
from glomers.workshop.skeleton import gaps_of, own_lines, parts_of, skeleton, solution
from glomers.workshop.stages import LIMITS, official_command, stages_of
from glomers.workshop.write import out_of_step, write
from tests.helpers.places import ROOT
from tests.helpers.stages import broken_stage

EXERCISES = list(exercises().values())
BASICS = {"1", "3a", "3b", "3c", "4"}
ALL = set(exercises())
FEW_SEEDS = 20


def each(quick=ALL):
    """A case for each exercise, those marked as slow that are not among the quick ones."""
    return pytest.mark.parametrize(
        "exercise",
        [
            pytest.param(one, id=one.id, marks=[] if one.id in quick else [pytest.mark.slow])
            for one in EXERCISES
        ],
    )


@pytest.fixture(autouse=True)
def _fit(monkeypatch):
    monkeypatch.setenv("PYTHONHASHSEED", "0")


def written(folder, source):
    node = folder / "my_node.py"
    node.write_text(source, encoding="utf-8")
    return node


def test_there_is_an_exercise_for_every_challenge():
    assert list(exercises()) == list(CHALLENGES)


@pytest.mark.slow
@each(BASICS)
def test_the_solution_passes_its_check(exercise, tmp_path):
    node = written(tmp_path, solution(exercise.answer))
    seeds = FEW_SEEDS if exercise.id in BASICS else None
    assert broken_stage(exercise.id, node, seeds) is None
    if limits_of(exercise.challenge):
        official = official_command(exercise.challenge, node)
        assert limits_result(exercise.challenge, official).passed


@pytest.mark.slow
@each(BASICS)
def test_what_is_given_fails_and_says_what_is_to_be_done_in_which_line(exercise, tmp_path):
    source = skeleton(exercise.answer)
    node = written(tmp_path, source)
    folder = tmp_path / "found"
    folder.mkdir()
    verdict = assess(exercise.challenge, node, folder)
    broken = next(stage for stage in verdict.stages if not stage.passed)
    assert broken.name == exercise.fails_at
    assert not verdict.passed
    (finding,) = verdict.evidence.findings
    gap = next(gap for gap in gaps_of(exercise.answer) if gap.task in finding)
    line = source[: source.index(f'"{gap.task}"')].count("\n")  # the one before, with `raise`
    assert f"(my_node.py:{line})" in finding
    assert "open" in verdict.advice


@each()
def test_a_manifest_names_the_stages_that_there_are(exercise, tmp_path):
    node = written(tmp_path, solution(exercise.answer))
    names = [stage.name for stage in stages_of(exercise.challenge, node)]
    assert list(exercise.stages) == names + [LIMITS] * bool(limits_of(exercise.challenge))
    assert exercise.fails_at in names


@each()
def test_whatever_stage_is_broken_there_is_advice_with_a_hint(exercise):
    assert len(exercise.hints) == 3
    for stage in list(exercise.stages)[1:]:
        assert "Hint" in exercise.advice(stage, "something that nobody has thought of")
    for mistake in exercise.mistakes:
        assert mistake.stage in exercise.stages
        assert mistake.hint in (1, 2, 3)


@each()
def test_gaps_are_few_and_short(exercise):
    sizes = [len([line for line in gap.lines if line.strip()]) for gap in gaps_of(exercise.answer)]
    assert 1 <= len(sizes) <= 3
    assert all(2 <= size <= 8 for size in sizes)
    assert own_lines(exercise.answer) == sum(sizes)
    assert 15 <= exercise.minutes <= 40
    assert set(exercise.needs) <= set(exercises())


@each()
def test_a_notebook_has_the_parts_of_an_exercise_in_order_and_no_outputs(exercise):
    cells = json.loads(notebook(exercise))["cells"]
    parts = "head parameters begin promise skeleton-prose node predict hints check-prose check"
    assert [cell["id"] for cell in cells] == [*parts.split(), "solution", "variations"]
    source = {cell["id"]: cell["source"] for cell in cells}
    assert source["node"].startswith(f"%%writefile nodes/my_{exercise.id}.py\n")
    assert source["hints"].count("<details>") == 3
    assert source["check"].count("lab.check(") == 1
    assert f"ours has {own_lines(exercise.answer)} lines" in source["solution"]
    assert solution(exercise.answer) in source["solution"]
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in cells)
    assert max(len(cell["source"].splitlines()) for cell in cells if "outputs" in cell) <= 100


@each()
def test_nothing_that_is_given_holds_the_solution(exercise):
    shown = notebook(exercise, has_solution=False)
    for gap in gaps_of(exercise.answer):
        assert json.dumps("\n".join(gap.lines))[1:-1] not in shown


@pytest.mark.slow
@each({"3c"})
def test_papermill_runs_the_notebook_with_the_solution_put_in(exercise, tmp_path, monkeypatch):
    monkeypatch.setenv("GLOMERS_WORK", str(tmp_path))
    given = json.loads(notebook(exercise))
    for cell in given["cells"]:
        if cell["id"] == "node":
            cell["source"] = f"%%writefile {exercise.node}\n{solution(exercise.answer)}"
    path, executed = tmp_path / "given.ipynb", tmp_path / "executed.ipynb"
    path.write_text(json.dumps(given), encoding="utf-8")
    papermill.execute_notebook(
        path, executed, parameters={"SEEDS": FEW_SEEDS}, progress_bar=False, log_output=False
    )
    cells = json.loads(executed.read_text(encoding="utf-8"))["cells"]
    (output,) = next(cell["outputs"] for cell in cells if cell["id"] == "check")
    text = "".join(output["data"]["text/plain"])
    assert text.count("✓") == len(exercise.stages)
    assert "text/html" in output["data"]


def test_the_notebooks_of_the_project_are_what_their_manifests_give():
    assert list(out_of_step(ROOT)) == []


def test_a_notebook_that_somebody_has_edited_is_out_of_step(tmp_path):
    (tmp_path / "notebooks").mkdir()
    write(tmp_path)
    assert list(out_of_step(tmp_path)) == []
    names = [file_name(exercise) for exercise in EXERCISES]
    folder = tmp_path / "notebooks" / "exercises"
    (folder / names[0]).write_text("{}", encoding="utf-8")
    (folder / names[1]).unlink()
    (folder / "other.ipynb").write_text("{}", encoding="utf-8")
    found = {path.name: what for path, what in out_of_step(tmp_path)}
    assert set(found) == {names[0], names[1], "other.ipynb"}
    assert "missing" in found[names[1]]


GAP = "def f():\n    # GAP do it\n    one()\n\n    two()\n    # END\n"


def test_a_gap_becomes_a_comment_and_an_error_that_says_what_to_do():
    assert skeleton(GAP) == (
        "def f():\n    # YOUR CODE, about 2 lines, in the place of this error:\n"
        '    raise NotImplementedError(\n        "do it"\n    )\n'
    )
    assert solution(GAP) == "def f():\n    one()\n\n    two()\n"
    assert own_lines(GAP) == 2


def test_a_gap_outside_functions_becomes_a_comment_alone():
    given = skeleton("# GAP do it\none()\n# END\n")
    assert given == "# YOUR CODE, about 1 lines:\n# do it\n"


@pytest.mark.parametrize("text", ["# GAP a\n", "# END\n", "# GAP a\n# GAP b\n# END\n"])
def test_a_marker_without_a_partner_is_refused(text):
    with pytest.raises(WorkshopError):
        parts_of(text)


@each()
def test_solution_and_skeleton_can_be_read_as_python(exercise):
    for source in (solution(exercise.answer), skeleton(exercise.answer)):
        assert ast.parse(source).body
        assert max(map(len, source.splitlines())) <= 100
