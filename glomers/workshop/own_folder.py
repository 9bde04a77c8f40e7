"""A folder for what a check leaves, which no other check uses at the same time."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path


@contextmanager
def own_folder(parent: Path, name: str) -> Iterator[Path]:
    """An empty folder below `parent`, called `name`, or `name-2` while another check has that.

    What the check before left in it goes; what this one leaves stays.
    """
    parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        for number in count(1):
            folder = (parent / (f"{name}-{number}" if number > 1 else name)).resolve()
            lock = (parent / f".{folder.name}.lock").open("w")
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                lock.close()
                continue
            stack.enter_context(lock)
            break
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        yield folder
