"""What the bench starts is kept: somebody ends it when the bench is gone (see `keeper.py`)."""

from __future__ import annotations

import contextlib
import functools
import os
import subprocess
import sys
import uuid
from pathlib import Path

MARK = "GLOMERS_BENCH"
_KEEPER = Path(__file__).with_name("keeper.py")


@functools.cache
def mark() -> str:
    """What the nodes of this bench have in their environment, so that its keeper knows them."""
    return uuid.uuid4().hex


@functools.cache
def _keeper() -> subprocess.Popen[bytes]:
    """The process that ends what nodes leave behind when this one is gone, however it went."""
    return subprocess.Popen(
        [sys.executable, "-I", "-S", str(_KEEPER), f"{MARK}={mark()}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def tell_keeper(line: str) -> None:
    """Say `+GROUP` when a process group has been started, and `-GROUP` when it has ended."""
    pipe = _keeper().stdin
    assert pipe is not None
    with contextlib.suppress(BrokenPipeError):
        os.write(pipe.fileno(), f"{line}\n".encode())
