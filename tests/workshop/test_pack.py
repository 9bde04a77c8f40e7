"""The students' pack: complete, without outputs, without answers, and fit to work in."""

import json
from pathlib import Path

import pytest

from glomers import lab
from glomers.cli import main
from glomers.commands.check import read
from glomers.workshop.exercise import exercises
from glomers.workshop.pack import write_pack
from glomers.workshop.sheet import file_name
from glomers.workshop.write import texts
from tests.helpers.places import ROOT


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pack") / "students"
    write_pack(folder)
    return folder


def cells_of(path):
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def test_it_has_all_exercises_all_lessons_and_a_readme_of_three_steps(pack):
    names = {path.name for path in (pack / "notebooks").glob("*.ipynb")}
    assert names == {path.name for path in (ROOT / "notebooks").glob("*.ipynb")}
    exercises_there = {path.name for path in (pack / "notebooks" / "exercises").iterdir()}
    assert exercises_there == set(texts())
    readme = read(pack / "README.md")
    assert [line[:3] for line in readme.splitlines() if line[:1].isdigit()] == ["1. ", "2. ", "3. "]
    for exercise in exercises().values():
        assert f"notebooks/exercises/{file_name(exercise)}" in readme


def test_no_cell_has_an_output_and_only_hints_and_outcomes_are_folded(pack):
    for path in pack.rglob("*.ipynb"):
        for cell in cells_of(path):
            assert not cell.get("outputs")
            assert cell.get("execution_count") is None
            may_fold = cell["id"].endswith("hints") or cell["id"] in ("outcome", "variations")
            is_kept = path.parent.name == "exercises" and may_fold
            assert is_kept or "<details>" not in cell["source"], path


def test_no_exercise_has_its_solution(pack):
    for exercise in exercises().values():
        text = read(pack / "notebooks" / "exercises" / file_name(exercise))
        assert exercise.why.strip()[:60] not in text
        for gap in exercise.own_parts:
            assert json.dumps("\n".join(gap.lines))[1:-1] not in text


def test_every_link_between_files_of_the_pack_leads_somewhere(pack):
    texts = {path: [read(path)] for path in pack.rglob("*.md")}
    for path in pack.rglob("*.ipynb"):
        prose = [cell for cell in cells_of(path) if cell["cell_type"] == "markdown"]
        texts[path] = ["".join(cell["source"]) for cell in prose]
    for path, parts in texts.items():
        for part in "\n".join(parts).split("](")[1:]:
            target = part.partition(")")[0].partition("#")[0]
            if target and "://" not in target:
                assert (path.parent / target).is_file(), f"{path.name}: {target}"


def test_lessons_of_the_pack_lead_to_the_guide_to_what_went_wrong(pack):
    for path in sorted((pack / "notebooks").glob("*.ipynb")):
        assert "](../docs/when-things-go-wrong.md#" in read(path), path.name


def test_notebooks_of_the_pack_work_in_its_own_folder(pack, monkeypatch):
    monkeypatch.delenv("GLOMERS_WORK", raising=False)
    monkeypatch.chdir(pack / "notebooks" / "exercises")
    lab.workspace()
    assert Path.cwd() == pack / "runs"


def test_a_folder_with_something_in_it_is_left_alone(tmp_path, capsys):
    (tmp_path / "work.py").write_text("mine")
    assert main(["workshop", str(tmp_path)]) == 254
    assert "not empty" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["work.py"]
