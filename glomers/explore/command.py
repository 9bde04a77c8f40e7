"""`glomers explore`: many seeds of one command, and what they show."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from glomers.bench.faults import FAULTS
from glomers.bench.options import parse_options, words_of
from glomers.bench.program import find_program
from glomers.errors import BadInput, BrokenTest, ExploreError
from glomers.explore import report
from glomers.explore.child import call_child
from glomers.explore.progress import Progress
from glomers.explore.results import Results
from glomers.explore.runner import Exploration, NewExecutor, process_pool
from glomers.explore.scenario import VARIABLES, Space
from glomers.explore.seeds import Row
from glomers.formats.text import clean

KEPT_STORES = 20
"""Of how many failing seeds the store folder is kept; each row has the command for the others."""

DASK_TIMEOUT_S = 10.0
"""How long a Dask scheduler may take to answer."""


@dataclass(frozen=True)
class Plan:
    """An exploration as asked for.

    `words` is a command line after `test`; `faults` replaces its --nemesis, unless None; `jobs` is
    the number of processes, `dask` the address of a scheduler to use in their place; `stores` says
    whether store folders of failing seeds are kept.
    """

    words: list[str]
    seeds: int
    faults: frozenset[str] | None = None
    vary: frozenset[str] = frozenset(VARIABLES)
    jobs: int = 1
    dask: str | None = None
    out: Path | None = None
    resume: bool = False
    shrink: bool = True
    stores: bool = True
    stop_at_first: bool = False

    def space(self) -> Space:
        """The scenarios.

        Raises:
            ExploreError: when the command line is wrong, or the node cannot run in virtual time.
        """
        try:
            base = parse_options(self.words)
            program = find_program(base.bin, "virtual")
        except (BadInput, BrokenTest) as error:
            raise ExploreError(str(error)) from None
        if base.clock == "real":
            raise ExploreError("Seeds are explored in virtual time: leave --clock real out.")
        if base.test_count > 1:
            raise ExploreError("Each seed is run once: leave --test-count out, and use --seeds.")
        # The node itself, where `--bin` names a script that starts it.
        base = replace(base, bin=program.path.resolve())
        if self.faults is not None:
            base = replace(base, nemesis=self.faults)
        return Space(base, self.vary)


def named_faults(text: str) -> frozenset[str]:
    """Read names of faults separated by commas.

    Raises:
        ExploreError: when one is unknown.
    """
    return _named(text, FAULTS, "fault")


def named_variables(text: str) -> frozenset[str]:
    """Read what varies, separated by commas, or `none`.

    Raises:
        ExploreError: when one is unknown.
    """
    return frozenset() if text == "none" else _named(text, VARIABLES, "variable")


def _named(text: str, known: object, what: str) -> frozenset[str]:
    names = frozenset(filter(None, (word.strip() for word in text.split(","))))
    choices = list(known)  # type: ignore[call-overload]
    if unknown := sorted(names.difference(choices)):
        raise ExploreError(f"There is no {what} {unknown[0]!r}: there are {', '.join(choices)}.")
    return names


def explore(plan: Plan, tell: Callable[[str], None]) -> tuple[Path, dict[int, Row]]:
    """Carry out the plan; returns the folder with the results, and the rows by seed.

    Of the first failing seeds a store folder is made below it, by `glomers bench test`, unless the
    plan wants none.

    Raises:
        ExploreError: when it cannot be done as asked for.
    """
    space = plan.space()
    folder = plan.out or Path("explore") / f"{datetime.now(UTC):%Y%m%dT%H%M%S}"
    results = Results(folder, _about(space), plan.resume)
    left = [seed for seed in range(plan.seeds) if seed not in results.rows]
    progress = Progress(len(left), tell)

    def take(rows: list[Row]) -> bool:
        results.add(rows)
        failures = sum(row["outcome"] == "fail" for row in results.rows.values())
        progress.add(len(rows), failures)
        return not (failures and plan.stop_at_first)

    try:
        if left and not (plan.stop_at_first and _failed(results.rows)):
            with _workers(plan) as (new_executor, jobs):
                Exploration(space, take, new_executor, jobs).run(left)
    finally:
        results.close()
    rows = {seed: row for seed, row in results.rows.items() if seed < plan.seeds}
    for row in _failed(rows)[: KEPT_STORES if plan.stores else 0]:
        _keep_store(row, folder)
    return folder, rows


def _about(space: Space) -> dict[str, object]:
    """What must be the same for results to be of the same exploration."""
    digest = hashlib.sha256(space.base.bin.read_bytes()).hexdigest()
    return {
        "command": "test " + shlex.join(words_of(space.base)),
        "vary": sorted(space.vary),
        "node_sha256": digest,
    }


def _failed(rows: dict[int, Row]) -> list[Row]:
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
    command = [sys.executable, "-P", "-m", "glomers.bench", *shlex.split(row["command"])]
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
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
            f"Play it back with: glomers replay {os.path.relpath(self.trace)}"
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


def check_determinism(plan: Plan) -> int:
    """Run every seed twice and say whether that gave the same; returns the exit status."""
    from glomers.explore.determinism import check

    difference = check(plan.space(), plan.seeds, _tell)
    print(difference or f"{plan.seeds:,} seeds, each run twice: no difference")
    return 1 if difference else 0


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def run(plan: Plan, as_json: bool) -> int:
    """Carry out the plan and print what it has shown; returns the exit status."""
    folder, rows = explore(plan, _tell)
    failed = _failed(rows)
    smallest = shrink(failed[0], folder) if failed and plan.shrink else None
    if as_json:
        found = {
            "folder": str(folder),
            "trace": str(smallest.trace) if smallest and smallest.trace else None,
            "sentence": smallest.sentence if smallest else None,
        }
        print(json.dumps({**report.summary(rows), **found}, ensure_ascii=False))
    else:
        for line in report.lines(rows):
            print(line)
        if smallest:
            print(clean(str(smallest)))
        print(f"Results: {os.path.relpath(folder)}")
    return 1 if failed else 0


def base_of(
    target: str, flags: str | None, program: Path | None, args: Sequence[str] = ()
) -> list[str]:
    """The words of a command line after `test`: of a challenge's flags, or as typed in `target`.

    `args` are further arguments for the node.

    Raises:
        ExploreError: when no program is named.
    """
    if flags is not None:
        words = shlex.split(flags)
        if "txn-rw-register" in words:
            words.append("--final-reads")  # for the checks of replicas
    else:
        try:
            words = shlex.split(target)
        except ValueError as error:
            raise ExploreError(f"{target!r} is no command line: {error}.") from None
        words = words[1:] if words[:1] == ["test"] else words
    cut = words.index("--") if "--" in words else len(words)
    own, rest = words[:cut], [*words[cut + 1 :], *args]
    if program is not None:
        own += ["--bin", str(program)]
    if not any(word == "--bin" or word.startswith("--bin=") for word in own):
        raise ExploreError("Name the program of a node with --bin.")
    return [*own, "--", *rest] if rest else own
