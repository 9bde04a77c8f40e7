"""A process that works for another hears when that one lets go of it, or is gone."""

import signal
import subprocess
import sys

import pytest

from tests.helpers.processes import pids_below, running, wait_until

WORKER = """
import os, time
from functools import partial
from glomers.lifeline import when_let_go
when_let_go(partial(os._exit, 7))
time.sleep(600)
"""
OWNER = f"""
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", {WORKER!r}], stdin=subprocess.PIPE)
time.sleep(600)
"""


def test_what_is_said_on_a_lifeline_is_not_its_end():
    worker = subprocess.Popen([sys.executable, "-c", WORKER], stdin=subprocess.PIPE)
    worker.stdin.write(b"still here")
    worker.stdin.flush()
    with pytest.raises(subprocess.TimeoutExpired):
        worker.wait(0.5)
    worker.stdin.close()
    assert worker.wait(20) == 7


def test_a_worker_that_is_let_go_of_does_what_it_said():
    worker = subprocess.Popen([sys.executable, "-c", WORKER], stdin=subprocess.PIPE)
    worker.stdin.close()
    assert worker.wait(20) == 7


def test_a_worker_ends_when_its_owner_is_killed():
    owner = subprocess.Popen([sys.executable, "-c", OWNER])
    wait_until(lambda: len(pids_below(owner.pid)) == 2)
    pids = pids_below(owner.pid)
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    wait_until(lambda: not running(pids))
