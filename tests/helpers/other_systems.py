"""What other systems lack, taken away from all Pythons that see a folder on their search path."""

import os
import subprocess
import sys

from tests.helpers.places import ROOT

ON_WINDOWS = """
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


ON_MACOS = """
import builtins, errno, glob, io, os, platform, resource, selectors, socket, sys, types
from contextlib import suppress

sys.platform = "darwin"
sys.modules["_scproxy"] = proxies = types.ModuleType("_scproxy")
proxies._get_proxy_settings = proxies._get_proxies = dict
platform.system, platform.machine = lambda: "Darwin", lambda: "arm64"
for name in ("sched_getaffinity", "sched_setaffinity", "pipe2", "memfd_create", "pidfd_open"):
    delattr(os, name)
del socket.SOCK_CLOEXEC, socket.SOCK_NONBLOCK
look, begin, end, pair, search = io.open, os.fork, os.killpg, socket.socketpair, glob.glob


def look_there(file, *args, **kwargs):
    if str(file).startswith("/proc"):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), file)
    return look(file, *args, **kwargs)


def pair_there(family=None, type=socket.SOCK_STREAM, proto=0):
    if type == socket.SOCK_SEQPACKET:
        raise OSError(errno.EPROTONOSUPPORT, "Protocol not supported")
    return pair(family, type, proto)


def state_and_group(stat):
    with suppress(OSError), look(stat) as file:
        fields = file.read().rpartition(")")[2].split()
        return fields[0], int(fields[2])
    return "X", -1


def end_there(group, number):
    found = map(state_and_group, search("/proc/[0-9]*/stat"))
    if {state for state, its_group in found if its_group == group} == {"Z"}:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
    end(group, number)


io.open = builtins.open = look_there
glob.glob = lambda path, **kwargs: [] if path.startswith("/proc") else search(path, **kwargs)
socket.socketpair, os.killpg = pair_there, end_there

bound = resource.setrlimit


def bound_there(which, limits):
    if which == resource.RLIMIT_AS:
        raise ValueError("current limit exceeds maximum limit")
    bound(which, limits)


resource.setrlimit = bound_there


class Kqueue(selectors.EpollSelector):
    "Takes a plain file, and says nothing of its end."

    def register(self, fileobj, events, data=None):
        try:
            return super().register(fileobj, events, data)
        except PermissionError:
            read, self.never_ends = os.pipe()
            return super().register(read, events, data)


selectors.DefaultSelector = Kqueue
"""


def python(folder, lacking, *words, timeout_s=120, **more):
    """Run Python with these words in a folder, as if on a system that lacks this."""
    taken_away = folder / "lacking"
    taken_away.mkdir(exist_ok=True)
    (taken_away / "sitecustomize.py").write_text(lacking, encoding="utf-8")
    paths = os.pathsep.join(map(str, (taken_away, ROOT)))
    return subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
        **more,
    )
