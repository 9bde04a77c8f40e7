"""Where seeds run: in this process if it is fit for that, else in a process of its own.

A run replaces the clocks and the dice of its whole process, needs the main thread to notice nodes
that hang, and PYTHONHASHSEED=0 to be repeatable.  The workers of a process pool are made that way;
those of other executors, such as Dask's, have threads, and start a child for each batch.

    python -m glomers.explore.worker     reads a task, a line of JSON on stdin, writes a row a line
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from glomers.bench.flags import parse_options
from glomers.errors import ExploreError
from glomers.explore import determinism
from glomers.explore.child import call_child
from glomers.explore.scenario import Space
from glomers.explore.seed import Row, broken_row, run_seed
from glomers.lifeline import when_let_go


@dataclass(frozen=True)
class Batch:
    """Some seeds of an exploration, to be run one after the other."""

    space: Space
    seeds: tuple[int, ...]


def run_batch(batch: Batch) -> list[Row]:
    """Run the seeds of a batch; one row each.

    Raises:
        ExploreError: when a process for them cannot be had.
    """
    if is_fit():
        return [run_seed(batch.space, seed) for seed in batch.seeds]
    return list(_in_child(batch))


def is_fit() -> bool:
    """Whether tests can run in this thread of this process."""
    in_main_thread = threading.current_thread() is threading.main_thread()
    return in_main_thread and not sys.flags.hash_randomization


def _in_child(batch: Batch) -> Iterator[Row]:
    """Run the seeds in a process of its own; one that ends early has its seed blamed for it."""
    left = list(batch.seeds)
    while left:
        done = call_child("rows", {**batch.space.as_json(), "seeds": left})
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        yield from rows
        left = left[len(rows) :]
        if done.returncode and left:
            why = f"the process that ran it ended with status {done.returncode}"
            if not rows and done.returncode == 1:  # Python itself: not the node's doing
                raise ExploreError(f"A worker cannot run: {done.stderr.strip()[-500:]}")
            yield broken_row(batch.space, left.pop(0), why)


def _rows(request: dict[str, Any]) -> Iterator[Any]:
    space = Space.of(request)
    return (run_seed(space, seed) for seed in request["seeds"])


def _counterexample(request: dict[str, Any]) -> Iterator[Any]:
    """What is found, or why nothing is."""
    from glomers.explore.counterexample import find

    try:
        found = find(parse_options(request["words"]))
    except ExploreError as error:
        yield {"why": str(error)}
        return
    yield {
        "trace": found.trace.to_json(),
        "sentence": found.trace.sentence,
        "runs": found.runs,
        "ops_before": found.ops_before,
        "ops": len(found.trace.script.ops),
    }


_TASKS: dict[str, Callable[[dict[str, Any]], Iterator[Any]]] = {
    "rows": _rows,
    "counterexample": _counterexample,
    "digests": determinism.digests,
    "lines": determinism.lines,
    "blame": determinism.blame,
}


def main() -> None:
    """Do the task on stdin; each result is printed at once, so that a crash loses only the rest.

    After its line, stdin is the lifeline: when it is closed, nobody waits for results any more.
    """
    out = sys.stdout
    request = json.loads(sys.stdin.readline())
    when_let_go(partial(os._exit, 1))  # as it is now: tests replace `os._exit`
    for result in _TASKS[request["task"]](request):
        print(json.dumps(result), file=out, flush=True)


if __name__ == "__main__":
    main()
