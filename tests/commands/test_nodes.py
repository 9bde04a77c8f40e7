"""`glomers nodes`: node files with launchers that start from any folder."""

import json
import os
import subprocess

import pytest

from glomers.bench.program import find_program
from glomers.cli import main
from glomers.commands.nodes import solution_files, write_nodes

INIT = {
    "src": "c1",
    "dest": "n1",
    "body": {"type": "init", "msg_id": 1, "node_id": "n1", "node_ids": ["n1"]},
}


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "a 'quoted' $HOME folder"


def test_every_solution_has_a_node_file_and_a_launcher(folder):
    write_nodes(folder)
    names = {path.stem for path in solution_files()}
    assert {"echo", "unique_ids", "broadcast_tree"} <= names
    assert {path.name for path in folder.iterdir()} == names | {f"{name}.py" for name in names}
    for solution in solution_files():
        assert (folder / solution.name).read_bytes() == solution.read_bytes()


def test_a_launcher_starts_its_node_from_another_folder_through_a_link(folder, tmp_path):
    write_nodes(folder)
    link = tmp_path / "link"
    link.symlink_to(folder / "echo")
    done = subprocess.run(
        [os.path.realpath(link)],
        input=json.dumps(INIT) + "\n",
        capture_output=True,
        text=True,
        cwd="/",
        env={"PATH": "/usr/bin:/bin"},
        timeout=60,
        check=True,
    )
    assert json.loads(done.stdout)["body"]["type"] == "init_ok"


def test_the_bench_knows_which_file_a_launcher_starts(folder):
    write_nodes(folder)
    program = find_program(folder / "echo", clock=None)
    assert program.virtual
    assert program.path.resolve() == (folder / "echo.py").resolve()


@pytest.mark.slow
def test_a_node_that_was_edited_is_kept_under_another_name(folder, capsys):
    write_nodes(folder)
    for number in (1, 2):
        (folder / "echo.py").write_text(f"# mine {number}\n")
        assert main(["nodes", str(folder)]) == 0
        assert f"echo.py was edited: kept as {folder}" in capsys.readouterr().out
        assert (folder / f"echo.edited-{number}.py").read_text() == f"# mine {number}\n"
    assert write_nodes(folder) == write_nodes(folder)


def test_a_folder_that_cannot_be_written_is_refused(tmp_path, capsys):
    (tmp_path / "taken").write_text("")
    assert main(["nodes", str(tmp_path / "taken")]) == 254
    error = capsys.readouterr().err
    assert error.startswith("Cannot write nodes to")
    assert error.count("\n") == 1


def test_a_file_that_is_no_launcher_is_kept_under_another_name(folder):
    folder.mkdir()
    (folder / "echo").write_text("my own")
    told = write_nodes(folder)
    assert (folder / "echo.edited-1").read_text() == "my own"
    assert [line for line in told if "echo is no launcher: kept as" in line]
    assert not [line for line in write_nodes(folder) if "kept" in line]
