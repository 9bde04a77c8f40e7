"""The league: the nodes of the series and what others have published, in the same units."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from glomers.challenges import CHALLENGES, Challenge, overall
from glomers.engine.command import with_flag
from glomers.lab.promises import PROMISES, promises
from glomers.lab.shell import maelstrom

if TYPE_CHECKING:
    import pandas as pd

LEAGUE = ("3d", "3e", "4", "5c", "6b", "6c")
"""The challenges in which there is something to be better at; 5b has the command of 5c."""
MEASURED_HERE = "this series"


def league(
    challenge_ids: Sequence[str] = LEAGUE,
    *,
    time_limit_s: int | None = None,
    engine: str | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Run every version of the series at the official flags and rank it with published results.

    One row a design, by challenge and then from the fewest messages to the most: `challenge`,
    `design`, `msgs_per_op` (between servers), `stable_median_ms`, `stable_max_ms`, `limits` (met,
    missed or unmeasured, where the challenge has any), `fresh`, `durable` and `available` (shares
    from 0 to 1, of the series' own designs; see `glomers.lab.promises`) and `source`.

    Args:
        challenge_ids: such as "3d".
        time_limit_s: seconds in place of the official time limit.
        engine: "bench" or "maelstrom"; promises are measured by the bench whatever this says.
        seed: for the bench.

    Raises:
        RunFailed: when a version is not valid, or breaks under faults.
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for challenge in map(CHALLENGES.__getitem__, challenge_ids):
        how = {"engine": engine, "seed": seed}
        ranked = [*_ours(challenge, time_limit_s, how), *_published(challenge)]
        rows += sorted(ranked, key=lambda row: row["msgs_per_op"])
    return pd.DataFrame(rows)


def _ours(
    challenge: Challenge, time_limit_s: int | None, how: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    command = f"test {challenge.flags}"
    if time_limit_s is not None:
        limited = with_flag(command.split(), "--time-limit", str(time_limit_s), replace=True)
        command = " ".join(limited)
    for version in challenge.versions:
        run = maelstrom(command, bin=version.path, args=version.args, **how)
        kept = promises(challenge, version, seed=how["seed"])
        yield _row(challenge, version.design, run.stats, kept, MEASURED_HERE)


def _published(challenge: Challenge) -> Iterator[dict[str, Any]]:
    for result in challenge.published:
        yield _row(challenge, result.design, result, dict.fromkeys(PROMISES), result.source)


def _row(
    challenge: Challenge, design: str, figures: Any, kept: dict[str, float | None], source: str
) -> dict[str, Any]:
    return {
        "challenge": challenge.id,
        "design": design,
        "msgs_per_op": figures.msgs_per_op,
        "stable_median_ms": figures.stable_median_ms,
        "stable_max_ms": figures.stable_max_ms,
        "limits": overall(challenge.judge(figures).values()) if challenge.limits else "",
        **kept,
        "source": source,
    }
