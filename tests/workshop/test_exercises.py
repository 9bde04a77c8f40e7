"""Every exercise: what is given fails as intended, the solution passes, and both stay in step."""

import ast
import json
import re
from pathlib import Path

import papermill
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glomers import lab
from glomers.challenges import CHALLENGES, SOLUTIONS
from glomers.errors import WorkshopError
from glomers.workshop import effort
from glomers.workshop.assessment import assess
from glomers.workshop.exercise import ANSWERED, exercises
from glomers.workshop.exercise import _load as exercise_of
from glomers.workshop.limits import limits_of, limits_result, measured
from glomers.workshop.sheet import file_name, notebook
from glomers.workshop.skeleton import GapMark, gaps_of, skeleton
from glomers.workshop.stages import LIMITS, official_command, stages_of
from glomers.workshop.write import out_of_step, write
from tests.helpers.places import ROOT
from tests.helpers.stages import broken_stage

ANSWERS = ROOT / "glomers" / "workshop" / "answers"
EXERCISES = list(exercises().values())
BASICS = {"1", "3a", "3b", "3c", "4"}
ALL = set(exercises())
FEW_SEEDS = 20
FEWEST_SEEDS = 4
"""For what all exercises go through, of which some take long."""
BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)


def each(quick=ALL, *, others=pytest.mark.slow):
    """A case for each exercise, those with a mark that are not among the quick ones."""
    return pytest.mark.parametrize(
        "exercise",
        [
            pytest.param(one, id=one.id, marks=[] if one.id in quick else [others])
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


# The others with all seeds; papermill takes every exercise through few, below.
@pytest.mark.slow
@each(BASICS, others=pytest.mark.whole_corpus)
def test_the_solution_passes_its_check(exercise, tmp_path):
    node = written(tmp_path, exercise.answer)
    seeds = FEW_SEEDS if exercise.id in BASICS else None
    assert broken_stage(exercise.id, node, seeds) is None
    if limits_of(exercise.challenge):
        official = official_command(exercise.challenge, node)
        assert limits_result(exercise.challenge, official, measured).passed


@pytest.mark.slow
@each(BASICS)
def test_what_is_given_fails_and_says_what_is_to_be_done_in_which_line(exercise, tmp_path):
    source = exercise.skeleton
    node = written(tmp_path, source)
    folder = tmp_path / "found"
    folder.mkdir()
    verdict = assess(exercise.challenge, node, folder)
    broken = next(stage for stage in verdict.stages if not stage.passed)
    assert broken.name == exercise.fails_at
    assert not verdict.passed
    (finding,) = verdict.evidence.findings
    gap = next(gap for gap in exercise.own_parts if gap.task in finding)
    line = source[: source.index(f'"{gap.task}"')].count("\n")  # the one before, with `raise`
    assert f"(my_node.py:{line})" in finding
    assert "open" in verdict.advice


@each()
def test_a_manifest_names_the_stages_that_there_are(exercise, tmp_path):
    node = written(tmp_path, exercise.answer)
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


@pytest.mark.parametrize("name", ["task", "outcome"])
def test_a_manifest_whose_variation_lacks_something_is_named_in_a_sentence(tmp_path, name):
    manifest = ROOT / "glomers" / "workshop" / "exercises" / "2.toml"
    before, table, after = manifest.read_text(encoding="utf-8").partition("[[variations]]")
    wrong = tmp_path / "2.toml"
    wrong.write_text(before + table + after.replace(f"{name} =", "other =", 1), encoding="utf-8")
    with pytest.raises(WorkshopError, match=r"^2\.toml is no manifest of an exercise"):
        exercise_of(wrong)


@each()
def test_gaps_are_few_and_short(exercise):
    sizes = [gap.size for gap in exercise.own_parts]
    assert 1 <= len(sizes) <= 3
    assert all(1 <= size <= 8 for size in sizes)
    assert exercise.own_lines == sum(sizes)
    assert 10 <= exercise.minutes <= 40
    assert set(exercise.needs) <= set(exercises())


@each()
def test_a_notebook_has_the_parts_of_an_exercise_in_order_and_no_outputs(exercise):
    cells = json.loads(notebook(exercise))["cells"]
    parts = "head parameters begin promise skeleton-prose node predict hints check-prose check"
    assert [cell["id"] for cell in cells] == [*parts.split(), "outcome", "solution", "variations"]
    source = {cell["id"]: cell["source"] for cell in cells}
    assert source["node"].startswith(f"%%writefile nodes/my_{exercise.id}.py\n")
    assert source["hints"].count("<details>") == 3
    assert source["check"].count("lab.check(") == 1
    assert f"ours has {exercise.own_lines} line" in source["solution"]
    assert exercise.answer in source["solution"]
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in cells)
    assert max(len(cell["source"].splitlines()) for cell in cells if "outputs" in cell) <= 100


def test_a_solution_of_its_own_is_none_that_the_series_has():
    series = {ast.dump(ast.parse(path.read_text())) for path in SOLUTIONS.glob("*.py")}
    for exercise in EXERCISES:
        assert bool(exercise.solution) == (ast.dump(ast.parse(exercise.answer)) in series)


def test_there_is_no_solution_that_no_exercise_takes():
    own = {f"my_{exercise.id}.py" for exercise in EXERCISES if not exercise.solution}
    assert {path.name for path in ANSWERS.glob("my_*.py")} == own


@each()
def test_what_comes_of_a_prediction_is_folded_after_the_check_also_in_the_pack(exercise):
    assert exercise.why.count(ANSWERED) == 1
    for has_solution in (True, False):
        cells = json.loads(notebook(exercise, has_solution=has_solution))["cells"]
        source = {cell["id"]: cell["source"] for cell in cells}
        assert list(source).index("outcome") == list(source).index("check") + 1
        folded = source["outcome"].partition("<details>")[2]
        assert exercise.outcome[1:] in folded
        others = (text for id, text in source.items() if id != "outcome")
        assert not any(exercise.outcome[1:] in text for text in others)


@each()
def test_nothing_that_is_given_holds_the_solution(exercise):
    shown = notebook(exercise, has_solution=False)
    for gap in exercise.own_parts:
        assert json.dumps("\n".join(gap.lines))[1:-1] not in shown


@pytest.mark.slow
@each(BASICS)
def test_what_a_reader_is_told_to_run_runs_and_has_the_verdict_that_is_told(
    exercise, tmp_path, monkeypatch
):
    monkeypatch.setenv("GLOMERS_WORK", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    lab.workspace()
    Path(exercise.node).write_text(exercise.answer, encoding="utf-8")
    told = "\n".join([exercise.why, *(each.task for each in exercise.variations)])
    for block in BLOCK.findall(told):
        if "lab." in block:  # others are lines of a node
            exec(block, {"lab": lab})


@pytest.mark.slow
def test_the_counter_lacks_as_much_after_restarts_as_the_exercise_says(tmp_path, monkeypatch):
    monkeypatch.setenv("GLOMERS_WORK", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    lab.workspace()
    exercise = exercises()["4"]
    told = exercise.variations[1].task
    (block,) = BLOCK.findall(told)
    *steps, measure = block.splitlines()
    Path(exercise.node).write_text(exercise.answer, encoding="utf-8")
    names = {"lab": lab}
    exec("\n".join(steps), names)
    assert f"Of the solution {eval(measure, names):.0f} are missing before" in told


@pytest.mark.slow
@each({"1", "3c", "6b"}, others=pytest.mark.whole_corpus)
def test_papermill_runs_the_notebook_with_the_solution_put_in(exercise, tmp_path, monkeypatch):
    monkeypatch.setenv("GLOMERS_WORK", str(tmp_path))
    content = json.loads(notebook(exercise))
    for cell in content["cells"]:
        if cell["id"] == "node":
            cell["source"] = f"%%writefile {exercise.node}\n{exercise.answer}"
    path, executed = tmp_path / "given.ipynb", tmp_path / "executed.ipynb"
    path.write_text(json.dumps(content), encoding="utf-8")
    papermill.execute_notebook(
        path, executed, parameters={"SEEDS": FEWEST_SEEDS}, progress_bar=False, log_output=False
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


SOLUTION = "def f():\n    one()\n\n    two()\n\n\nthree()\nthree()\n"
IN_F = GapMark("do it", "one(", "two(")


def test_an_exercise_takes_longer_the_more_there_is_to_read_to_write_and_to_check():
    bare = effort.minutes("", "", 0, 0)
    assert effort.minutes("word " * 2000, "", 0, 0) == bare + 2000 / effort.WORDS_A_MINUTE
    assert effort.minutes("", "name " * 1000, 0, 0) == bare + 1000 / effort.CODE_WORDS_A_MINUTE
    assert effort.minutes("", "", 10, 0) == bare + 10 * effort.LINE_MIN
    assert effort.minutes("", "", 0, 10) == bare + 10 * effort.CHECK_MIN


def test_a_gap_becomes_a_comment_and_an_error_that_says_what_to_do():
    assert skeleton(SOLUTION, [IN_F]).startswith(
        "def f():\n    # YOUR CODE, about 2 lines, in the place of this error:\n"
        '    raise NotImplementedError(\n        "do it"\n    )\n\n\nthree()\n'
    )
    (gap,) = gaps_of(SOLUTION, [IN_F])
    assert (gap.size, gap.lines) == (2, ("    one()", "", "    two()"))


def test_a_gap_outside_functions_becomes_a_comment_alone():
    text = skeleton(SOLUTION, [GapMark("define f", "def f", "two")])
    assert text.startswith("# YOUR CODE, about 3 lines:\n# define f\n\n\nthree()\n")


def test_a_gap_without_a_last_line_is_one_line():
    text = skeleton(SOLUTION, [GapMark("go on", "two")])
    assert "# YOUR CODE, one line, in the place" in text
    assert "one()" in text


@given(st.sets(st.integers(0, 11), min_size=4, max_size=4), st.booleans())
def test_a_skeleton_is_the_solution_but_for_its_gaps_in_whatever_order_they_are(bounds, turned):
    lines = [f"line_{n:02}()" for n in range(12)]
    one, two, three, four = sorted(bounds)
    marks = [GapMark("a", lines[one], lines[two]), GapMark("b", lines[three], lines[four])]
    text = skeleton("\n".join(lines), marks[::-1] if turned else marks)
    for gap in gaps_of("\n".join(lines), marks):
        text = text.replace("\n".join(gap.as_given()), "\n".join(gap.lines))
    assert text.splitlines() == lines


@pytest.mark.parametrize(
    "mark", [GapMark("a", "four"), GapMark("a", "three"), GapMark("a", "two", "one")]
)
def test_a_mark_that_does_not_name_lines_of_the_solution_is_refused(mark):
    with pytest.raises(WorkshopError):
        skeleton(SOLUTION, [mark])


@each()
def test_solution_and_skeleton_can_be_read_as_python(exercise):
    for source in (exercise.answer, exercise.skeleton):
        assert ast.parse(source).body
        assert max(map(len, source.splitlines())) <= 100
