"""The league table as Markdown, from fresh runs, and its place in the docs."""

from __future__ import annotations

import re
from math import floor
from pathlib import Path
from typing import Any

from glomers.errors import BadInput
from glomers.files import shown
from glomers.lab import league
from glomers.lab.promises import MEASURED, PROMISES
from glomers.lab.ranking import MEASURED_HERE

LEAGUE_PAGE = Path("docs", "league.md")
"""Where the table is written, below the project's root."""
_HEAD = (
    "challenge",
    "design",
    "messages per operation",
    "stable latency, median / maximum (ms)",
    "limits",
    *PROMISES,
    "source",
)
_ALIGNED = ("---", "---", "---:", "---:", "---", *("---:" for _ in PROMISES), "---")
_PLACE = re.compile(r"(?<=<!-- league: begin -->\n).*?(?=<!-- league: end -->)", re.DOTALL)


def league_table(*, engine: str | None = None, seed: int = 0) -> str:
    """The table as Markdown, with what its words mean; versions of the series are in bold type."""
    rows: list[tuple[str, ...]] = [_HEAD, _ALIGNED]
    rows += [_cells(row) for row in league(engine=engine, seed=seed).to_dict("records")]
    table = "".join(f"| {' | '.join(row)} |\n" for row in rows)
    words = "".join(f"- **{name}**: {meaning}.\n" for name, meaning in PROMISES.items())
    return f"{table}\n{words}\n{MEASURED}\n"


def written_table(page: Path) -> str | None:
    """The table that stands in a page; None when it has no place for one."""
    found = page.is_file() and _PLACE.search(page.read_text(encoding="utf-8"))
    return found[0] if found else None


def _cells(row: dict[Any, Any]) -> tuple[str, ...]:
    figures = (f"{row['msgs_per_op']:.3g}", _latency(row))
    kept = map(share_text, map(row.__getitem__, PROMISES))
    cells = (row["challenge"], row["design"], *figures, row["limits"], *kept, row["source"])
    if row["source"] != MEASURED_HERE:
        return cells
    return tuple(f"**{cell}**" if cell else "" for cell in cells)


def _latency(row: dict[Any, Any]) -> str:
    """Median and maximum; empty where they are not known."""
    figures = (row["stable_median_ms"], row["stable_max_ms"])
    known = [f"{value:,.0f}" for value in figures if value == value and value is not None]
    return " / ".join(known)


def share_text(share: float | None) -> str:
    """A share in per cent, rounded down so that only all of it is 100; empty where not known."""
    return "" if share is None or share != share else f"{floor(share * 1000) / 10:g} %"


def write_table(page: Path, table: str) -> None:
    """Let a page have this table in place of the one that it has.

    Raises:
        BadInput: when it has no place for the table.
    """
    if written_table(page) is None:
        raise BadInput(
            f"{shown(page)} has no place for the table: it goes between the lines "
            "<!-- league: begin --> and <!-- league: end -->."
        )
    text = _PLACE.sub(lambda _: table, page.read_text(encoding="utf-8"))
    page.write_text(text, encoding="utf-8")
