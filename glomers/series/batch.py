"""The papermill batch: every notebook in a process of its own, by any executor."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Executor, Future, as_completed, wait
from datetime import datetime
from pathlib import Path
from typing import Any

from glomers.environment import ENGINE, OF_RUNS
from glomers.errors import BadInput
from glomers.files import make_first, shown
from glomers.series.task import NotebookOutcome, Task

_POLL_S = 0.5
_STOP_WITHIN_S = 20.0
_MOST_AT_ONCE = 1000

ENVIRONMENT = {
    **OF_RUNS,
    "TZ": "UTC",
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "COLUMNS": "100",
    "LINES": "40",
    "TERM": "dumb",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}
"""What could make the text outputs of a notebook differ from one machine to another."""

_UNWANTED = ("FORCE_COLOR", "NO_COLOR", "PYTHONSTARTUP", "PYTHONINSPECT", "JPY_PARENT_PID")


def new_batch_folder(runs: Path) -> Path:
    """Make the folder of a new batch: its name says when, and sorts that way.

    Raises:
        BadInput: when it cannot be made.
    """
    stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
    try:
        runs.mkdir(parents=True, exist_ok=True)
        later = (f"{stamp}-{number:03d}" for number in range(2, _MOST_AT_ONCE))
        if folder := make_first(runs / name for name in (stamp, *later)):
            return folder
    except FileExistsError as error:
        raise BadInput(f"{shown(runs)} is not a folder: remove it, or use --out.") from error
    except OSError as error:
        raise BadInput(_cannot_write(runs, error)) from error
    raise BadInput(f"Too many batches started at once in {shown(runs)}: wait a second.")


def prepare(tasks: Sequence[Task]) -> None:
    """Make the folders that the tasks write to, and remove an old request to stop.

    Raises:
        BadInput: when they cannot be made or written to.
    """
    for task in tasks:
        try:
            for folder in (task.work, task.log.parent, task.results.parent):
                folder.mkdir(parents=True, exist_ok=True)
            task.log.write_bytes(b"")
            task.stop.unlink(missing_ok=True)
        except OSError as error:
            raise BadInput(_cannot_write(task.out, error)) from error


def _cannot_write(folder: Path, error: OSError) -> str:
    return f"Cannot write to {shown(folder)}: {error.strerror}. Name another folder with --out."


def execute(
    tasks: Sequence[Task], executor: Executor, report: Callable[[NotebookOutcome], None]
) -> list[NotebookOutcome]:
    """Execute the tasks with the executor; outcomes in the order of the tasks.

    `report` hears of each outcome as it comes. An interrupt (Ctrl-C) stops the running notebooks,
    keeps what is finished and leaves the rest in the states `stopped` and `not run`.
    """
    futures = {executor.submit(execute_one, task): task for task in tasks}
    try:
        for future in as_completed(futures):
            report(_outcome(future, futures[future]))
    except KeyboardInterrupt:
        for task in tasks:
            task.stop.touch()
        for future in futures:
            future.cancel()
        wait(futures)
    finally:
        for task in tasks:
            with contextlib.suppress(OSError):
                task.stop.unlink(missing_ok=True)
    return [_outcome(future, task) for future, task in futures.items()]


def _outcome(future: Future[NotebookOutcome], task: Task) -> NotebookOutcome:
    try:
        return future.result()
    except CancelledError:
        return NotebookOutcome(task.name, "not run", error="not run")
    except Exception as error:
        return NotebookOutcome(task.name, "failed", error=f"{type(error).__name__}: {error}")


def execute_one(task: Task) -> NotebookOutcome:
    """Execute one notebook in a process of its own, wherever the executor runs this function."""
    began = time.monotonic()
    with task.log.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "glomers.series.runner", _as_json(task)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=_environment(task),
            # Out of reach of the terminal's Ctrl-C, which would cut its tidying short.
            start_new_session=True,
        )
    try:
        answer = _answer(process, task.stop)
    finally:
        _end(process)
    seconds = round(time.monotonic() - began, 2)
    return NotebookOutcome(task.name, seconds=seconds, **_read(answer, process, task))


def _as_json(task: Task) -> str:
    return json.dumps(dataclasses.asdict(task), default=str)


def _environment(task: Task) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name not in _UNWANTED}
    own = {
        ENGINE: task.engine,
        "GLOMERS_WORK": str(task.work),
        "GLOMERS_RESULTS": str(task.results),
    }
    return inherited | ENVIRONMENT | own


def _answer(process: subprocess.Popen[bytes], stop: Path) -> bytes:
    """What the process says when it ends: soon, once the batch is asked to stop."""
    assert process.stdin
    assert process.stdout
    deadline = None
    while not select.select([process.stdout], [], [], _POLL_S)[0]:
        if deadline is None and stop.exists():
            process.stdin.close()
            deadline = time.monotonic() + _STOP_WITHIN_S
        if deadline is not None and time.monotonic() > deadline:
            process.kill()
    return process.stdout.read()


def _end(process: subprocess.Popen[bytes]) -> None:
    """Let go of the process: it tidies up when its stdin is closed, or is killed."""
    for pipe in (process.stdin, process.stdout):
        if pipe:
            pipe.close()
    try:
        process.wait(_STOP_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _read(answer: bytes, process: subprocess.Popen[bytes], task: Task) -> dict[str, Any]:
    try:
        fields: dict[str, Any] = json.loads(answer)
    except ValueError:
        if task.stop.exists():
            return {"state": "stopped", "error": "stopped in the middle"}
        return {
            "state": "failed",
            "error": f"its process ended without an answer (status {process.returncode})",
        }
    return fields
