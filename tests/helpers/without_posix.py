"""What Windows lacks, taken away from all Pythons that see a folder on their search path."""

import os
import subprocess
import sys

from tests.helpers.places import ROOT

LACKING = """
import os, signal, socket, subprocess, sys

for name in ("resource", "fcntl", "termios", "pwd", "grp"):
    sys.modules[name] = None
for name in (
    *("fork", "forkpty", "posix_spawn", "posix_spawnp", "killpg", "setsid", "getpgid", "getpgrp"),
    *("sched_getaffinity", "sched_setaffinity", "register_at_fork", "getrandom"),
):
    delattr(os, name)
for name in (
    *("setitimer", "ITIMER_REAL", "ITIMER_PROF", "SIGALRM", "SIGPROF", "SIGXCPU"),
    *("SIGSTOP", "SIGCONT", "SIGHUP", "SIGCHLD", "pthread_sigmask"),
):
    delattr(signal, name)
for name in ("send_fds", "recv_fds"):
    delattr(socket, name)


def symlink(*args, **kwargs):
    raise OSError(1314, "A required privilege is not held by the client")


os.symlink = symlink
begin = subprocess.Popen.__init__


def begin_there(self, *args, pass_fds=(), preexec_fn=None, **kwargs):
    assert not pass_fds and preexec_fn is None, "not supported on Windows"
    begin(self, *args, **kwargs)


subprocess.Popen.__init__ = begin_there
"""


def python(folder, *words, timeout_s=120):
    """Run Python with these words in a folder, as if on Windows; returns how it ended."""
    lacking = folder / "lacking"
    lacking.mkdir(exist_ok=True)
    (lacking / "sitecustomize.py").write_text(LACKING, encoding="utf-8")
    paths = os.pathsep.join(map(str, (lacking, ROOT)))
    return subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
