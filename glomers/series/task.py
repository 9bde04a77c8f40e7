"""What is asked of the process that executes one notebook, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from glomers.environment import ENGINES

State = Literal["ok", "failed", "stopped", "not run", "half run", "never run"]
"""How a notebook ended: `stopped` in the middle by an interrupt, `not run` because of one.

Where somebody else executed it, not all cells may have been (`half run`), or none (`never run`).
"""

STOP_FILE = ".stop"
"""A file of this name in a batch's folder asks its running notebooks to stop."""


@dataclass(frozen=True)
class Task:
    """One notebook to execute: plain data, so that any kind of executor can carry it.

    `out` is the batch's folder; the executed copy, the log, the results and the work folder all lie
    in it.
    """

    notebook: Path
    out: Path
    engine: str = ENGINES[0]
    parameters: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.notebook.stem

    @property
    def executed(self) -> Path:
        return self.out / self.notebook.name

    @property
    def log(self) -> Path:
        return self.out / "logs" / f"{self.name}.log"

    @property
    def results(self) -> Path:
        return self.out / "results" / f"{self.name}.jsonl"

    @property
    def work(self) -> Path:
        return self.out / "work" / self.name

    @property
    def stop(self) -> Path:
        return self.out / STOP_FILE


@dataclass(frozen=True)
class NotebookOutcome:
    """How a notebook ended, after how many seconds, and its first error in one sentence."""

    name: str
    state: State
    seconds: float = 0.0
    error: str | None = None
    retried: bool = False
