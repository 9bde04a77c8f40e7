"""Whatever is killed, nothing that it started is left behind five seconds later."""

import signal
import subprocess
import sys

import pytest

from tests.helpers import programs
from tests.helpers.bench import ECHO
from tests.helpers.processes import command_line, pids_below, running, wait_until
from tests.helpers.series import Series

GONE_WITHIN_S = 5
KILLS = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=["term", "kill"])

CELL = f"""
from pathlib import Path
from glomers import lab
lab.workspace()
Path("nodes/echo.py").write_text({ECHO!r})
lab.maelstrom("test -w echo --bin nodes/echo.py --node-count 2 --time-limit 600", clock="real")
"""


def started(pid):
    """Whether nodes and keeper run: until they do, a fork bears the command line of its bench."""
    lines = [command_line(below) for below in pids_below(pid)]
    return [sum(name in line for line in lines) for name in ("echo.py", "keeper.py")] == [2, 1]


def is_bench(pid):
    """Whether it is the last of the forks: the bench, which its guard made."""
    return "--forks" in command_line(pid) and not any(
        "--forks" in command_line(below) for below in pids_below(pid) - {pid}
    )


VICTIMS = {
    "papermill": lambda pid: "glomers.series.runner" in command_line(pid),
    "kernel": lambda pid: "ipykernel_launcher" in command_line(pid),
    "bench": is_bench,
}


@pytest.fixture
def batch(tmp_path):
    """A batch whose notebook is in the middle of a test with two nodes on the real clock."""
    series = Series(tmp_path / "project")
    series.write("01-slow", CELL)
    process = series.start("run", "--out", "out")
    try:
        wait_until(lambda: started(process.pid), patience_s=60)
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    wait_until(lambda: not series.processes(), GONE_WITHIN_S)


@pytest.mark.slow
@KILLS
@pytest.mark.parametrize("victim", VICTIMS)
def test_no_process_outlives_what_started_it(batch, victim, number):
    ours = pids_below(batch.pid)
    chosen = [pid for pid in ours if VICTIMS[victim](pid)]
    assert len(chosen) == 1, [command_line(pid) for pid in ours]
    doomed = pids_below(chosen[0])
    assert started(chosen[0])
    subprocess.run(["kill", f"-{number}", str(chosen[0])], check=True)
    wait_until(lambda: not running(doomed), GONE_WITHIN_S)


# A node that nothing but a signal ends: it has a child, and goes on when its stdin is closed.
STUBBORN = f"""{programs.PYTHON}import signal, subprocess, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen(["sleep", "600"])
{ECHO}
time.sleep(600)
"""


@pytest.mark.slow
@KILLS
def test_stubborn_nodes_and_their_children_end_with_the_bench(tmp_path, number):
    node = tmp_path / "stubborn.py"
    node.write_text(STUBBORN)
    node.chmod(0o755)
    command = [sys.executable, "-m", "glomers", "bench", "test", "-w", "echo", "--bin", str(node)]
    flags = ["--clock", "real", "--node-count", "2", "--time-limit", "600"]
    bench = subprocess.Popen([*command, *flags], cwd=tmp_path, stdout=subprocess.DEVNULL)
    history = tmp_path / "store" / "current" / "history.edn"
    sleepers = "sleep 600"
    wait_until(
        lambda: (
            sum(sleepers in command_line(pid) for pid in pids_below(bench.pid)) == 2
            and history.exists()
        )
    )
    everybody = pids_below(bench.pid)
    bench.send_signal(number)
    bench.wait(30)
    wait_until(lambda: not running(everybody), GONE_WITHIN_S)


# A child that leaves the node's process group, as daemons do, and is nobody's child any more.
DAEMON = f"""{programs.PYTHON}import os, subprocess, sys
if os.fork() == 0:
    os.setsid()
    child = subprocess.Popen(["sleep", "600"], stdout=subprocess.DEVNULL, start_new_session=True)
    with open(os.path.join(os.path.dirname(__file__), "pid.new"), "w") as file:
        print(child.pid, file=file)
    os.rename(file.name, file.name.removesuffix(".new"))
    os._exit(0)
os.wait()
{ECHO}
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="daemons are found by what Linux shows of them")
@pytest.mark.parametrize("number", [None, signal.SIGTERM, signal.SIGKILL], ids=["end", "t", "k"])
def test_a_nodes_daemon_ends_with_the_bench_too(tmp_path, number):
    node = tmp_path / "daemon.py"
    node.write_text(DAEMON)
    node.chmod(0o755)
    command = [sys.executable, "-m", "glomers", "bench", "test", "-w", "echo", "--bin", str(node)]
    flags = ["--clock", "real", "--node-count", "1", "--time-limit", "600" if number else "3"]
    bench = subprocess.Popen([*command, *flags], cwd=tmp_path, stdout=subprocess.DEVNULL)
    wait_until((tmp_path / "pid").exists)
    daemon = int((tmp_path / "pid").read_text())
    assert "sleep" in command_line(daemon)
    assert daemon not in pids_below(bench.pid)
    if number:
        bench.send_signal(number)
    bench.wait(30)
    wait_until(lambda: not running({daemon}), GONE_WITHIN_S)
