"""What Ctrl-C does to a command, from its first moment on."""

import signal
import subprocess
import sys

import pytest

from glomers.errors import EXIT_INTERRUPTED
from tests.helpers.places import ROOT


def interrupt(at, how=""):
    """Run `glomers doctor` with a Ctrl-C as soon as the module of that name is asked for."""
    program = f"""
import os, signal, sys

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == {at!r}:
            os.kill(os.getpid(), signal.SIGINT)

{how}
sys.meta_path.insert(0, Finder())
sys.argv = ["glomers", "doctor"]
from glomers.__main__ import main
sys.exit(main())
"""
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, timeout=60
    )


@pytest.mark.parametrize("at", ["glomers.cli", "glomers.bench.log", "glomers.commands.doctor"])
def test_what_is_interrupted_while_it_is_imported_ends_at_once_and_says_nothing(at):
    done = interrupt(at)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")
    assert 128 + signal.SIGINT == EXIT_INTERRUPTED  # what a shell makes of it


def test_what_is_interrupted_at_work_says_so():
    how = """
from glomers.commands import doctor
doctor.act = lambda arguments: os.kill(os.getpid(), signal.SIGINT)
"""
    done = interrupt("nothing", how)
    assert (done.returncode, done.stdout, done.stderr) == (EXIT_INTERRUPTED, "", "Interrupted.\n")


def test_what_was_started_to_endure_ctrl_c_endures_it():
    how = "signal.signal(signal.SIGINT, signal.SIG_IGN)"
    done = interrupt("glomers.bench.log", how)
    assert done.returncode >= 0
    assert "Python" in done.stdout


def test_next_to_nothing_is_imported_before_ctrl_c_ends_a_command_at_once():
    look = (
        "import signal, sys; before = set(sys.modules); import glomers.__main__; "
        "print(sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['glomers', 'glomers.__main__', 'glomers.interrupts']"
