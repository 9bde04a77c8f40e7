"""A fresh process for a task of `glomers.explore.worker`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from glomers.environment import OF_RUNS


def call_child(
    task: str, request: dict[str, Any], variables: Mapping[str, str] = OF_RUNS
) -> subprocess.CompletedProcess[str]:
    """Let a fresh process do a task, and wait for its end."""
    process = child(task, request, variables)
    try:
        out, err = process.communicate()
    except BaseException:  # nobody waits for it any more
        process.kill()
        process.wait()
        raise
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def child(
    task: str,
    request: dict[str, Any],
    variables: Mapping[str, str] = OF_RUNS,
    stderr: int = subprocess.PIPE,
) -> subprocess.Popen[str]:
    """A fresh process that does a task, each result a line of JSON on its stdout.

    Whoever does not read its stderr while it works gives it another: a node may fill the pipe.
    """
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "glomers.explore.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        env={**os.environ, **variables},
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps({"task": task, **request}))
    process.stdin.close()
    process.stdin = None  # there is no more to say
    return process
