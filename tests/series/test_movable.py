"""A virtual environment that may be moved and copied."""

import os
import subprocess
import sys

import pytest

from glomers.series.movable import make_movable

SAY = "import sys; print(sys.executable)\n"


@pytest.mark.parametrize("name", ["plain", "with a space and ü"])
def test_a_script_runs_the_python_beside_it_wherever_both_are(tmp_path, name):
    project = tmp_path / name
    folder = project / ".venv" / "bin"
    folder.mkdir(parents=True)
    (folder / "python").symlink_to(sys.executable)
    script = folder / "say"
    first = f"#!{folder}/python\n"
    if " " in name:  # as pip writes it
        first = f"#!/bin/sh\n'''exec' \"{folder}/python\" \"$0\" \"$@\"\n' '''\n"
    script.write_text(first + SAY, encoding="utf-8")
    script.chmod(0o755)
    assert make_movable(project / ".venv", project) == [script]
    assert make_movable(project / ".venv", project) == []
    moved = project.rename(tmp_path / "elsewhere")
    told = subprocess.run([moved / ".venv/bin/say"], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == str(moved / ".venv/bin/python")


def test_the_package_is_found_beside_the_environment_and_other_paths_stay(tmp_path):
    packages = tmp_path / ".venv" / "lib" / "python3.11" / "site-packages"
    packages.mkdir(parents=True)
    (tmp_path / ".venv" / "bin").mkdir()
    ours, other = packages / "_ours.pth", packages / "other.pth"
    ours.write_text(f"{tmp_path}\n", encoding="utf-8")
    other.write_text("/somewhere\n", encoding="utf-8")
    assert make_movable(tmp_path / ".venv", tmp_path) == [ours]
    assert os.path.samefile(packages / ours.read_text(encoding="utf-8").strip(), tmp_path)
    assert other.read_text(encoding="utf-8") == "/somewhere\n"


def test_scripts_of_other_interpreters_are_left_alone(tmp_path):
    folder = tmp_path / ".venv" / "bin"
    folder.mkdir(parents=True)
    (folder / "activate").write_text("#!/bin/sh\ntrue\n", encoding="utf-8")
    (folder / "data").write_bytes(b"\x7fELF\x00")
    assert make_movable(tmp_path / ".venv", tmp_path) == []
