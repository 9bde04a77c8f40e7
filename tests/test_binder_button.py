"""The Binder button: it names the place where a clone is published, or there is none."""

import importlib.util
import shutil
import subprocess
import sys

import pytest

from tests.helpers.places import ROOT

SCRIPT = ROOT / "docs" / "binder_button.py"
START = "/HEAD?urlpath=lab/tree/notebooks/00-start-here.ipynb"


@pytest.fixture
def button():
    spec = importlib.util.spec_from_file_location("binder_button", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.binder_button


@pytest.mark.parametrize(
    ("remote", "place"),
    [
        ("git@github.com:me/my-glomers.git\n", "gh/me/my-glomers"),
        ("https://github.com/me/my.glomers", "gh/me/my.glomers"),
        ("https://me:secret@github.com/me/x.git", "gh/me/x"),
        ("ssh://git@github.com:22/me/x.git", "gh/me/x"),
        ("git@gitlab.com:school/term/x.git", "gl/school%2Fterm%2Fx"),
    ],
)
def test_the_button_leads_to_where_a_clone_is_published(button, remote, place):
    assert f"](https://mybinder.org/v2/{place}{START})" in button(remote)


@pytest.mark.parametrize(
    "remote", ["", "/srv/glomers", "../glomers", "https://example.org/a/b", "https://github.com/me"]
)
def test_a_clone_that_binder_cannot_find_gets_none(button, remote):
    with pytest.raises(ValueError, match=r"github\.com and gitlab\.com"):
        button(remote)


@pytest.mark.skipif(shutil.which("git") is None, reason="there is no git here")
def test_the_remote_is_that_of_the_clone_that_the_script_lies_in(tmp_path):
    (tmp_path / "docs").mkdir()
    script = shutil.copy(SCRIPT, tmp_path / "docs")
    git = ["git", "-C", str(tmp_path)]
    subprocess.run([*git, "init", "--quiet"], check=True)
    asked = [sys.executable, str(script)]
    before = subprocess.run(asked, capture_output=True, text=True)
    assert (before.returncode, before.stdout, before.stderr.count("\n")) == (1, "", 1)
    subprocess.run([*git, "remote", "add", "origin", "git@github.com:me/x"], check=True)
    assert f"v2/gh/me/x{START}" in subprocess.run(asked, capture_output=True, text=True).stdout
