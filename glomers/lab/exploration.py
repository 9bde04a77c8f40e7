"""Exploring many seeds from a notebook, and looking at what was found."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from glomers.engine.guarded import Ended, Tail, run_glomers
from glomers.engine.outcome import VERDICTS, stores
from glomers.engine.seam import DEADLINE_S
from glomers.errors import EXIT_FAILED, EXIT_OK, LabError
from glomers.lab.failed import RunFailed
from glomers.lab.run import Run
from glomers.lab.seeds import whole_count
from glomers.lab.stale import calls
from glomers.lab.tail import shown_tail
from glomers.words import words_for

if TYPE_CHECKING:
    import pandas as pd


def explore(
    target: str,
    *,
    bin: str | Path | None = None,
    seeds: int = 100,
    faults: str | None = None,
    vary: str | None = None,
    jobs: int | None = None,
    stop_at_first: bool = False,
    shrink: bool = True,
    stores: bool = False,
    out: str | Path = "explore/latest",
    resume: bool = False,
    tail: Tail | None = None,
) -> pd.DataFrame:
    """Run `glomers explore` and load its rows, one for each seed; see `docs/exploration.md`.

    The frame's `attrs` are `trace`, the path of the shrunk first failure, `sentence`, what it shows
    in words (both None without a failure), and `summary`, the figures of all seeds.

    Args:
        target: a challenge such as "3c", or a command line that begins with `test`.
        bin: the node's program.
        seeds: how many, from 0 on; at least 1.
        faults: in place of the command's, such as "partition,kill".
        vary: what varies from seed to seed, such as "nodes,latency", or "none".
        jobs: how many processes; by default as many as there are processors.
        stop_at_first: whether to stop at the first failure.
        shrink: whether to make the first failure small.
        stores: whether to keep store folders of the first failing seeds, below `out`.
        out: the folder for the results; those of an earlier exploration in it are replaced, unless
            `resume`.
        resume: go on with what is in `out`.
        tail: is shown how it goes, at most once a second.

    Raises:
        LabError: when it cannot be done as asked for.
    """
    seeds = whole_count("The number of seeds", seeds)
    folder = Path(out)
    if not resume and (folder / "results.jsonl").exists():
        _clear(folder)
    options = {"seeds": seeds, "out": folder, "bin": bin, "faults": faults, "vary": vary}
    options |= {"jobs": jobs, "stop_at_first": stop_at_first, "resume": resume}
    options |= {"no_shrink": not shrink, "no_stores": not stores, "json": True}
    ended = _glomers("explore", [target, *words_for(options)], tail)
    if ended.status not in (EXIT_OK, EXIT_FAILED) or not ended.out.strip():
        raise LabError(ended.err.strip() or f"It ended with status {ended.status}.")
    summary = json.loads(ended.out.splitlines()[-1])
    frame = _rows(folder / "results.jsonl", seeds)
    frame.attrs |= {name: summary.pop(name) for name in ("trace", "sentence")}
    frame.attrs["summary"] = summary
    return frame


def _clear(folder: Path) -> None:
    """Remove what an exploration left in a folder, and nothing else."""
    for name in ("results.jsonl", "trace.json"):
        (folder / name).unlink(missing_ok=True)
    for stores_of_seed in folder.glob("seed-*/"):
        shutil.rmtree(stores_of_seed)


def _glomers(command: str, words: list[str], tail: Tail | None) -> Ended:
    with shown_tail(tail) as shown:
        return run_glomers([command, *words], DEADLINE_S, shown)


def _rows(path: Path, seeds: int) -> pd.DataFrame:
    import pandas as pd

    lines = path.read_text(encoding="utf-8").splitlines()[1:]
    rows = sorted(map(json.loads, lines), key=lambda row: row["seed"])
    return pd.DataFrame([row for row in rows if row["seed"] < seeds]).set_index("seed")


def replay(
    trace: str | Path | None, *, bin: str | Path | None = None, what_if: str | None = None
) -> Run:
    """Play a trace back with `glomers replay`, and load the run.

    Args:
        trace: the path of a trace; None after an exploration in which no seed failed.
        bin: a node in place of the one that the trace names.
        what_if: one thing that is changed, as `Run.what_if` takes it.

    Raises:
        RunFailed: when it cannot be played back, or there is none.
    """
    with calls.attempt("replays", "replay") as call:
        if trace is None:
            raise RunFailed("No seed failed: there is nothing to replay.")
        before = stores()
        ended = _glomers("replay", [str(trace), *words_for({"bin": bin, "what_if": what_if})], None)
        new = sorted(stores() - before)
        if ended.status not in VERDICTS or not new:
            raise RunFailed(ended.err.strip() or f"It ended with status {ended.status}.")
        run = Run.load(new[-1])
        run.call = call
    return run
