"""Nodes that misbehave end in a sentence about them, with the store kept and nobody left behind."""

import signal
import subprocess
import sys
import time
from pathlib import Path
from shlex import quote

import pytest

from glomers.bench import cluster, sandbox
from glomers.bench.hosts import process
from tests.helpers.bench import ECHO, SHORT
from tests.helpers.processes import running, wait_until

pytestmark = pytest.mark.slow  # many wait for nodes that hang

REAL = ("--clock", "real", *SHORT)


def with_body(body: str) -> str:
    """An echo node whose handler does something else first."""
    return ECHO.replace("    return", f"    {body}\n    return")


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    for name in ("HANG_S", "HANG_CPU_S", "SPIN_S", "SPIN_CPU_S"):
        monkeypatch.setattr(sandbox, name, 0.5)
    monkeypatch.setattr("glomers.bench.clients.INIT_TIMEOUT_S", 10.0)


def test_a_syntax_error_is_shown_with_its_line(bench):
    outcome = bench.test(bench.node("from glomers.node import Node\nnode = = Node()\n"), *SHORT)
    assert outcome.status == 255
    assert "Node n0 cannot start: line 2 of node.py is not Python" in outcome.err


def test_a_crash_at_start_shows_the_exception_and_the_log(bench):
    outcome = bench.test(bench.node(ECHO + "1 / 0\n".replace("1", "1", 1), "late.py"), *SHORT)
    assert outcome.status == 0, "what stands behind node.run() is not reached"
    outcome = bench.test(bench.node("from glomers.node import Node\n1 / 0\n"), *SHORT)
    assert outcome.status == 255
    assert "Node n0 crashed while it started: ZeroDivisionError" in outcome.err
    assert "line 2" in outcome.read("node-logs/n0.log")


def test_a_node_that_never_calls_run_is_told_to(bench):
    outcome = bench.test(bench.node("from glomers.node import Node\nnode = Node()\n"), *SHORT)
    assert outcome.status == 255
    assert "n0 ended without a call of node.run()" in outcome.err


def test_a_loop_without_await_is_interrupted(bench):
    outcome = bench.test(bench.node(with_body("while True: pass")), *SHORT)
    assert outcome.status == 255
    assert "Node n0 hangs: virtual time stands still" in outcome.err
    assert ":invoke" in outcome.read("history.edn")


def test_a_task_that_never_pauses_is_interrupted(bench):
    source = ECHO.replace("def echo", "async def echo").replace(
        "    return", "    while True: await asyncio.sleep(0)\n    return"
    )
    outcome = bench.test(bench.node("import asyncio\n" + source), *SHORT)
    assert outcome.status == 255
    assert "n0 hangs" in outcome.err


def test_a_node_that_floods_the_network_is_stopped(bench, monkeypatch):
    monkeypatch.setattr(sandbox, "HANG_CPU_S", 5.0)
    monkeypatch.setattr("glomers.bench.network.MAX_IN_FLIGHT", 20_000)
    flood = 'while True: node.send("n0", {"type": "more"})'
    outcome = bench.test(bench.node(with_body(flood)), *SHORT)
    assert outcome.status == 255
    assert "20,000 messages are under way" in outcome.err


def test_a_node_that_never_answers_leaves_its_operations_open_and_the_run_invalid(bench):
    source = with_body("return None")
    outcome = bench.test(bench.node(source), "--node-count", "1", "--time-limit", "6")
    assert outcome.status == 1
    assert ":net-timeout" in outcome.read("history.edn")


def test_a_node_that_never_answers_init_breaks_the_test(bench):
    source = "import asyncio\n" + ECHO.replace(
        "node = Node()",
        "node = Node()\n\n\n@node.on_init\nasync def stall():\n    await asyncio.sleep(60)",
    )
    outcome = bench.test(bench.node(source), *SHORT)
    assert outcome.status == 255
    assert "Node n0 did not answer while it was set up: it had 10 s" in outcome.err


def test_a_node_that_leaves_breaks_the_test(bench):
    for way in ("import sys; sys.exit(3)", "import os; os._exit(3)", "raise SystemExit(3)"):
        for source in (with_body(way), with_body(way).replace("def echo", "async def echo")):
            outcome = bench.test(bench.node(source), *SHORT)
            assert outcome.status == 255
            assert "n0 crashed: it left with exit status 3" in outcome.err


def test_print_goes_to_the_log_with_an_explanation(bench):
    outcome = bench.test(bench.node(with_body('print("garbage")')), *SHORT)
    assert outcome.status == 0
    log = outcome.read("node-logs/n0.log")
    assert "garbage" in log
    assert "stdout is for messages" in log


def test_a_message_to_nobody_is_noted_and_the_last(bench):
    outcome = bench.test(bench.node(with_body('node.send("n77", {"type": "hi"})')), *SHORT)
    assert outcome.status == 1
    assert "'n77'" in outcome.err


def test_blocking_sleep_and_threads_explain_themselves(bench):
    for body, word in (
        ("import time; time.sleep(1)", "await asyncio.sleep"),
        ("import threading; threading.Thread(target=print).start()", "threads do not exist"),
    ):
        outcome = bench.test(bench.node(with_body(body)), *SHORT)
        assert outcome.status == 1
        assert word in outcome.read("history.edn")


def test_a_handler_that_catches_everything_cannot_hold_the_bench_up(bench, tmp_path):
    body = "while True:\n        try:\n            while True: pass\n        except: pass"
    bench.node(with_body(body))
    script = (
        "import sys; from glomers import cli; from glomers.bench import sandbox; "
        "sandbox.HANG_CPU_S = 0.3; "
        "words = ['-w', 'echo', '--bin', 'node.py', '--node-count', '1']; "
        "sys.exit(cli.main(['bench', 'test', *words]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path, timeout=60
    )
    assert done.returncode == 255
    assert "n0 hangs" in done.stderr
    assert (tmp_path / "store" / "echo").exists()


def spins(body):
    """What is told of a process that does this once it has been sent a message."""
    return f"import sys, time\nsys.stdin.readline()\n{body}\n"


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc tells how much it works")
@pytest.mark.parametrize(("body", "hangs"), [("while True: pass", True), ("time.sleep(60)", False)])
def test_a_process_that_works_and_never_answers_is_told_to_hang_and_one_that_sleeps_is_not(
    bench, monkeypatch, body, hangs
):
    monkeypatch.setattr(process, "HANG_S", 0.5)
    monkeypatch.setattr(process, "HANG_CPU_S", 0.3)
    monkeypatch.setattr(process, "LEAST_AT_WORK", 0.0)
    monkeypatch.setattr(cluster, "INIT_TIMEOUT_S", 2)
    outcome = bench.test(bench.program(spins(body)), *REAL)
    assert outcome.status == 255
    assert ("as in a loop that never ends" in outcome.read("jepsen.log")) == hangs


def test_a_process_that_exits_breaks_the_test_with_its_last_lines(bench):
    node = bench.program("import sys\nprint('oh no', file=sys.stderr)\nsys.exit(7)\n")
    outcome = bench.test(node, *REAL)
    assert outcome.status == 255
    assert "Node n0 crashed: it exited with status 7" in outcome.err
    assert "oh no" in outcome.err


def test_a_process_that_is_no_program_is_explained(bench):
    path = bench.node("neither a script nor a binary", "node")
    outcome = bench.test(path, *REAL)
    assert outcome.status == 255
    assert "chmod +x" in outcome.err
    path.chmod(0o755)
    outcome = bench.test(path, *REAL)
    assert outcome.status == 255
    assert "it exited with status 127" in outcome.err
    assert "it has no #! line, so /bin/sh ran it" in outcome.err


def test_a_script_whose_first_line_begins_invisibly_is_explained(bench):
    path = bench.node("\ufeff#!/bin/sh\nexit 0\n", "node")
    path.chmod(0o755)
    said = bench.test(path, *REAL).err
    assert "a byte-order mark stands before its #! line, so /bin/sh ran it" in said


NO_INTERPRETERS = [
    ("#!/no/such/interpreter -x\n", "names /no/such/interpreter, which does not exist."),
    ("#! \tno-such-thing\n", "names no-such-thing, which does not exist."),
    ("#!/bin/sh\r\necho\r\n", "names /bin/sh^M, which does not exist: has the file Windows line"),
    ("#!/usr/bin\n", "names /usr/bin, which cannot be executed."),
]


@pytest.mark.parametrize(("text", "sentence"), NO_INTERPRETERS)
def test_an_interpreter_that_is_not_there_is_named(bench, text, sentence):
    path = bench.folder / "node"
    path.write_bytes(text.encode())
    path.chmod(0o755)
    outcome = bench.test(path, *REAL)
    assert outcome.status == 255
    assert f"Node n0 cannot start: the first line of {path} {sentence}" in outcome.err


def test_a_script_without_a_first_line_that_names_a_shell_runs(bench):
    bench.node(ECHO)
    script = bench.node(f'exec {quote(sys.executable)} "$(dirname "$0")/$1"\n', "script")
    script.chmod(0o755)
    outcome = bench.test(script, *REAL, "--", "node.py")
    assert outcome.status == 0, outcome.err


def test_no_process_is_left_behind_even_by_a_node_that_forks(bench, tmp_path):
    pid_file = tmp_path / "child.pid"
    source = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open({str(pid_file)!r}, "w").write(str(child.pid))
{ECHO}
"""
    outcome = bench.test(bench.program(source), *REAL)
    assert outcome.status == 0
    pid = int(pid_file.read_text())
    wait_until(lambda: not running({pid}))


def test_sigterm_ends_the_bench_and_its_nodes_and_keeps_the_store(bench, tmp_path):
    pid_file = tmp_path / "node.pid"
    source = f"import os\nopen({str(pid_file)!r}, 'w').write(str(os.getpid()))\n{ECHO}"
    node = bench.program(source)
    command = [sys.executable, "-m", "glomers", "bench", "test", "-w", "echo", "--bin", str(node)]
    flags = ["--clock", "real", "--node-count", "1", "--time-limit", "60"]
    process = subprocess.Popen([*command, *flags], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    wait_until(lambda: (tmp_path / "store/current/node-logs/n0.log").exists() and pid_file.exists())
    time.sleep(1)
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Interrupted" in out
    pid = int(pid_file.read_text())
    wait_until(lambda: not running({pid}))
    assert ":invoke" in (tmp_path / "store/current/history.edn").read_text()


@pytest.mark.slow  # it has to work for some seconds
def test_a_call_that_works_without_end_ends_with_its_process(tmp_path):
    node = tmp_path / "sums.py"
    node.write_text(
        "from glomers.node import Node\n\nnode = Node()\nsum(range(10**12))\nnode.run()\n",
        encoding="utf-8",
    )
    words = ["bench", "test", "-w", "echo", "--bin", str(node), "--time-limit", "1"]
    ended = subprocess.run(
        [sys.executable, "-m", "glomers", *words], cwd=tmp_path, capture_output=True, check=False
    )
    assert ended.returncode == -signal.SIGPROF
