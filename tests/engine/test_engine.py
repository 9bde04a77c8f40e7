"""The engine "maelstrom", on a stand-in for the real one: outcomes, launchers, ends and tails."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from glomers import lab
from glomers.challenges import CHALLENGES
from glomers.cli import main
from glomers.engine import command, guarded, outcome
from glomers.engine.guarded import Ended
from glomers.environment import ENGINES
from glomers.lab.tail import shown_tail
from tests.helpers.bench import ECHO
from tests.helpers.places import ROOT
from tests.helpers.processes import command_line, pids_below, running, wait_until

FAKE = ROOT / "tests" / "helpers" / "fake_maelstrom.py"
LINE = "test -w echo --bin nodes/echo.py --node-count 1 --time-limit 1"


@pytest.fixture
def work(tmp_path, monkeypatch):
    """A work folder with an echo node, on a machine with a stand-in for Maelstrom."""
    program = tmp_path / "opt" / "maelstrom"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {shlex.join([sys.executable, str(FAKE)])} "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("GLOMERS_MAELSTROM", str(program.parent))
    monkeypatch.setenv("GLOMERS_ENGINE", "maelstrom")
    monkeypatch.setenv("GLOMERS_WORK", str(tmp_path / "work"))
    monkeypatch.chdir(tmp_path)
    lab.workspace()
    Path("nodes/echo.py").write_text(ECHO)
    return Path.cwd()


# Outcomes


@pytest.mark.slow
def test_a_valid_run_has_all_that_a_run_of_the_bench_has(work):
    run = lab.maelstrom(f"{LINE} --rate 30", seed=7, clock="virtual")
    assert (run.engine, run.valid, run.clock, run.seed) == ("maelstrom", True, None, None)
    assert run.command == f"maelstrom {LINE} --rate 30"
    assert run.store.parent == work / "store" / "echo"
    assert not (run.store / "bench.json").exists()
    messages = run.messages
    assert {"echo", "echo_ok", "init", "init_ok"} == set(messages["type"])
    asked = messages[messages["type"] == "echo"]
    assert len(asked) == len(run.ops)
    assert (asked["send_s"].to_numpy() - run.ops["start_s"].to_numpy()).max() < 0.2
    assert "c" in lab.spacetime(run).svg


@pytest.mark.slow
def test_an_invalid_run_is_told_with_what_the_checkers_found(work):
    Path("nodes/echo.py").write_text(ECHO.replace('"echo"]}', '"echo"] + "!"}'))
    with pytest.raises(lab.RunFailed, match=r"The run is invalid \(workload\)") as failed:
        lab.maelstrom(LINE)
    assert "1. n0 was sent" in str(failed.value)
    assert lab.maelstrom(LINE, expect="invalid").valid is False


@pytest.mark.slow
def test_a_crashed_node_shows_its_last_lines_and_no_stack_trace(work):
    crash = 'import sys\nprint("the disk is gone", file=sys.stderr)\nsys.exit(7)\n'
    Path("nodes/echo.py").write_text(crash)
    with pytest.raises(lab.RunFailed) as failed:
        lab.maelstrom(LINE)
    assert str(failed.value).splitlines() == [
        "Node n0 crashed: it exited with status 7.",
        "Its last lines on stderr:",
        "the disk is gone",
    ]
    run = failed.value.run
    assert (run.engine, run.valid, run.verdict) == ("maelstrom", None, "broken")
    assert (run.store / "node-logs" / "n0.log").read_text() == "the disk is gone\n"
    assert lab.maelstrom(LINE, expect="broken").valid is None


def test_a_refused_command_line_is_told_in_maelstroms_words(work):
    with pytest.raises(lab.RunFailed) as failed:
        lab.maelstrom(f"{LINE} --frobnicate 3")
    assert str(failed.value) == (
        'Maelstrom refuses the command line:\nUnknown option: "--frobnicate"'
    )
    with pytest.raises(lab.RunFailed, match="Expected a --bin PATH_TO_BINARY"):
        lab.maelstrom("test -w echo")


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (f"{LINE} –-nemesis partition", "a dash that is not a hyphen"),
        (LINE.replace("echo.py", "none.py"), "There is no file nodes/none.py"),
        (LINE.replace("nodes/echo.py", "nodes"), "nodes is a folder"),
        (LINE.replace("echo.py", "text"), "nodes/text cannot be executed"),
    ],
)
def test_what_the_bench_refuses_is_refused_alike(work, line, sentence):
    Path("nodes/text").touch()
    with pytest.raises(lab.RunFailed, match=sentence):
        lab.maelstrom(line)
    refused = lab.maelstrom(line, expect="broken")
    assert (refused.engine, refused.store) == ("maelstrom", None)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "args"),
    [(f"{LINE} -- -x", ["a b"]), (LINE, ["-x", "a b"]), (f"{LINE} -- -x 'a b'", ())],
)
@pytest.mark.parametrize("engine", ENGINES)
def test_arguments_for_the_node_reach_it_by_either_engine(work, line, args, engine):
    source = ECHO.replace(
        "node = Node()", "import sys\nassert sys.argv[1:] == ['-x', 'a b']\nnode = Node()"
    )
    Path("nodes/echo.py").write_text(source)
    assert lab.maelstrom(line, args=args, engine=engine).valid is True


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_flags_of_jepsen_are_passed_on_by_either_engine(work, engine):
    line = LINE.replace("--node-count 1", "word --nodes n1 --no-ssh")
    run = lab.maelstrom(f"{line} --test-count 2", engine=engine)
    assert run.valid is True
    assert len(list((work / "store" / "echo").glob("2*"))) == 2
    assert (run.store / "node-logs" / "n1.log").exists()


@pytest.mark.slow
def test_a_dash_that_is_no_hyphen_is_fine_for_the_node(work):
    assert lab.maelstrom(f"{LINE} -- –x").valid is True


def test_what_only_the_bench_can_do_is_done_by_the_bench(work):
    line = "test -w txn-rw-register --bin nodes/echo.py --time-limit 1 --final-reads"
    assert lab.maelstrom(line, expect="any").engine == "bench"
    assert command.needs_bench(["test", "--", "--final-reads"]) is False
    assert command.needs_bench(["test", "--nemesis", "partition"]) is False
    assert command.needs_bench(["test", "--nemesis", "partition,kill"]) is True


def ended(status, out="", err=""):
    return Ended(status, out, err)


BROKEN = """INFO [2026-11-23 04:15:32,824] jepsen test runner - jepsen.core Command line:
ERROR [2026-11-23 04:15:40,012] main - jepsen.cli Oh jeez, I'm sorry, Jepsen broke. Here's why:
clojure.lang.ExceptionInfo: Expected node n0 to respond to an init message.
\tat maelstrom.db$db$reify__32275.setup_BANG_(db.clj:68)
\tat jepsen.db$fn__8703$G__8699__8707.invoke(db.clj:11)
\t... 12 common frames omitted
"""


@pytest.mark.parametrize(
    ("end", "lines"),
    [
        (
            ended(255, BROKEN),
            [
                "The test is broken; Maelstrom says:",
                "clojure.lang.ExceptionInfo: Expected node n0 to respond to an init message.",
            ],
        ),
        (
            ended(127, err="/opt/maelstrom: line 6: exec: java: not found\n"),
            ["Maelstrom needs Java, which is not installed: `glomers doctor` says how to get it."],
        ),
        (
            ended(137),
            [
                "Maelstrom was ended from outside, by signal 9. Signal 9 often means that memory "
                "ran out."
            ],
        ),
        (ended(143), ["Maelstrom was ended from outside, by signal 15."]),
        (
            ended(1, err="Error: LinkageError occurred while loading main class maelstrom.core\n"),
            [
                "Maelstrom ended without a store:",
                "Error: LinkageError occurred while loading main class maelstrom.core",
            ],
        ),
        (ended(127, err="maelstrom cannot be started: …"), ["maelstrom cannot be started: …"]),
        (ended(99), ["The test is broken; Maelstrom says:"]),
    ],
)
def test_every_status_has_words(work, end, lines):
    left = outcome.left_by("maelstrom", end, frozenset())
    assert left.explanation.strip().splitlines() == lines
    assert (left.engine, left.folder) == ("maelstrom", None)


def test_a_long_report_of_a_crash_is_cut_and_read_in_linear_time():
    start = "Node n0 crashed with exit status 1. Before crashing, it wrote to STDOUT:\n\n"
    told = outcome._crash(start * 20_000 + "out\n" * 1000 + "\n\nAnd to STDERR:\n\nerr\n\nFull STD")
    assert told.splitlines()[:4] == [
        "Node n0 crashed: it exited with status 1.",
        "Its last lines on stderr:",
        "err",
        "",
    ]
    assert len(told.splitlines()) < 60


def test_a_store_that_was_there_before_is_not_taken_for_the_new_one(work):
    """A node can write the name of any store, and it gets into what a test prints."""
    old = lab.maelstrom(LINE, engine="bench")
    name = os.path.relpath(old.store)
    liar = ended(0, f"INFO {name}\n", f"Store: {name}\n")
    left = outcome.left_by("bench", liar, outcome.stores())
    assert left.folder is None


def test_a_test_that_could_not_name_its_store_has_begun_the_newest(work):
    for name in ("store/kafka/20260101T000000.000Z", "store/echo/20260101T000000.001Z"):
        Path(name).mkdir(parents=True)
        Path(name, "history.edn").touch()
    killed = outcome.left_by("bench", ended(137), frozenset())
    assert killed.folder.path.parent.name == "echo"
    refused = outcome.left_by("bench", ended(254, err="There is no file x."), frozenset())
    assert refused.folder is None, "another test is at work in the same folder"


# Launchers


def test_a_launcher_finds_its_interpreter_from_any_folder_and_through_links(work):
    Path("nodes/own").symlink_to(work / "nodes" / "echo.py")
    words = command.for_maelstrom(["test", "--bin", "nodes/echo.py", "--", "--seed", "x"])
    assert words[3:] == ["--", "--seed", "x"], "the node's own arguments are its own"
    launcher = Path(words[2]).resolve()
    done = subprocess.run(
        [launcher],
        input='{"src":"c1","dest":"n1","body":{"type":"init","msg_id":1,"node_id":"n1",'
        '"node_ids":["n1"]}}\n',
        capture_output=True,
        text=True,
        cwd="/",
        env={"PATH": "/usr/bin:/bin"},
        timeout=60,
        check=True,
    )
    assert json.loads(done.stdout)["body"]["type"] == "init_ok"


def test_nodes_of_one_name_in_two_folders_have_two_launchers(work):
    Path("other").mkdir()
    Path("other/echo.py").write_text(ECHO)
    first, second = (
        command.for_maelstrom(["test", f"--bin={path}"])[2]
        for path in ("nodes/echo.py", "other/echo.py")
    )
    assert first != second
    assert command.for_maelstrom(["test", "--bin", "nodes/echo.py"])[2] == first


@pytest.mark.parametrize("program", ["nodes/echo.py", "nodes/x.sh"])
def test_a_node_has_one_name_with_and_without_a_launcher(work, program):
    words = ["test", "--bin", program]
    assert command.node_name(words) == Path(program).stem
    assert command.node_name(command.for_maelstrom(words)) == Path(program).stem


def test_a_program_of_another_language_is_started_as_it_is(work):
    assert command.for_maelstrom(["test", "--bin", "nodes/x.sh"]) == ["test", "--bin", "nodes/x.sh"]


@pytest.mark.parametrize(
    "name", ["a b.py", "$(touch pwned).py", "';touch pwned'.py", "a\ntouch pwned\n.py"]
)
def test_no_name_of_a_node_runs_anything(work, name):
    Path("nodes", name).write_text(ECHO)
    (launcher,) = command.for_maelstrom(["test", "--bin", f"nodes/{name}"])[2:]
    subprocess.run([f"./{launcher}"], stdin=subprocess.DEVNULL, timeout=60, check=True)
    assert not list(work.rglob("pwned"))


# Ends


OWNER = """
import sys
from glomers import lab
from glomers.engine import seam
seam.DEADLINE_S = float(sys.argv[1])
try:
    lab.maelstrom("test -w echo --bin nodes/echo.py --node-count 3 --time-limit 600")
except KeyboardInterrupt:
    sys.exit(42)
except lab.RunFailed as error:
    print(error)
    sys.exit(43)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("deadline_s", "number", "status"),
    [(600, signal.SIGINT, 42), (600, signal.SIGKILL, -signal.SIGKILL), (4, None, 43)],
    ids=["interrupt", "kill", "deadline"],
)
def test_whatever_ends_the_test_ends_maelstrom_and_all_nodes(work, deadline_s, number, status):
    owner = subprocess.Popen([sys.executable, "-c", OWNER, str(deadline_s)], cwd=work)
    log = work / "store" / "current" / "node-logs" / "n2.log"
    wait_until(log.exists)
    pids = pids_below(owner.pid)
    assert len(pids) >= 6, "the owner, the guard, Maelstrom, the bench in it, three nodes"
    if number:
        owner.send_signal(number)
    assert owner.wait(30) == status
    wait_until(lambda: not running(pids), patience_s=5)


JAVA = """
import java.nio.file.Files;
import java.nio.file.Path;

public class Main {
  public static void main(String[] args) throws Exception {
    Runtime.getRuntime().addShutdownHook(new Thread(() -> {
      try { Thread.sleep(600_000); } catch (InterruptedException e) { }
    }));
    for (int i = 0; i < 2; i++) new ProcessBuilder("sleep", "600").start();
    Files.createFile(Path.of("started"));
    Thread.sleep(600_000);
  }
}
"""


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("java") is None, reason="Java is not installed")
@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGINT, 42), (signal.SIGKILL, -signal.SIGKILL)],
    ids=["interrupt", "kill"],
)
def test_a_java_machine_that_will_not_go_is_ended_with_its_nodes(work, number, status):
    """Its shutdown hook sleeps on, as when a test is in the middle of its analysis."""
    (work / "Main.java").write_text(JAVA)
    program = Path(os.environ["GLOMERS_MAELSTROM"]) / "maelstrom"
    # Like Maelstrom's own script, it finds what it runs beside itself.
    main_file = shlex.quote(str(work / "Main.java"))
    program.write_text(f"#!/bin/sh\nexec java -XX:TieredStopAtLevel=1 {main_file}\n")
    owner = subprocess.Popen([sys.executable, "-c", OWNER, "600"], cwd=work)
    wait_until((work / "started").exists, patience_s=60)
    pids = pids_below(owner.pid)
    assert sum("sleep 600" in command_line(pid) for pid in pids) == 2
    assert sum(command_line(pid).startswith("java ") for pid in pids) == 1
    owner.send_signal(number)
    assert owner.wait(30) == status
    wait_until(lambda: not running(pids), patience_s=5)


@pytest.mark.parametrize("how", ["PATH", "GLOMERS_MAELSTROM"])
def test_a_link_to_maelstrom_finds_the_jar_beside_the_program(work, monkeypatch, how):
    """The script of a release starts `lib/maelstrom.jar` beside the name that it is called by."""
    real = work / "release" / "maelstrom"
    (real.parent / "lib").mkdir(parents=True)
    (real.parent / "lib" / "jar").write_text("")
    real.write_text('#!/bin/sh\ntest -e "$(dirname "$0")/lib/jar" || exit 1\nexit 254\n')
    real.chmod(0o755)
    (work / "bin").mkdir()
    (work / "bin" / "maelstrom").symlink_to(real)
    monkeypatch.delenv("GLOMERS_MAELSTROM")
    if how == "PATH":
        monkeypatch.setenv("PATH", f"{work / 'bin'}{os.pathsep}{os.environ['PATH']}")
    else:
        monkeypatch.setenv("GLOMERS_MAELSTROM", str(work / "bin"))
    with pytest.raises(lab.RunFailed, match="Maelstrom refuses the command line"):
        lab.maelstrom(LINE)


# Tails


@pytest.mark.slow
def test_the_newest_line_is_shown_at_most_once_in_a_while(work, monkeypatch):
    monkeypatch.setattr(guarded, "TAIL_INTERVAL_S", 0.3)
    shown = []
    run = lab.maelstrom(LINE.replace("limit 1", "limit 2"), tail=shown.append)
    assert run.valid is True
    assert 2 <= len(shown) <= 40
    assert len(set(shown)) == len(shown), "a line is shown once"
    assert any(":operation" in line for line in shown)


def test_outside_of_notebooks_the_tail_goes_to_stderr_without_control_characters(work, capsys):
    with shown_tail() as tail:
        tail("one\ttwo\x1b[2J\x00" + "x" * 300)
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(r"one two\[2Jx+…\n", err)
    assert len(err) == 121


NOTEBOOK_CELL = """
import os, time
from glomers import lab
from glomers.engine import guarded
guarded.TAIL_INTERVAL_S = 0.2
lab.workspace()
lab.maelstrom({line!r})
"""


@pytest.mark.slow
def test_in_a_notebook_the_tail_goes_away_and_leaves_the_run(work):
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    cell = nbformat.v4.new_code_cell(NOTEBOOK_CELL.format(line=LINE))
    notebook = nbformat.v4.new_notebook(cells=[cell])
    nbclient.NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    *tails, result = notebook.cells[0].outputs
    assert [output.data for output in tails] == [{"text/plain": ""}]
    assert result.data["text/plain"].startswith("✓ valid\nmaelstrom test -w echo")


# From the command line


@pytest.mark.slow
def test_a_challenge_runs_on_it(work, capsys, monkeypatch):
    monkeypatch.delenv("GLOMERS_ENGINE")
    monkeypatch.setitem(CHALLENGES, "1", quick_echo())
    assert main(["challenge", "1", "--engine", "maelstrom", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["engine"], said["valid"]) == ("maelstrom", True)
    assert said["command"].startswith("maelstrom test -w echo --node-count 1 ")


def quick_echo():
    return replace(CHALLENGES["1"], flags="-w echo --node-count 1 --time-limit 1")


@pytest.mark.slow
def test_a_batch_runs_on_it(work, tmp_path, capsys):
    nbformat = pytest.importorskip("nbformat")
    source = (
        "from glomers import lab\nfrom pathlib import Path\nlab.workspace()\n"
        f"Path('nodes/echo.py').write_text({ECHO!r})\n"
        f"run = lab.maelstrom({LINE!r})\nassert run.engine == 'maelstrom'\n"
        "assert len(run.messages)"
    )
    cells = [nbformat.v4.new_code_cell(source)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "x", "language": "python"}
    nbformat.write(notebook, tmp_path / "01-echo.ipynb")
    out = tmp_path / "out"
    words = ["run", str(tmp_path / "01-echo.ipynb"), "--engine", "maelstrom", "--out", str(out)]
    assert main(words) == 0, capsys.readouterr()
    assert json.loads((out / "batch.json").read_text())["engine"] == "maelstrom"
