"""What is taken from a submission, whatever it is made of."""

from __future__ import annotations

import json
import os
import stat
import zipfile

import pytest

from glomers.errors import WorkshopError
from glomers.workshop.exercise import exercises
from glomers.workshop.sheet import notebook
from glomers.workshop.submission import NODE_BYTES, submissions

pytestmark = pytest.mark.slow  # large files are packed


def only(folder):
    (found,) = submissions(folder)
    return found


@pytest.fixture
def handed_in(tmp_path):
    folder = tmp_path / "anna"
    folder.mkdir()
    return folder


def test_node_files_count_wherever_they_lie(handed_in, tmp_path):
    (handed_in / "a" / "b").mkdir(parents=True)
    (handed_in / "a" / "b" / "my_3c.py").write_text("deep")
    (handed_in / "my_1.py").write_text("top")
    (handed_in / "my_9.py").write_text("for nothing")
    found = only(tmp_path)
    assert {id: node.source for id, node in found.nodes.items()} == {"1": b"top", "3c": b"deep"}
    assert found.notes == ()


def test_of_two_different_files_the_upper_one_counts_and_that_is_said(handed_in, tmp_path):
    (handed_in / "old").mkdir()
    (handed_in / "old" / "my_1.py").write_text("old")
    (handed_in / "my_1.py").write_text("new")
    found = only(tmp_path)
    assert found.nodes["1"].source == b"new"
    assert "my_1.py counts" in found.notes[0]


def test_a_notebook_is_read_cell_by_cell_whatever_else_is_damaged(handed_in, tmp_path):
    content = json.loads(notebook(exercises()["3c"]))
    cells = content["cells"]
    (own,) = [cell for cell in cells if "%%writefile" in cell["source"]]
    last = {**own, "source": ["%%writefile nodes/my_3c.py\n", "mine = 1\n"]}
    content["cells"] = [None, 7, {"source": {}}, own, *cells[:2], {"cell_type": "code"}, last]
    (handed_in / "03c-exercise.ipynb").write_text(json.dumps(content))
    (handed_in / "broken.ipynb").write_text("{")
    assert only(tmp_path).nodes["3c"].source == b"mine = 1\n"


def test_the_pages_of_exercises_have_their_cells_found(handed_in, tmp_path):
    for id, exercise in exercises().items():
        (handed_in / f"{id}.ipynb").write_text(notebook(exercise))
    assert list(only(tmp_path).nodes) == list(exercises())


def test_no_link_is_followed_and_no_pipe_is_read(handed_in, tmp_path):
    secret = tmp_path.parent / f"{tmp_path.name}-secret.py"
    secret.write_text("secret")
    (handed_in / "my_1.py").symlink_to(secret)
    (handed_in / "out").symlink_to(tmp_path.parent)
    os.mkfifo(handed_in / "my_2.py")
    (tmp_path / "ben").symlink_to(tmp_path.parent)
    anna, ben = submissions(tmp_path)
    assert anna.nodes == ben.nodes == {}
    assert "links are not followed" in ben.notes[0]


def test_a_file_that_is_too_large_is_left_out(handed_in, tmp_path):
    (handed_in / "my_1.py").write_bytes(b"#" * (NODE_BYTES + 1))
    found = only(tmp_path)
    assert found.nodes == {}
    assert "larger than 1 MB" in found.notes[0]


def test_of_a_zip_nothing_is_unpacked_and_nothing_leads_out(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    link = zipfile.ZipInfo("my_2.py")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(folder / "x.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../my_1.py", "one")
        archive.writestr(link, "/etc/passwd")
        archive.writestr("my_3a.py", b"#" * (500 << 20))
    assert (folder / "x.zip").stat().st_size < 1 << 20
    found = only(folder)
    assert {id: node.source for id, node in found.nodes.items()} == {"1": b"one"}
    assert sorted(os.listdir(tmp_path)) == ["in"]


@pytest.mark.parametrize("content", [b"", b"PK\3\4 no zip", b"x" * 999])
def test_what_is_no_zip_is_said(tmp_path, content):
    (tmp_path / "x.zip").write_bytes(content)
    found = only(tmp_path)
    assert found.nodes == {}
    assert "cannot be read" in found.notes[0]


@pytest.mark.parametrize("name", ["anna", "<b>", "a b", "-x", "ö", "con.", "=1+1", "a" * 200])
def test_the_name_of_a_folder_of_ours_is_plain_and_its_own(tmp_path, name):
    (tmp_path / name).mkdir()
    (tmp_path / "other").mkdir()
    slugs = [each.slug for each in submissions(tmp_path)]
    assert len(set(slugs)) == 2
    assert all(slug.isascii() and "/" not in slug and slug[0] != "." for slug in slugs)


def test_an_empty_folder_is_refused_in_a_sentence(tmp_path):
    with pytest.raises(WorkshopError, match="There is nothing in"):
        submissions(tmp_path)
    with pytest.raises(WorkshopError, match="cannot be read"):
        submissions(tmp_path / "none")
