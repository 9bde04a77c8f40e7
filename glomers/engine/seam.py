"""The seam: a Maelstrom command line goes to an engine, and comes back as what the test left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from glomers.engine.command import for_maelstrom, refusal
from glomers.engine.guarded import Ended, Tail, run_glomers, run_guarded
from glomers.engine.maelstrom.find import require_maelstrom
from glomers.engine.outcome import Left, left_by, stores
from glomers.errors import LabError, MaelstromError

DEADLINE_S = 1800.0


def run_on_bench(words: Sequence[str], tail: Tail | None = None) -> Left:
    """Run a test on the bench: `words` from `test` on, and `tail` as `run_guarded` has it."""
    return _run("bench", partial(run_glomers, ["bench", *words]), tail)


def run_on_maelstrom(words: list[str], tail: Tail | None = None) -> Left:
    """Run a test on the real Maelstrom; otherwise as `run_on_bench`.

    Raises:
        LabError: when there is none, or the node cannot be made fit for it.
    """
    try:
        program = str(require_maelstrom().program)
    except MaelstromError as error:
        raise LabError(str(error)) from None
    if reason := refusal(words):
        return Left("maelstrom", None, reason)
    return _run("maelstrom", partial(run_guarded, [program, *for_maelstrom(words)]), tail)


def _run(engine: str, start: Callable[[float, Tail | None], Ended], tail: Tail | None) -> Left:
    before = stores()
    ended = start(DEADLINE_S, tail)
    left = left_by(engine, ended, before)
    if ended.status is not None:
        return left
    sentence = f"The test did not end within {DEADLINE_S / 60:.0f} minutes and was stopped."
    return Left(engine, left.folder, sentence, in_time=False)
