"""A node's log, `node-logs/n0.log`: what it wrote on stderr, as it is; and elsewhere when.

The times are in `log-times/n0.json`, a list of `[line, time_ns]`: from that line on, counted from
1, lines were begun at that time since the start of the test.  The real Maelstrom leaves none.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

PRINTED = "(print() goes to stderr: stdout is for messages)"
"""The line before the first thing that a node printed."""


class LogLine(NamedTuple):
    """A line of a log; `time_s` is None where nobody noted it."""

    time_s: float | None
    text: str


def times_file(log: Path) -> Path:
    """Where the times of a log's lines are."""
    return log.parents[1] / "log-times" / f"{log.stem}.json"


def log_files(folder: Path) -> dict[str, Path]:
    """The logs of a store's `node-logs`, by node, in the order of the nodes."""
    paths = sorted(folder.glob("*.log"), key=lambda path: (len(path.stem), path.stem))
    return {path.stem: path for path in paths}


def read_text(path: Path, most_bytes: int | None = None) -> str:
    """The beginning of a log, or all of it.

    Raises:
        OSError: when it cannot be read.
    """
    with path.open("rb") as file:
        data = file.read() if most_bytes is None else file.read(most_bytes)
    return data.decode("utf-8", "replace")


def read_beginnings(folder: Path, most_bytes: int) -> tuple[dict[str, str], bool]:
    """The logs in `node-logs`, by node, of all together so much; and whether that is all of them.

    A log that cannot be read is left out.
    """
    files = log_files(folder)
    share = most_bytes // max(1, len(files))
    texts = {}
    is_whole = True
    for node, path in files.items():
        with suppress(OSError):
            texts[node] = read_text(path, share)
            is_whole &= path.stat().st_size <= share
    return texts, is_whole


def read_log(path: Path) -> list[LogLine]:
    """The lines of a log with their times.

    Raises:
        OSError: when it cannot be read.
    """
    lines = read_text(path).split("\n")
    if not lines[-1]:
        lines.pop()
    times = _times(times_file(path))
    begins = [line for line, _ in times]
    return [
        LogLine(_time_s(times, bisect_right(begins, number) - 1), text)
        for number, text in enumerate(lines, start=1)
    ]


def _time_s(times: Sequence[tuple[int, int]], at: int) -> float | None:
    return times[at][1] / 1e9 if at >= 0 else None


def _times(path: Path) -> list[tuple[int, int]]:
    """What is noted beside a log; nothing when there is no such file, or it is damaged."""
    try:
        noted = json.loads(path.read_text(encoding="utf-8"))
        return [(int(line), int(time_ns)) for line, time_ns in noted]
    except (OSError, ValueError, TypeError):
        return []
