"""`make`: what it says when it cannot set the project up by itself."""

import json
import os
import re
import shutil
import subprocess

import pytest

from tests.helpers.places import ROOT

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here")

INSTALLING = ["pip", "compileall", "glomers.series.movable"]


@pytest.fixture
def project(tmp_path):
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def fake_python(project, script, name="fake-python"):
    """A program that passes for a Python; returns the settings that make `make` find it."""
    path = project / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return f"PYTHON={path}"


def make(project, *words):
    done = subprocess.run(
        ["make", *words], cwd=project, env=os.environ, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stderr.splitlines()


@pytest.mark.parametrize("target", ["run", "test", "lab", "outputs"])
def test_without_a_python_that_is_new_enough_a_sentence_says_so(project, target):
    status, said = make(project, target, fake_python(project, "exit 1"))
    assert status != 0
    assert said[0].startswith("Python 3.11 or newer is needed, and there is none")
    assert not (project / ".venv").exists()


def test_without_the_module_venv_a_sentence_names_it_and_the_remedy(project):
    python = fake_python(project, 'case "$2" in *ensurepip*) exit 1;; esac')
    status, said = make(project, "setup", python)
    assert status != 0
    assert "lacks the module venv or ensurepip" in said[0]
    assert "apt-get install python3-venv" in said[0]
    assert not (project / ".venv").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_in_a_folder_of_somebody_else_a_sentence_says_what_to_do(project):
    project.chmod(0o555)
    try:
        status, said = make(project, "setup")
    finally:
        project.chmod(0o755)
    assert status != 0
    assert "copy it to one of yours" in said[0]


@pytest.mark.parametrize(
    ("times_us", "taken"),
    [((900, 500, 490), "b"), ((900, 850, 800), "a"), ((900, 500, 300), "c"), (("", 900, 1), "c")],
)
def test_the_first_python_is_taken_unless_a_later_one_is_clearly_faster(project, times_us, taken):
    found = []
    for name, time_us in zip("abc", times_us, strict=True):
        timed = f"echo {time_us}" if time_us else "exit 1"  # it lacks venv
        script = f'case "$2" in *timeit*) {timed};; venv) echo {name} > taken; exit 3;; esac'
        found.append(fake_python(project, script, name).removeprefix("PYTHON="))
    assert make(project, "setup", f"PYTHON={' '.join(found)}")[0] != 0
    assert (project / "taken").read_text() == f"{taken}\n"


def test_an_installation_that_failed_is_tried_again(project):
    # A virtual environment that has pip, but where pip fails.
    (project / ".venv/bin").mkdir(parents=True)
    python = project / ".venv/bin/python"
    python.write_text('#!/bin/sh\n[ "$1" = -c ] || { echo no network >&2; exit 3; }\n')
    python.chmod(0o755)
    for _ in range(2):
        status, said = make(project, "setup")
        assert status != 0
        assert said[0] == "no network"


def test_an_installation_is_not_repeated_until_the_project_changes(project):
    (project / ".venv/bin").mkdir(parents=True)
    python = project / ".venv/bin/python"
    python.write_text('#!/bin/sh\n[ "$1" = -c ] || echo "$@" >> installed\n')
    python.chmod(0o755)
    for _ in range(2):
        assert make(project, "setup")[0] == 0
    assert modules_run(project) == INSTALLING
    later = (project / ".venv/.installed").stat().st_mtime + 5
    os.utime(project / "pyproject.toml", (later, later))
    assert make(project, "setup")[0] == 0
    assert modules_run(project) == 2 * INSTALLING


def test_an_environment_from_elsewhere_is_made_anew(project):
    (project / ".venv/bin").mkdir(parents=True)
    python = project / ".venv/bin/python"
    python.write_text("#!/bin/sh\n")
    python.chmod(0o755)
    (project / ".venv/.installed").write_text("/elsewhere\n")
    script = 'case "$2" in *timeit*) echo 1;; venv) echo made > made; exit 3;; esac'
    assert make(project, "setup", fake_python(project, script))[0] != 0
    assert (project / "made").exists()


def modules_run(project):
    """What make has let Python do, in order."""
    return [line.split()[1] for line in (project / "installed").read_text().splitlines()]


@pytest.mark.parametrize(
    "name", ["Makefile", "Dockerfile", "docs/binder_button.py"], ids=["lab", "image", "binder"]
)
def test_what_opens_in_the_browser_is_there(name):
    addresses = re.findall(r"(?<=lab/tree/)[\w/.-]+\.ipynb", (ROOT / name).read_text())
    assert addresses
    assert all((ROOT / address).is_file() for address in addresses)


def test_what_a_container_is_made_of_stays_in_step_with_the_project():
    settings = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    makefile = (ROOT / "Makefile").read_text()
    for command in (settings["postCreateCommand"], settings["postAttachCommand"]):
        make, target, *_ = command.split()
        assert make == "make"
        assert f"\n{target}:" in makefile
    assert (ROOT / ".binder" / "requirements.txt").read_text().strip() == "."


WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_may_do_no_more_than_it_must_and_runs_what_is_there(path):
    text = path.read_text()
    assert "\npermissions:\n  contents: read\n\n" in text
    assert text.count("actions/checkout@") == text.count("persist-credentials: false")
    assert all(
        re.fullmatch(r"actions/[\w-]+@v\d+", used) for used in re.findall(r"uses: (\S+)", text)
    )
    makefile = (ROOT / "Makefile").read_text()
    assert all(f"\n{target}:" in makefile for target in re.findall(r"run: make (\w+)", text))
    assert all((ROOT / script).is_file() for script in re.findall(r"run: (\.ci/\w+)", text))
