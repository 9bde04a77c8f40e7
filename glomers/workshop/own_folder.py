"""A folder for what a check leaves, which no other check uses at the same time."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path

from glomers.errors import WorkshopError
from glomers.files import reason, shown, take_lock


@contextmanager
def own_folder(parent: Path, name: str) -> Iterator[Path]:
    """An empty folder below `parent`, called `name`, or `name-2` while another check has that.

    What the check before left in it goes; what this one leaves stays.

    Raises:
        WorkshopError: when it cannot be made.
    """
    try:
        parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WorkshopError(
            f"Cannot write to {shown(parent)}: {reason(error)}. Go to a folder that you may write "
            "to."
        ) from None
    with ExitStack() as stack:
        for number in count(1):
            folder = (parent / (f"{name}-{number}" if number > 1 else name)).resolve()
            lock = (parent / f".{folder.name}.lock").open("w")
            if not take_lock(lock):
                lock.close()
                continue
            stack.enter_context(lock)
            break
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        yield folder
