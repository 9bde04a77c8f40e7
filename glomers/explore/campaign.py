"""Carrying out an exploration: many seeds of one command, and the first failure made small."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, count
from pathlib import Path
from typing import Any

from glomers.bench.flags import words_of
from glomers.environment import OF_RUNS
from glomers.errors import ExploreError
from glomers.explore.child import call_child
from glomers.explore.plan import Plan
from glomers.explore.pool import Exploration, NewExecutor, process_pool
from glomers.explore.progress import Progress
from glomers.explore.results import Results
from glomers.explore.scenario import Space
from glomers.explore.seed import Row
from glomers.files import digest, make_first, name_another, shown

KEPT_STORES = 20
"""Of how many failing seeds the store folder is kept; each row has the command for the others."""

DASK_TIMEOUT_S = 10.0
"""How long a Dask scheduler may take to answer."""


def explore(plan: Plan, tell: Callable[[str], None]) -> tuple[Path, dict[int, Row]]:
    """Carry out the plan; returns the folder with the results, and the rows by seed.

    Of the first failing seeds a store folder is made below it, by `glomers bench test`, unless the
    plan wants none.

    Raises:
        ExploreError: when it cannot be done as asked for.
    """
    space = plan.space()
    folder = plan.out or _new_folder(Path("explore"))
    results = Results(folder, _about(space), plan.resume)
    left = [seed for seed in range(plan.seeds) if seed not in results.rows]
    progress = Progress(len(left), tell)

    def take(rows: list[Row]) -> bool:
        results.add(rows)
        failures = sum(row["outcome"] == "fail" for row in results.rows.values())
        progress.add(len(rows), failures)
        return not (failures and plan.stop_at_first)

    try:
        if left and not (plan.stop_at_first and failed_rows(results.rows)):
            with _workers(plan) as (new_executor, jobs):
                Exploration(space, take, new_executor, jobs).run(left)
    finally:
        results.close()
    rows = {seed: row for seed, row in results.rows.items() if seed < plan.seeds}
    for row in failed_rows(rows)[: KEPT_STORES if plan.stores else 0]:
        _keep_store(row, folder)
    return folder, rows


def _new_folder(parent: Path) -> Path:
    """Make a folder that is called by the time, and not the first of a second by more.

    Raises:
        ExploreError: when it cannot be made.
    """
    stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%S}"
    names = chain([stamp], (f"{stamp}-{number}" for number in count(2)))
    try:
        parent.mkdir(parents=True, exist_ok=True)
        folder = make_first(parent / name for name in names)
    except OSError as error:
        raise ExploreError(name_another(parent / stamp, error)) from None
    assert folder is not None  # names go on without end
    return folder


def _about(space: Space) -> dict[str, object]:
    """What must be the same for results to be of the same exploration."""
    return {
        "command": "test " + shlex.join(words_of(space.base)),
        "vary": sorted(space.vary),
        "node_sha256": digest(space.base.bin),
    }


def failed_rows(rows: dict[int, Row]) -> list[Row]:
    """The rows of seeds that failed, in order."""
    return [row for _, row in sorted(rows.items()) if row["outcome"] == "fail"]


@contextmanager
def _workers(plan: Plan) -> Iterator[tuple[NewExecutor, int]]:
    """What makes executors, and how many batches they run at a time."""
    if plan.dask is None:
        yield (lambda: process_pool(plan.jobs)), plan.jobs
        return
    try:
        from distributed import Client
    except ImportError:
        raise ExploreError(
            "Dask is not installed: `pip install distributed`, or leave --dask out."
        ) from None
    try:
        client: Any = Client(plan.dask, timeout=DASK_TIMEOUT_S)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise ExploreError(f"There is no Dask scheduler at {plan.dask}: {error}.") from None
    with client:
        # A batch that is run again is to be run again, not looked up.
        yield (lambda: client.get_executor(pure=False)), max(1, sum(client.nthreads().values()))


def _keep_store(row: Row, folder: Path) -> None:
    """Run a failing seed once more, with a store below `folder`; one that is there stays."""
    place = folder / f"seed-{row['seed']}"
    if place.exists():
        return
    place.mkdir()
    command = [sys.executable, "-P", "-m", "glomers", "bench", *shlex.split(row["command"])]
    environment = {**os.environ, **OF_RUNS}
    subprocess.run(command, cwd=place, env=environment, capture_output=True, check=False)


@dataclass(frozen=True)
class Smallest:
    """What shrinking the first failure gave: a trace and its sentence, or why there is none."""

    seed: int
    trace: Path | None
    sentence: str
    ops_before: int = 0
    ops: int = 0
    runs: int = 0

    def __str__(self) -> str:
        if self.trace is None:
            return self.sentence
        return (
            f"Seed {self.seed}, shrunk from {self.ops_before:,} operations to {self.ops:,} "
            f"in {self.runs:,} runs: {self.sentence}\n"
            f"Play it back with: glomers replay {shown(self.trace)}"
        )


def shrink(row: Row, folder: Path) -> Smallest:
    """Make the run of a failing seed small, in `folder/trace.json`."""
    seed = row["seed"]
    done = call_child("counterexample", {"words": shlex.split(row["command"])[1:]})
    if done.returncode:
        return Smallest(seed, None, f"Seed {seed} could not be shrunk: its process ended.")
    found = json.loads(done.stdout)
    if "why" in found:
        return Smallest(seed, None, found["why"])
    path = folder / "trace.json"
    path.write_text(found.pop("trace"), encoding="utf-8")
    return Smallest(seed, path, **found)
