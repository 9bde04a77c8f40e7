"""Where nodes are kept that nobody trusts: layers around the processes of lockstep.

The variable `GLOMERS_CAGE` says which layers there are.  `limits` are those that every Linux has:
bounds on time, memory, files and processes, an environment without anything of ours, and a filter
of system calls; elsewhere memory is not bounded, and no call is filtered.  With `bubblewrap` a node
also sees none of the machine but Python, this package without its solutions, and its own file, all
of it to read only, and there is no network.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from glomers.bench.hosts import syscalls
from glomers.environment import CAGE, IS_LINUX, OF_RUNS, cage_kind
from glomers.launcher import PACKAGE_ROOT

BUBBLEWRAP, LIMITS = "bubblewrap", "limits"
MOST_BYTES = 128 << 20
"""How much memory a node may have, all that Python takes included."""
CPU_S = 60
"""How much a node may work in its life, in seconds."""
_OPEN_FILES = 64
_PATIENCE_S = 20
_HIDDEN = ("solutions", "workshop", "lab", "series")
"""What of this package no node may look at: answers, and what it has no use for."""


def why_no_bubblewrap() -> str | None:
    """What keeps nodes from being kept in bubblewrap here, found out by trying; None: nothing."""
    if reason := syscalls.why_not_filtered():
        return reason
    if shutil.which("bwrap") is None:
        return "bubblewrap (bwrap) is not installed"
    command = [*walls(PACKAGE_ROOT / "glomers"), sys.executable, "-P", "-c", "import glomers.node"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE_S)
    except (OSError, subprocess.SubprocessError) as error:
        return f"bubblewrap does not start ({type(error).__name__})"
    last = (done.stderr.strip().splitlines() or ["without a word"])[-1]
    return f"bubblewrap fails here ({last})" if done.returncode else None


def walls(folder: Path) -> list[str]:
    """The words that put a command into bubblewrap, where it sees `folder` but cannot write."""
    words = ["bwrap", "--unshare-all", "--die-with-parent", "--clearenv", "--chdir", "/"]
    for name, value in environment().items():
        words += ["--setenv", name, value]
    for path in _system():
        words += ["--symlink", os.readlink(path), path] if os.path.islink(path) else _seen(path)
    for path in _ours(folder):
        words += _seen(path)
    for name in _HIDDEN:
        hidden = str(PACKAGE_ROOT / "glomers" / name)
        words += ["--tmpfs", hidden, "--remount-ro", hidden]
    words += ["--dev-bind", "/dev/null", "/dev/null", "--ro-bind", "/dev/urandom", "/dev/urandom"]
    return [*words, "--remount-ro", "/", "--"]


def _seen(path: str) -> list[str]:
    return ["--ro-bind", path, path]


def _system() -> Iterator[str]:
    return (path for path in ("/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache") if _is(path))


def _is(path: str) -> bool:
    return os.path.lexists(path)


def _ours(folder: Path) -> Iterator[str]:
    """Where Python is with its libraries, this package, and what is to be seen besides."""
    own = {sys.prefix, sys.base_prefix, str(PACKAGE_ROOT / "glomers"), str(folder.resolve())}
    return (path for path in sorted(own) if not path.startswith("/usr/"))


def environment() -> dict[str, str]:
    """The environment of nodes: nothing of ours but what Python needs."""
    path = {"PATH": "/usr/bin:/bin", "HOME": "/", "LANG": "C.UTF-8"}
    return {**path, **OF_RUNS, CAGE: cage_kind() or BUBBLEWRAP, "PYTHONPATH": str(PACKAGE_ROOT)}


def lock() -> None:
    """Put bounds on this process, for good.

    Raises:
        OSError: when the kernel does not take them.
    """
    if not cage_kind():
        return
    import resource  # which there is not on Windows

    bounds = {
        resource.RLIMIT_CPU: CPU_S,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NOFILE: _OPEN_FILES,
        resource.RLIMIT_NPROC: 0,
        resource.RLIMIT_CORE: 0,
    }
    if IS_LINUX:
        bounds[resource.RLIMIT_AS] = MOST_BYTES
    for bound, value in bounds.items():
        resource.setrlimit(bound, (value, value))
    if syscalls.why_not_filtered() is None:
        syscalls.refuse_from_now_on()
