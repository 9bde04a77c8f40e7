"""A fresh process for a task of `glomers.explore.worker`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from glomers.environment import OF_RUNS


def call_child(
    task: str, request: dict[str, Any], variables: Mapping[str, str] = OF_RUNS
) -> subprocess.CompletedProcess[str]:
    """Let a fresh process do a task, and wait for its end."""
    with child(task, request, variables) as process:
        out, err = process.communicate()
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


@contextmanager
def child(
    task: str,
    request: dict[str, Any],
    variables: Mapping[str, str] = OF_RUNS,
    stderr: int = subprocess.PIPE,
) -> Iterator[subprocess.Popen[str]]:
    """A fresh process that does a task, each result a line of JSON on its stdout.

    It ends with the block, or with this process (see `glomers.lifeline`).  Whoever does not read
    its stderr while it works gives it another: a node may fill the pipe.
    """
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "glomers.explore.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        env={**os.environ, **variables},
    ) as process:
        lifeline, process.stdin = process.stdin, None  # `communicate` would close it
        assert lifeline is not None
        try:
            with lifeline:
                print(json.dumps({"task": task, **request}), file=lifeline, flush=True)
                yield process
        finally:
            process.kill()
