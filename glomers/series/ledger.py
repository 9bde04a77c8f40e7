"""What a batch leaves behind about itself: `batch.json`, and the results of its notebooks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from glomers.files import write_whole
from glomers.series.task import NotebookOutcome

FILE = "batch.json"


@dataclass(frozen=True)
class Ledger:
    """The engine of a batch and its outcomes."""

    engine: str
    outcomes: list[NotebookOutcome]

    def save(self, folder: Path) -> None:
        """Write the record as a whole, or not at all.

        Raises:
            OSError: when it cannot be written; the one before is kept.
        """
        fields = {"engine": self.engine, "notebooks": [asdict(each) for each in self.outcomes]}
        write_whole(folder / FILE, json.dumps(fields, indent=1) + "\n")


def load_record(folder: Path) -> Ledger | None:
    """The record of a batch; None where there is none that can be read."""
    try:
        fields = json.loads((folder / FILE).read_text(encoding="utf-8"))
        outcomes = [NotebookOutcome(**each) for each in fields["notebooks"]]
        if all(type(o.name) is str and isinstance(o.seconds, int | float) for o in outcomes):
            return Ledger(fields["engine"], outcomes)
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return None


def load_results(folder: Path, names: Sequence[str]) -> list[dict[str, Any]]:
    """The lines that the notebooks of these names wrote about their challenges, in that order.

    A line that was cut off, as when its notebook was killed, is left out.
    """
    results = []
    for name in names:
        path = folder / "results" / f"{name}.jsonl"
        lines = []
        if path.is_file():
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        results += [line for line in map(_parsed, lines) if line is not None]
    return results


def _parsed(line: str) -> dict[str, Any] | None:
    try:
        fields = json.loads(line)
    except ValueError:
        return None
    return fields if isinstance(fields, dict) else None
