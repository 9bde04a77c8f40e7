"""The log of a run: each line on the console and in `jepsen.log`."""

from __future__ import annotations

import sys
from pathlib import Path


class RunLog:
    """Writes plain lines, without wall-clock times, so that equal runs leave equal logs."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8")

    def say(self, text: str) -> None:
        """A line for everybody."""
        print(text, flush=True)
        self._file.write(text + "\n")

    def warn(self, text: str) -> None:
        """A line about something that went wrong but does not end the test."""
        print(f"WARN {text}", file=sys.stderr, flush=True)
        self.note(f"WARN {text}")

    def note(self, text: str) -> None:
        """A line for the file only."""
        self._file.write(text + "\n")

    def close(self) -> None:
        """Write what is still buffered."""
        self._file.close()
