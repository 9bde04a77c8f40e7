"""A check is about the file as it was, and has a folder of its own."""

from pathlib import Path

import pytest

from glomers import lab
from glomers.challenges import CHALLENGES
from glomers.workshop import assessment
from glomers.workshop.own_folder import own_folder
from glomers.workshop.snapshot import has_changed, taken

ECHO = CHALLENGES["1"].path.read_text(encoding="utf-8")


@pytest.fixture
def node(tmp_path):
    (tmp_path / "helper.py").write_text("from parts.inner import one\n", encoding="utf-8")
    (tmp_path / "stranger.py").write_text("1 / 0\n", encoding="utf-8")
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "__init__.py").touch()
    (tmp_path / "parts" / "inner.py").write_text("one = 1\n", encoding="utf-8")
    path = tmp_path / "my_node.py"
    path.write_text(f"import helper\n{ECHO}", encoding="utf-8")
    return path


def test_what_a_node_imports_from_beside_it_is_copied_with_it_and_nothing_else(node, tmp_path):
    copy = taken(node, tmp_path / "found")
    copied = {str(path.relative_to(copy.parent)) for path in copy.parent.rglob("*.py")}
    assert copied == {"my_node.py", "helper.py", "parts/__init__.py", "parts/inner.py"}
    assert copy.read_text(encoding="utf-8") == node.read_text(encoding="utf-8")


@pytest.mark.parametrize("changed", ["my_node.py", "helper.py", "parts/inner.py"])
def test_a_change_of_the_node_or_of_what_it_imports_is_noticed(node, tmp_path, changed):
    copy = taken(node, tmp_path / "found")
    assert not has_changed(node, copy)
    (tmp_path / changed).write_text("two = 2\n", encoding="utf-8")
    assert has_changed(node, copy)


def test_a_file_that_is_gone_has_changed(node, tmp_path):
    copy = taken(node, tmp_path / "found")
    node.unlink()
    assert has_changed(node, copy)


def test_a_file_that_is_no_python_is_copied_as_it_is(tmp_path):
    node = tmp_path / "half.py"
    node.write_text("def half(:\n", encoding="utf-8")
    assert taken(node, tmp_path / "found").read_text(encoding="utf-8") == "def half(:\n"


@pytest.mark.slow
def test_a_node_that_changes_during_its_check_is_judged_as_it_was(tmp_path, monkeypatch):
    node = tmp_path / "my_node.py"
    node.write_text(ECHO, encoding="utf-8")
    judged = assessment._judged

    def judged_while_somebody_writes(*words):
        node.write_text("def half(:\n", encoding="utf-8")
        return judged(*words)

    monkeypatch.setattr(assessment, "_judged", judged_while_somebody_writes)
    folder = tmp_path / "found"
    folder.mkdir()
    verdict = assessment.assess(CHALLENGES["1"], node, folder, seeds=3)
    assert verdict.passed
    assert verdict.is_outdated


@pytest.mark.slow
def test_a_check_of_a_node_that_stays_as_it_is_says_nothing_of_a_change(tmp_path):
    node = tmp_path / "my_node.py"
    node.write_text(ECHO, encoding="utf-8")
    assert "has changed" not in repr(lab.check("1", node, seeds=3))


def test_two_checks_at_a_time_have_folders_of_their_own(tmp_path):
    with own_folder(tmp_path, "3c") as first:
        (first / "store").mkdir()
        with own_folder(tmp_path, "3c") as second:
            assert first != second
        assert (first / "store").exists()
    with own_folder(tmp_path, "3c") as third:
        assert third == first
        assert [*third.iterdir()] == []


def test_what_a_check_leaves_stays_until_the_next(tmp_path):
    with own_folder(tmp_path, "3c") as folder:
        Path(folder, "picture").touch()
    assert Path(folder, "picture").exists()
