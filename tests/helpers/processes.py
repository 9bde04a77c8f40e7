"""Watching processes from outside: who descends from whom, and whether they are gone."""

import time
from pathlib import Path


def pids_below(pid):
    """The process and all that descend from it, as far as they still run."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if fields[0] != "Z":
            parents[int(stat.parent.name)] = int(fields[1])
    found = {pid} & parents.keys()
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def running(pids):
    """Those of the processes that still run; a zombie has ended."""
    return {pid for pid in pids if pid in pids_below(pid)}


def command_line(pid):
    """The words that a process was started with, as one text; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def wait_until(condition, patience_s=30):
    """Wait until the condition holds; it must do so within `patience_s`."""
    deadline = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.05)
