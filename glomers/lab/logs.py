"""What nodes wrote on stderr, `print` included, as lines with the time of each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from glomers.formats.node_log import PRINTED, LogLine, log_files, read_log, read_text
from glomers.formats.text import clean
from glomers.lab import html

_SHOWN_LINES = 200
_LOOKED_AT_BYTES = 1 << 16


class LogLines(tuple[LogLine, ...]):
    """The lines of a node's log, in order; each has `time_s`, None without one, and `text`."""

    __slots__ = ()

    def _lines(self) -> Iterator[str]:
        for time_s, text in self[:_SHOWN_LINES]:
            when = "" if time_s is None else f"{time_s:9.3f} s  "
            yield f"{when}{clean(text)}"
        if len(self) > _SHOWN_LINES:
            yield f"… and {len(self) - _SHOWN_LINES:,} more lines"

    def __repr__(self) -> str:
        return "\n".join(self._lines()) or "(nothing)"

    def _repr_html_(self) -> str:
        return html.preformatted(repr(self))


def logs_in(folder: Path) -> dict[str, LogLines]:
    """The logs in a store's folder `node-logs`, by node; one that cannot be read is empty."""
    return {node: _log(path) for node, path in log_files(folder).items()}


def _log(path: Path) -> LogLines:
    try:
        return LogLines(read_log(path))
    except OSError:
        return LogLines()


def printing_nodes(folder: Path) -> list[str]:
    """The nodes whose `print` was caught, as far as the beginnings of their logs tell."""
    return [node for node, path in log_files(folder).items() if _has_printed(path)]


def _has_printed(path: Path) -> bool:
    try:
        return PRINTED in read_text(path, _LOOKED_AT_BYTES)
    except OSError:
        return False
