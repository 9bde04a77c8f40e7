"""The recipe for a workload in docs/architecture.md is enough: one file and one line."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from tests.helpers.places import ROOT

SECTION = (
    (ROOT / "docs" / "architecture.md")
    .read_text(encoding="utf-8")
    .partition("\n### A workload\n")[2]
    .partition("\n### ")[0]
)
WORKLOAD, LINE, NODE, TEST = re.findall(r"^```python\n(.*?)^```", SECTION, re.DOTALL | re.MULTILINE)
REGISTRY = "_MODULES = {\n"
LOAD = "test -w max-register --node-count 5 --time-limit 20 --rate 5 --nemesis partition"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A copy of the package to which the recipe was applied, with the node and the test beside."""
    folder = tmp_path_factory.mktemp("recipe")
    leave = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "glomers", folder / "glomers", ignore=leave)
    workloads = folder / "glomers" / "bench" / "workloads"
    (workloads / "max_register.py").write_text(WORKLOAD, encoding="utf-8")
    registry = workloads / "__init__.py"
    before = registry.read_text(encoding="utf-8")
    assert before.count(REGISTRY) == 1
    registry.write_text(before.replace(REGISTRY, REGISTRY + LINE), encoding="utf-8")
    (folder / "largest.py").write_text(NODE, encoding="utf-8")
    (folder / "test_max_register.py").write_text(TEST, encoding="utf-8")
    return folder


def run(folder, *words):
    """Run a module with the package in the folder; returns its exit status and what it printed."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def glomers(folder, *words):
    return run(folder, "glomers", *words)


def test_the_recipe_is_short():
    assert len(WORKLOAD.splitlines()) <= 60
    assert len(LINE.splitlines()) == 1
    assert all(len(line) <= 100 for line in WORKLOAD.splitlines())


def test_a_right_node_passes_and_its_history_is_judged_anew_with_the_same_verdict(folder):
    flags = ("-w", "max-register", "--bin", "largest.py", "--time-limit", "5")
    status, told = glomers(folder, "bench", "test", *flags, "--node-count", "1")
    assert status == 0, told
    history = "store/latest/history.edn"
    status, told = glomers(folder, "bench", "check", "-w", "max-register", history)
    assert status == 0, told
    assert '"anomalies": []' in told


@pytest.mark.slow
def test_an_exploration_finds_what_the_node_does_not_survive_and_makes_it_small(folder):
    options = ("--bin", "largest.py", "--seeds", "4", "--jobs", "1", "--no-stores")
    status, told = glomers(folder, "explore", LOAD, *options)
    assert status == 1, told
    assert "too-low" in told
    shrunk = re.search(r"shrunk from \d+ operations to 2 in \d+ runs: (.+)", told)
    assert shrunk, told
    assert re.fullmatch(r"The checker of max-register found acknowledged \d+ and .+", shrunk[1])


@pytest.mark.slow
def test_the_test_of_the_recipe_passes_and_lint_has_nothing_to_say(folder):
    status, told = run(folder, "pytest", "-q", "-p", "no:cacheprovider", "test_max_register.py")
    assert status == 0, told
    assert "1 passed" in told
    for words in (["check"], ["format", "--check"]):
        settings = ("--config", str(ROOT / "pyproject.toml"))
        status, told = run(folder, "ruff", *words, *settings, "glomers/bench/workloads")
        assert status == 0, told
