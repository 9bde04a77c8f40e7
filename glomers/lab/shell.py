"""Shelling out to a test bench: a Maelstrom command line in, a run out."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from glomers.engine.command import completed, full_path, needs_bench, program_in, with_flag
from glomers.engine.guarded import Tail
from glomers.engine.seam import run_on_bench, run_on_maelstrom
from glomers.environment import ENGINES, engine_or_default
from glomers.errors import LabError
from glomers.lab.failed import RunFailed
from glomers.lab.run import Run
from glomers.lab.seeds import whole
from glomers.lab.stale import calls
from glomers.lab.tail import shown_tail

EXPECTATIONS = ("valid", "invalid", "broken", "any")


def maelstrom(
    command: str,
    *,
    seed: int = 0,
    engine: str | None = None,
    clock: str | None = None,
    bin: str | Path | None = None,
    args: Sequence[str] = (),
    expect: str = "valid",
    tail: Tail | None = None,
) -> Run:
    """Run a Maelstrom command line and load what it leaves.

    Args:
        command: `test` and its flags, as one would type them; `./maelstrom` before it is fine.
        seed: decides everything random in the bench's virtual time.
        engine: "bench" or "maelstrom"; by default `$GLOMERS_ENGINE`, else the bench. A flag that
            only the bench has, such as --final-reads, needs the bench whatever this says.
        clock: "virtual", "lockstep" or "real", for the bench; by default what suits the node.
        bin: the node's program, in place of the one that the command line names.
        args: arguments for the node, after those that the command line has.
        expect: "valid", "invalid", "broken" (also: refused) or "any", which is any verdict: a test
            that breaks or is refused has none.
        tail: is shown the newest line of what the test prints, at most once a second; by default
            the real Maelstrom's lines go to stderr, or to an output that goes away when it ends.

    Raises:
        RunFailed: when the outcome is another than expected, with the bench's explanation. In a
            notebook, older runs of the node say from then on that they are out of date
            (`glomers.lab.stale`).
        LabError: when `command` is none, or an argument is not one of those above.
    """
    with calls.attempt(*_subject(command, bin)) as call:
        engine = engine_or_default(engine)
        _refuse_unless(expect, EXPECTATIONS, "expect")
        _refuse_unless(engine, ENGINES, "engine")
        seed = whole("A seed", seed)
        words = completed(command, bin, args)
        if engine == "bench" or needs_bench(words):
            words = with_flag(words, "--seed", str(seed))
            if clock is not None:
                words = with_flag(words, "--clock", clock)
            left = run_on_bench(words, tail)
        else:
            with shown_tail(tail) as shown:
                left = run_on_maelstrom(words, shown)
        run = Run(left.folder, tuple(words), left.explanation, left.engine)
        if not left.in_time:
            raise RunFailed(run.explanation, run)
        run.call = call
        _compare(run, expect)
    return run


def _subject(command: str, bin: str | Path | None) -> tuple[str | None, str]:
    """What a call is about: the path of the node, and in words what it gives."""
    program = program_in(command) if bin is None else str(bin)
    if program is None:
        return None, "run"
    path = full_path(program)
    return path, f"run of {os.path.basename(path)}"


def _refuse_unless(value: str, known: tuple[str, ...], name: str) -> None:
    if value not in known:
        choices = ", ".join(f'"{choice}"' for choice in known)
        raise LabError(f"{name} is one of {choices}, not {value!r}.")


def _compare(run: Run, expect: str) -> None:
    """Raise unless `run` came out as expected."""
    if run.valid is None:
        if expect != "broken":
            raise RunFailed("\n".join([run.explained or run.verdict, *run.told()]), run)
        return
    outcome = "valid" if run.valid is True else "invalid" if run.valid is False else "unknown"
    if expect in ("any", outcome):
        return
    lines = [f"The run is {run.verdict}, but this cell expects it to be {expect}."]
    raise RunFailed("\n".join([*lines, *run.told()]), run)
