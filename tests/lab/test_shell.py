"""Shelling out to a bench: what comes back, what is refused, and that nothing is left running."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from shlex import quote

import numpy as np
import pytest

from glomers import lab
from glomers.engine import command, guard, guarded, seam
from tests.helpers.bench import ECHO
from tests.helpers.places import STORE_SAMPLES
from tests.helpers.processes import command_line, pids_below

LINE = "test -w echo --bin nodes/echo.py --node-count 1 --time-limit 1"


@pytest.fixture
def work(tmp_path, monkeypatch):
    """A work folder with an echo node."""
    monkeypatch.setenv("GLOMERS_WORK", str(tmp_path))
    monkeypatch.delenv("GLOMERS_ENGINE", raising=False)
    monkeypatch.chdir(tmp_path)
    lab.workspace()
    (tmp_path / "nodes" / "echo.py").write_text(ECHO)
    return tmp_path


def test_a_command_line_comes_back_as_a_run(work):
    run = lab.maelstrom(LINE, seed=7)
    assert (run.valid, run.engine, run.clock, run.seed) == (True, "bench", "virtual", 7)
    assert run.command == f"maelstrom {LINE}"
    assert run.store.parent == work / "store" / "echo"
    assert set(run.ops["outcome"]) == {"ok"}
    assert {"echo", "echo_ok", "init", "init_ok"} == set(run.messages["type"])


def test_equal_seeds_give_equal_text(work):
    assert repr(lab.maelstrom(LINE)) == repr(lab.maelstrom(LINE))


@pytest.mark.parametrize("prefix", ["./maelstrom ", "maelstrom ", "./maelstrom \\\n  "])
def test_a_line_copied_from_a_challenge_page_works_as_it_is(work, prefix):
    line = f"{prefix}test -w echo --bin ~/go/bin/maelstrom-echo --node-count 1 --time-limit 1"
    assert lab.maelstrom(line, bin="nodes/echo.py").command == f"maelstrom {LINE}"


def test_bin_replaces_or_adds_the_program():
    words = ["test", "--bin=old", "-w", "echo", "--", "--bin", "mine"]
    replaced = ["test", "--bin", "new", "-w", "echo", "--", "--bin", "mine"]
    assert command.with_flag(words, "--bin", "new", replace=True) == replaced
    assert command.with_flag(["test", "--", "x"], "--bin", "new") == [
        "test",
        "--bin",
        "new",
        "--",
        "x",
    ]
    assert command.with_flag(["test", "--seed", "5"], "--seed", "0") == ["test", "--seed", "5"]


def test_an_unexpected_verdict_is_raised_with_what_the_checkers_found(work):
    (work / "nodes" / "echo.py").write_text(
        ECHO.replace('message.body["echo"]}', 'message.body["echo"] + "!"}')
    )
    with pytest.raises(lab.RunFailed, match="invalid") as failed:
        lab.maelstrom(LINE)
    first, heading, finding = str(failed.value).splitlines()
    assert first == "The run is invalid (workload), but this cell expects it to be valid."
    assert heading == "What went wrong:"
    assert finding.startswith("  1. n0 was sent")
    assert finding.endswith("(echo.py:9).")
    assert failed.value.run.valid is False
    assert lab.maelstrom(LINE, expect="invalid").valid is False
    assert lab.maelstrom(LINE, expect="any").valid is False


def test_a_valid_run_where_an_invalid_one_is_expected_is_raised(work):
    with pytest.raises(lab.RunFailed, match="is valid, but this cell expects it to be invalid"):
        lab.maelstrom(LINE, expect="invalid")
    with pytest.raises(lab.RunFailed, match="is valid, but this cell expects it to be broken"):
        lab.maelstrom(LINE, expect="broken")


def test_a_broken_test_is_explained_without_folders_of_this_machine(work):
    (work / "nodes" / "echo.py").write_text("from glomers.node import Node\n1 / 0\n")
    with pytest.raises(lab.RunFailed, match="Node n0 crashed while it started") as failed:
        lab.maelstrom(LINE)
    text = str(failed.value)
    assert "ZeroDivisionError" in text
    assert str(work) not in text
    assert "store/" not in text, "the folder's name differs each time"
    run = lab.maelstrom(LINE, expect="broken")
    assert (run.valid, run.verdict) == (None, "broken")
    assert "ZeroDivisionError" in run._repr_html_()
    assert run.store is not None


def test_the_refusal_of_an_en_dash_is_passed_on(work):
    with pytest.raises(lab.RunFailed, match="dash that is not a hyphen"):
        lab.maelstrom(f"{LINE} –-nemesis partition")
    refused = lab.maelstrom(f"{LINE} –-nemesis partition", expect="broken")
    assert refused.valid is None
    assert refused.store is None
    for asked in (lambda: refused.ops, lambda: refused.results["workload"]):
        with pytest.raises(lab.StoreError, match=r"it was refused before it .* hyphen"):
            asked()
    assert refused.results == {}
    assert refused.results.get("workload") is None


def test_the_reason_is_not_lost_when_a_broken_run_is_asked_for_its_results(work):
    (work / "nodes" / "echo.py").write_text("import glomers.node\n1 / 0")
    broken = lab.maelstrom(LINE, expect="broken")
    with pytest.raises(lab.StoreError, match=r"(?s)left no results: Node n0 crashed.*ZeroDivision"):
        _ = broken.results["workload"]
    assert len(broken.ops) == 0, "it left a store, which can be looked at"


ASKED = {
    "latency_chart": lab.latency_chart,
    "messages_by_type": lab.messages_by_type,
    "spacetime": lab.spacetime,
    "visibility_chart": lab.visibility_chart,
    "convergence": lab.convergence,
    "final_values": lab.final_values,
    "forgotten_writes": lab.forgotten_writes,
    "guarantees": lab.guarantees,
    "lost_after_restart": lab.lost_after_restart,
    "cycle_diagram": lambda run: lab.cycle_diagram(run, "G1c"),
    "counterexample": lab.Run.counterexample,
    "results": lambda run: run.results["workload"],
}


@pytest.mark.slow
@pytest.mark.parametrize("ask", ASKED.values(), ids=list(ASKED))
def test_whatever_is_asked_of_a_run_that_was_refused_says_why_it_was(work, ask):
    refused = lab.maelstrom(f"{LINE} –-nemesis partition", expect="broken")
    with pytest.raises(lab.LabError, match="dash that is not a hyphen"):
        ask(refused)


@pytest.mark.parametrize(
    "name", ["latency_chart", "visibility_chart", "convergence", "lost_after_restart", "results"]
)
def test_what_a_broken_run_does_not_have_is_missing_for_the_reason_that_broke_it(work, name):
    (work / "nodes" / "echo.py").write_text("import glomers.node\n1 / 0")
    broken = lab.maelstrom(LINE, expect="broken")
    with pytest.raises(lab.LabError, match="ZeroDivisionError"):
        ASKED[name](broken)


@pytest.mark.parametrize("expect", ["valid", "invalid", "any"])
def test_a_test_without_a_verdict_is_raised_whatever_verdict_a_cell_takes(work, expect):
    with pytest.raises(lab.RunFailed, match="dash that is not a hyphen"):
        lab.maelstrom(f"{LINE} –-nemesis partition", expect=expect)
    (work / "nodes" / "echo.py").write_text("import glomers.node\n1 / 0")
    with pytest.raises(lab.RunFailed, match="ZeroDivisionError") as failed:
        lab.maelstrom(LINE, expect=expect)
    assert failed.value.run.verdict == "broken"


@pytest.mark.parametrize("seed", ["abc", 1.5, None])
def test_a_seed_that_is_no_whole_number_is_refused_before_anything_runs(work, seed):
    with pytest.raises(lab.LabError, match=f"A seed is a whole number, not {seed!r}"):
        lab.maelstrom(LINE, seed=seed, expect="any")
    assert not (work / "store").exists()


def test_what_maelstrom_serves_is_said_to_be_in_the_notebook(work):
    with pytest.raises(lab.LabError, match="There is no server to start"):
        lab.maelstrom("maelstrom serve")


# Counts


@pytest.mark.parametrize("count", [1, np.int64(5)])
def test_seeds_are_as_many_as_asked_for_from_the_first_on(count):
    assert list(lab.seeds(-3, count)) == [*range(-3, -3 + int(count))]


@pytest.mark.parametrize(
    ("first", "count", "sentence"),
    [
        (0, 0, "A count of seeds is at least 1, not 0."),
        (0, -3, "A count of seeds is at least 1, not -3."),
        (0, "5", "A count of seeds is a whole number, not '5'."),
        (0, 1.0, "A count of seeds is a whole number, not 1.0."),
        ("abc", 1, "A seed is a whole number, not 'abc'."),
    ],
)
def test_a_count_of_seeds_below_one_is_refused(first, count, sentence):
    with pytest.raises(lab.LabError) as refusal:
        lab.seeds(first, count)
    assert str(refusal.value) == sentence


@pytest.mark.parametrize("seeds", [0, -3, "many"])
def test_an_exploration_of_no_seeds_is_refused_and_removes_nothing(work, seeds):
    kept = work / "explore" / "latest" / "results.jsonl"
    kept.parent.mkdir(parents=True)
    kept.touch()
    with pytest.raises(lab.LabError, match="The number of seeds is "):
        lab.explore("1", seeds=seeds)
    assert kept.exists()


def test_there_is_nothing_to_replay_when_no_seed_failed(work):
    found = lab.explore("1", seeds=1, jobs=1, tail=lambda line: None)
    with pytest.raises(lab.RunFailed, match="No seed failed: there is nothing to replay"):
        lab.replay(found.attrs["trace"])


def test_a_missing_program_is_explained(work):
    with pytest.raises(lab.RunFailed, match="required: --bin"):
        lab.maelstrom("test -w echo --node-count 1")
    with pytest.raises(lab.RunFailed, match=r"nodes/nothing\.py"):
        lab.maelstrom(LINE, bin="nodes/nothing.py")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"expect": "success"}, 'expect is one of "valid", "invalid", "broken", "any"'),
        ({"engine": "toaster"}, 'engine is one of "bench", "maelstrom"'),
    ],
)
def test_unknown_choices_are_refused_before_anything_runs(work, arguments, sentence):
    with pytest.raises(lab.LabError, match=sentence):
        lab.maelstrom(LINE, **arguments)
    assert not (work / "store").exists()


@pytest.mark.parametrize("line", ["", "-w echo", "rm -rf x", 'test "'])
def test_what_is_no_command_line_is_refused(work, line):
    with pytest.raises(lab.LabError, match="command line"):
        lab.maelstrom(line)


def test_errors_show_no_traceback_in_a_notebook():
    error = lab.RunFailed("Node n0 crashed.")
    assert error._render_traceback_() == ["RunFailed: Node n0 crashed."]


@pytest.mark.parametrize(("given", "place"), [("wk", "began/wk"), ("~/wk", "home/wk")])
def test_a_work_folder_is_the_same_however_often_one_goes_there(
    tmp_path, monkeypatch, given, place
):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GLOMERS_WORK", given)
    monkeypatch.setattr(sys.modules["glomers.lab.workspace"], "_BEGAN", tmp_path / "began")
    for _ in range(2):
        lab.workspace()
        assert Path.cwd() == tmp_path / place


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("{file}", "Nodes cannot be written to .*: Not a directory. Set GLOMERS_WORK"),
        ("~nobody-of-that-name/wk", "no such home folder"),
    ],
)
def test_a_work_folder_that_cannot_be_is_refused_with_the_way_out(
    tmp_path, monkeypatch, given, sentence
):
    (tmp_path / "file").touch()
    monkeypatch.setenv("GLOMERS_WORK", given.format(file=tmp_path / "file"))
    with pytest.raises(lab.LabError, match=sentence):
        lab.workspace()


def test_the_work_folder_lies_in_the_project_wherever_the_notebook_is(tmp_path, monkeypatch):
    monkeypatch.delenv("GLOMERS_WORK", raising=False)
    notebooks = tmp_path / "notebooks"
    notebooks.mkdir()
    (tmp_path / "README.md").touch()
    monkeypatch.chdir(notebooks)
    for _ in range(2):
        lab.workspace()
        assert Path.cwd() == tmp_path / "runs"
        assert Path("nodes").is_dir()


def test_the_real_maelstrom_gets_its_own_flags_and_a_launcher(work, monkeypatch):
    sample = STORE_SAMPLES / "echo"
    store = "store/echo/20261123T041528.940Z"
    fake = work / "fake-maelstrom"
    fake.write_text(
        f'#!/bin/sh\necho "$@" > asked\nmkdir -p {store}\ncp -R {quote(str(sample))}/. {store}\n'
        f'echo "INFO jepsen.store: Wrote {work}/{store}/results.edn"\n'
    )
    fake.chmod(0o755)
    monkeypatch.setenv("GLOMERS_MAELSTROM", str(fake))
    monkeypatch.setenv("GLOMERS_ENGINE", "maelstrom")
    run = lab.maelstrom(f"{LINE} --seed 3 --rate 10")
    assert (run.engine, run.valid) == ("maelstrom", True)
    asked = (work / "asked").read_text().split()
    (launcher,) = (work / ".launchers").iterdir()
    assert asked == [
        *["test", "-w", "echo", "--bin", f".launchers/{launcher.name}"],
        *["--node-count", "1", "--time-limit", "1", "--rate", "10"],
    ]
    assert f'exec {quote(sys.executable)} {work}/nodes/echo.py "$@"' in launcher.read_text()
    assert run.command == f"maelstrom {LINE} --rate 10", "not the launcher's name"


def test_a_missing_maelstrom_is_explained(work, monkeypatch):
    monkeypatch.delenv("GLOMERS_MAELSTROM", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(work))
    monkeypatch.setenv("PATH", str(work))
    with pytest.raises(lab.LabError, match="glomers install-maelstrom"):
        lab.maelstrom(LINE, engine="maelstrom")


def wait_until(condition):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)


def is_alive(pid):
    try:
        return "zombie" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


SLEEPER = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open("pids.tmp", "w").write(f"{os.getpid()} {child.pid}")
os.rename("pids.tmp", "pids")
time.sleep(600)
"""


def test_the_guard_stops_the_whole_group_when_its_owner_is_killed(work):
    owner = f"""
import sys
from glomers.engine.guarded import run_guarded
run_guarded([sys.executable, "-c", {SLEEPER!r}], 600)
"""
    process = subprocess.Popen([sys.executable, "-c", owner], cwd=work)
    wait_until((work / "pids").exists)
    pids = (work / "pids").read_text().split()
    assert all(map(is_alive, pids))
    process.send_signal(signal.SIGKILL)
    process.wait()
    wait_until(lambda: not any(map(is_alive, pids)))


@pytest.mark.slow
def test_the_guard_stops_what_does_not_want_to_end(work):
    stubborn = f"import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n{SLEEPER}"
    ended = guarded.run_guarded([sys.executable, "-c", stubborn], deadline_s=1)
    assert ended.status is None
    pids = (work / "pids").read_text().split()
    wait_until(lambda: not any(map(is_alive, pids)))


def test_an_interrupt_stops_the_test_and_goes_on(work):
    owner = f"""
import sys
from glomers.engine.guarded import run_guarded
try:
    run_guarded([sys.executable, "-c", {SLEEPER!r}], 600)
except KeyboardInterrupt:
    sys.exit(42)
"""
    process = subprocess.Popen([sys.executable, "-c", owner], cwd=work)
    wait_until((work / "pids").exists)
    pids = (work / "pids").read_text().split()
    process.send_signal(signal.SIGINT)
    assert process.wait() == 42
    wait_until(lambda: not any(map(is_alive, pids)))


@pytest.mark.slow
def test_a_test_that_never_ends_is_stopped_at_the_deadline_and_keeps_its_store(work, monkeypatch):
    monkeypatch.setattr(seam, "DEADLINE_S", 3)
    with pytest.raises(lab.RunFailed, match="did not end within") as failed:
        lab.maelstrom(f"{LINE}0", clock="real")
    assert len(failed.value.run.ops) > 1
    assert failed.value.run.verdict == "broken"


def test_the_guard_reports_what_cannot_be_started(capsys):
    assert guard.main([f"{os.sep}nowhere{os.sep}program"]) == 127
    assert "cannot be started" in capsys.readouterr().err


# Forks


def store_bytes(run):
    names = ("history.edn", "results.edn", "net-journal/messages.jsonl")
    return [(run.store / name).read_bytes() for name in names]


def test_a_fork_does_what_a_program_of_its_own_does(work, monkeypatch):
    forked = lab.maelstrom(f"{LINE} --rate 20")
    monkeypatch.setattr(guarded._forks, "take", lambda descriptors: False)
    executed = lab.maelstrom(f"{LINE} --rate 20")
    assert store_bytes(forked) == store_bytes(executed)


@pytest.mark.slow
def test_a_run_goes_on_when_the_process_that_makes_forks_was_killed(work):
    assert lab.maelstrom(LINE).valid is True
    makers = [pid for pid in pids_below(os.getpid()) if "--forks" in command_line(pid)]
    assert makers
    for pid in makers:
        os.kill(pid, signal.SIGKILL)
    assert lab.maelstrom(LINE).valid is True


def test_a_fork_ends_when_its_owner_is_gone_before_it_said_what_to_run(work):
    assert lab.maelstrom(LINE).valid is True
    (stdin, held), (told, status) = os.pipe(), os.pipe()
    with open(os.devnull, "w") as nowhere:
        assert guarded._forks.take([stdin, nowhere.fileno(), nowhere.fileno(), status])
    for descriptor in (stdin, status, held):
        os.close(descriptor)
    with os.fdopen(told, "rb") as end:
        assert end.read() == guard.BEGUN, "it has begun, and is gone"


def test_forks_are_in_the_folder_and_the_environment_of_the_moment(work, monkeypatch):
    assert lab.maelstrom(LINE).valid is True
    elsewhere = work / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "node.py").write_text(
        f"import os, sys\nprint(os.environ['MOMENT'], file=sys.stderr)\n{ECHO}"
    )
    monkeypatch.chdir(elsewhere)
    monkeypatch.setenv("MOMENT", "now")
    run = lab.maelstrom(LINE.replace("nodes/echo.py", "node.py"))
    assert (elsewhere / "store/latest/node-logs/n0.log").read_text() == "now\n"
    assert run.store.resolve().is_relative_to(elsewhere)
