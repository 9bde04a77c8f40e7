"""`glomers doctor` names what is missing and how to get it, and fails only when that matters."""

from __future__ import annotations

import json
import re
import sys
from importlib import metadata

import pytest

from glomers.cli import main
from glomers.commands import doctor
from glomers.engine.maelstrom import find
from tests.helpers.archives import JAR, PROGRAM, release

JAVA = 'echo openjdk version \\"{}\\" 2025-04-15 >&2'
PRESENT = {
    "java": JAVA.format("17.0.15"),
    "gnuplot": "echo gnuplot 5.4 patchlevel 4",
    "dot": "echo 'dot - graphviz version 2.43.0 (0)' >&2",
}


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine of which this test decides what is on its search path."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("GLOMERS_MAELSTROM", raising=False)
    monkeypatch.delenv("GLOMERS_ENGINE", raising=False)
    (tmp_path / "bin").mkdir()

    def install(**programs):
        for name, script in programs.items():
            path = tmp_path / "bin" / name
            path.write_text(f"#!/bin/sh\n{script}\n")
            path.chmod(0o755)

    return install


def findings(capsys, status=0):
    assert main(["doctor", "--json"]) == status
    told = json.loads(capsys.readouterr().out)
    return told, {each["name"]: each for each in told["findings"]}


def test_a_machine_without_java_is_fine_for_the_bench(machine, capsys):
    told, by_name = findings(capsys)
    assert (told["ready"], told["engine"]) == (True, "bench")
    assert told["why"] == "the default: GLOMERS_ENGINE is not set"
    missing = {name for name, each in by_name.items() if not each["ok"]}
    assert missing == {"JDK", "gnuplot", "Graphviz", "Maelstrom", "bubblewrap"}
    for name in ("JDK", "gnuplot", "Graphviz"):
        assert set(by_name[name]["commands"]) == {"conda", "apt", "brew"}
        assert by_name[name]["needed_by"] == ["maelstrom"]
    assert by_name["Maelstrom"]["commands"] == {"glomers": "glomers install-maelstrom"}
    assert by_name["Python"]["where"] == sys.executable
    assert by_name["pandas"]["found"] == metadata.version("pandas")


def test_a_machine_with_everything_is_ready_for_the_real_maelstrom(
    machine, capsys, monkeypatch, tmp_path
):
    machine(**PRESENT)
    monkeypatch.setenv("GLOMERS_ENGINE", "maelstrom")
    monkeypatch.setattr(doctor, "PINNED", release(b""))
    folder = find.install_folder()
    (folder / "lib").mkdir(parents=True)
    (folder / "lib" / "maelstrom.jar").write_bytes(JAR)
    (folder / "maelstrom").write_bytes(PROGRAM)
    (folder / "maelstrom").chmod(0o755)
    told, by_name = findings(capsys)
    assert (told["ready"], told["why"]) == (True, "GLOMERS_ENGINE says so")
    assert by_name["JDK"]["found"] == "17.0.15"
    assert by_name["gnuplot"]["found"] == "5.4 patchlevel 4"
    assert by_name["Graphviz"]["found"] == "2.43.0"
    assert by_name["Maelstrom"]["found"] == "0.0.1 (user cache)"
    assert by_name["Maelstrom"]["where"] == str(folder / "maelstrom")
    (folder / "lib" / "maelstrom.jar").write_bytes(b"something else")
    assert findings(capsys)[1]["Maelstrom"]["found"] == "another one than 0.0.1 (user cache)"


def test_it_fails_when_the_engine_in_use_lacks_something(machine, capsys, monkeypatch):
    monkeypatch.setenv("GLOMERS_ENGINE", "maelstrom")
    told, _ = findings(capsys, status=1)
    assert told["ready"] is False
    assert main(["doctor"]) == 1
    out = capsys.readouterr().out
    assert out.endswith("It cannot be used: JDK, gnuplot, Graphviz, Maelstrom.\n")


def test_an_engine_that_does_not_exist_is_named(machine, capsys, monkeypatch):
    monkeypatch.setenv("GLOMERS_ENGINE", "toaster")
    told, _ = findings(capsys, status=1)
    assert told["why"] == "GLOMERS_ENGINE says so, but it can only be bench or maelstrom"
    assert main(["doctor"]) == 1
    assert "there is no such engine" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("version", "problem"), [("1.8.0_402", "older than 11"), ("11.0.2", None), ("25", None)]
)
def test_a_java_that_is_too_old_is_told_from_one_that_will_do(machine, capsys, version, problem):
    machine(java=JAVA.format(version))
    found = findings(capsys)[1]["JDK"]
    assert (found["found"], found["problem"]) == (version, problem)


@pytest.mark.parametrize("script", ["exit 1", "echo hello", "printf '\\377\\000'", "kill -9 $$"])
def test_programs_that_answer_strangely_count_as_missing(machine, capsys, script):
    machine(java=script, gnuplot=script, dot=script)
    by_name = findings(capsys)[1]
    assert not any(by_name[name]["ok"] for name in ("JDK", "gnuplot", "Graphviz"))


def test_a_program_that_never_answers_is_left(machine, capsys, monkeypatch):
    monkeypatch.setattr(doctor, "_PATIENCE_S", 0.2)
    machine(java="exec /bin/sleep 600")
    assert not findings(capsys)[1]["JDK"]["ok"]


def test_missing_and_old_libraries_are_named_with_the_command_that_installs_them(
    machine, capsys, monkeypatch
):
    def version(name):
        if name == "orjson":
            raise metadata.PackageNotFoundError(name)
        return {"rich": "13.6.9"}.get(name, "99")

    monkeypatch.setattr(metadata, "version", version)
    told, by_name = findings(capsys, status=1)
    assert told["ready"] is False
    assert (by_name["orjson"]["found"], by_name["rich"]["problem"]) == (None, "older than 13.7")
    assert by_name["orjson"]["commands"]["pip"].endswith("-m pip install --editable .")
    assert by_name["papermill"]["ok"]


def test_a_package_that_was_never_installed_is_named(machine, capsys, monkeypatch):
    def requires(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "requires", requires)
    assert not findings(capsys, status=1)[1]["glomers"]["ok"]


def test_a_full_disk_is_told_but_is_no_failure(machine, capsys, monkeypatch):
    monkeypatch.setattr(doctor, "LEAST_FREE_BYTES", 10**18)
    assert findings(capsys)[1]["disk space"]["problem"].startswith("less than")


def test_the_table_is_the_same_at_every_width_of_the_terminal(machine, capsys, monkeypatch):
    machine(**PRESENT)
    texts = set()
    for columns in ("40", "200"):
        monkeypatch.setenv("COLUMNS", columns)
        assert main(["doctor"]) == 0
        texts.add(capsys.readouterr().out)
    (text,) = texts
    assert re.search(r"│ JDK +│ 17\.0\.15", text)
    assert "\nMaelstrom: missing; this gets it:\n  glomers  glomers install-maelstrom\n" in text
    assert text.endswith(
        "\nEngine: bench (the default: GLOMERS_ENGINE is not set).\nAll that it needs is here.\n"
    )


def test_a_variable_that_leads_nowhere_is_quoted(machine, capsys, monkeypatch):
    monkeypatch.setenv("GLOMERS_MAELSTROM", "/nowhere")
    assert main(["doctor"]) == 0
    assert "GLOMERS_MAELSTROM is /nowhere, but there is no Maelstrom" in capsys.readouterr().out


def test_without_the_library_for_tables_the_lines_are_plain(machine, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "rich.console", None)
    assert main(["doctor"]) == 0
    assert "\ngnuplot: missing\n" in capsys.readouterr().out
