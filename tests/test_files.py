"""Files and links are there as a whole or not at all; what people are shown of files is short."""

import os
from pathlib import Path

import pytest

from glomers.files import last_lines, make_first, point_link, shown, write_whole


def test_a_file_that_cannot_be_written_leaves_what_was_there(tmp_path):
    path = tmp_path / "record"
    write_whole(path, "before")
    with pytest.raises(UnicodeEncodeError):
        write_whole(path, "\udcff")
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_gets_the_mode_that_is_asked_for(tmp_path):
    write_whole(tmp_path / "script", "#!/bin/sh", mode=0o755)
    assert os.access(tmp_path / "script", os.X_OK)


def test_a_link_moves_on_from_folder_to_folder(tmp_path):
    for name in ("1", "2"):
        folder = tmp_path / "runs" / name
        folder.mkdir(parents=True)
        point_link(tmp_path / "latest", folder)
        assert (tmp_path / "latest").readlink() == Path("runs") / name


def test_a_link_takes_no_folders_place(tmp_path):
    (tmp_path / "latest").mkdir()
    (tmp_path / "1").mkdir()
    with pytest.raises(OSError, match="latest"):
        point_link(tmp_path / "latest", tmp_path / "1")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1", "latest"]


def test_paths_below_the_current_folder_are_shown_from_there_and_others_whole(
    tmp_path, monkeypatch
):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert shown(tmp_path / "here" / "store") == "store"
    assert shown(tmp_path / "there") == str(tmp_path / "there")


def test_only_the_last_lines_of_a_long_text_are_read(tmp_path):
    path = tmp_path / "log"
    path.write_text("".join(f"line {number}\n" for number in range(10_000)))
    assert last_lines(path, 1000, 2) == "line 9998\nline 9999"
    assert len(last_lines(path, 100).splitlines()) == 10
    assert last_lines(tmp_path / "none", 1000) == ""


def test_the_first_folder_that_is_not_there_is_made_and_none_when_all_are(tmp_path):
    folders = [tmp_path / name for name in ("a", "b")]
    assert [make_first(folders) for _ in range(3)] == [*folders, None]
    assert all(folder.is_dir() for folder in folders)


def test_what_lies_on_another_drive_lies_below_no_folder(monkeypatch):
    def relpath(path, start):
        raise ValueError("path is on mount 'Z:', start on mount 'C:'")

    monkeypatch.setattr("glomers.files.os.path.relpath", relpath)
    assert shown("z:/runs/1") == "z:/runs/1"
