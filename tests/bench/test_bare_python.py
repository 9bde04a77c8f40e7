"""A test in virtual time needs nothing but Python: what other systems lack is taken away first."""

import json
import subprocess
import sys

import pytest

from tests.helpers.places import ROOT, SOLUTIONS

BARE = """
import os, signal, sys, threading, time

for name in ("orjson", "resource", "fcntl", "termios", "_multiprocessing", "pandas", "numpy"):
    sys.modules[name] = None
for name in (
    *("fork", "forkpty", "posix_spawn", "posix_spawnp", "killpg", "setsid", "getpgid", "getrandom"),
    *("sched_getaffinity", "register_at_fork"),
):
    delattr(os, name)
for name in (
    *("setitimer", "ITIMER_PROF", "SIGALRM", "SIGKILL", "SIGPROF", "SIGXCPU", "SIGSTOP"),
    *("SIGCONT", "pthread_sigmask"),
):
    delattr(signal, name)
for name in ("thread_time", "thread_time_ns", "clock_gettime", "clock_gettime_ns"):
    delattr(time, name)


def start(self):
    raise RuntimeError("there are no threads")


threading.Thread.start = start
"""
RUN = (
    BARE
    + """
import json
from pathlib import Path
from glomers.workshop.desk import Desk

desk = Desk(Path(sys.argv[1]), lambda text: None)
reply = json.loads(desk.answer(sys.argv[2]))
print(json.dumps(reply["valid"]), reply["summary"])
"""
)
IMPORTS = (
    BARE
    + """
import importlib
for name in sys.argv[1:]:
    importlib.import_module(name)
"""
)
OF_PROCESSES = (
    *("glomers.bench.hosts.cage", "glomers.bench.hosts.driven", "glomers.bench.hosts.lockstep"),
    *("glomers.bench.hosts.nursery", "glomers.bench.hosts.offspring"),
    *("glomers.explore.workers", "glomers.workshop.grading", "glomers.workshop.class_page"),
)
"""What nobody needs where there are no other processes."""
COMMANDS = {
    "broadcast_retry": "-w broadcast --node-count 5 --rate 10 --time-limit 5 --nemesis partition",
    "log_ordered": "-w kafka --node-count 2 --concurrency 2n --rate 100 --time-limit 2",
}


def _python(*words):
    environment = {"PYTHONHASHSEED": "0", "PATH": ""}
    done = subprocess.run(
        [sys.executable, "-c", *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_a_test_runs_where_there_is_nothing_but_python(tmp_path, name):
    request = {
        "kind": "run",
        "files": {"node.py": (SOLUTIONS / f"{name}.py").read_text(encoding="utf-8")},
        "command": f"test {COMMANDS[name]} --bin node.py",
        "seed": 0,
        "challenge": None,
    }
    assert _python(RUN, str(tmp_path / "desk"), json.dumps(request)).startswith("true ✓ valid")


def test_all_that_virtual_time_needs_can_be_imported_there():
    rooms = ("formats", "reading", "drawing", "bench", "explore", "engine", "workshop")
    paths = [path for room in rooms for path in (ROOT / "glomers" / room).rglob("*.py")]
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths]
    left_out = ("glomers.engine.maelstrom.", "glomers.workshop.answers.", *OF_PROCESSES)
    _python(IMPORTS, *(n for n in names if not n.startswith(left_out) and "__init__" not in n))
