"""`glomers init`: the series in a folder of one's own, and that commands find it there."""

import pytest

from glomers import lab
from glomers.cli import main
from glomers.errors import BadInput
from glomers.series.new_folder import write_series
from glomers.series.project import all_notebooks, project_root
from tests.helpers.places import ROOT


@pytest.fixture
def folder(tmp_path):
    """A folder with a space and letters that are not ASCII in its name."""
    return tmp_path / "für mich"


def names(folder):
    return sorted(path.relative_to(folder) for path in folder.rglob("*.ipynb"))


def test_it_has_all_lessons_and_exercises_as_they_are(folder, capsys):
    assert main(["init", str(folder)]) == 0
    there = names(ROOT / "notebooks")
    assert names(folder / "notebooks") == there
    for name in there:
        copy = (folder / "notebooks" / name).read_bytes()
        assert copy == (ROOT / "notebooks" / name).read_bytes()
    assert capsys.readouterr().out.startswith(f"{len(there)} notebooks and README.md")


def test_commands_and_notebooks_find_the_series_there(folder, monkeypatch):
    write_series(folder)
    monkeypatch.chdir(folder / "notebooks" / "exercises")
    assert project_root() == folder
    assert len(all_notebooks(project_root())) == len(all_notebooks(ROOT))
    lab.workspace()
    assert (folder / "runs" / "nodes").is_dir()


def test_nothing_is_written_over(folder):
    folder.mkdir()
    (folder / "mine.txt").write_text("mine")
    with pytest.raises(BadInput, match="not empty"):
        write_series(folder)
    assert [path.name for path in folder.iterdir()] == ["mine.txt"]


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match=r"file/x cannot be written: it is not a folder\."):
        write_series(tmp_path / "file" / "x")
