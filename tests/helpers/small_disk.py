"""Disks that are full or cannot be written to."""

import os
import subprocess
from contextlib import contextmanager

import pytest


@contextmanager
def disk(folder, size_kb, *, read_only=False):
    """A disk of its own at `folder`; skips the test where nobody may mount one."""
    folder.mkdir()
    options = f"size={size_kb}k" + (",ro" if read_only else "")
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no small disk can be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder):
    """Leave no room on the disk."""
    with (folder / "filling").open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return
