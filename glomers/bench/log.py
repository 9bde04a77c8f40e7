"""The log of a run: each line on the console and in `jepsen.log`."""

from __future__ import annotations

import io
import os
import select
import sys
from pathlib import Path
from typing import Protocol, TextIO

from glomers.bench.enduring import open_text
from glomers.formats.text import clean

KEPT_WARNINGS = 50
_STYLES = {"heading": "\033[1;31m", "place": "\033[36m"}
_PLAIN = "\033[0m"


def endure_any_text() -> None:
    """Let the console show in escapes what its encoding lacks, where Python would raise."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def let_go(stream: TextIO | None) -> bool:
    """If nobody reads a stream any more, as after `| head -1`, let what is written there vanish.

    Returns whether that is so.
    """
    if stream is None or not _is_unread(stream):
        return False
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())
    return True


def _is_unread(stream: TextIO) -> bool:
    try:
        poll = select.poll()
        poll.register(stream, 0)
    except (AttributeError, OSError, ValueError):  # not on Windows; the stream may be no file
        return False
    return any(event & select.POLLERR for _, event in poll.poll(0))


class Log(Protocol):
    """What a test needs of a log."""

    @property
    def console(self) -> TextIO:
        """Where the nodes' stderr is shown when it is asked for."""

    def warn(self, text: str) -> None:
        """A line about something that went wrong but does not end the test."""


class RunLog:
    """Writes plain lines, without wall-clock times, so that equal runs leave equal logs.

    What goes to the console is free of control characters: a node's last words are among it, and a
    terminal would obey them.
    """

    def __init__(self, path: Path) -> None:
        # The console has every line too, so a disk without room for them loses nothing.
        self._file = open_text(path, failed=lambda error: None)
        # A virtual run gives the streams of `sys` to the nodes: keep the true ones.
        self.console: TextIO = sys.stdout or io.StringIO()  # there is none after `>&-`
        self._errors = sys.stderr
        self._is_coloured = self.console.isatty() and "NO_COLOR" not in os.environ
        self.warnings: list[str] = []
        """The first sentences that somebody was warned with."""

    def say(self, text: str, *styled: tuple[str, str]) -> None:
        """A line for everybody; on a terminal each part of it that is `styled` has its style."""
        shown = clean(text)
        for part, style in styled if self._is_coloured else ():
            shown = shown.replace(clean(part), f"{_STYLES[style]}{clean(part)}{_PLAIN}")
        try:
            print(shown, file=self.console, flush=True)
        except BrokenPipeError:  # the test goes on, for what it leaves
            let_go(self.console)
        self._file.write(text + "\n")

    def warn(self, text: str) -> None:
        """A line about something that went wrong but does not end the test."""
        try:
            print(f"WARN {clean(text)}", file=self._errors, flush=True)
        except BrokenPipeError:
            let_go(self._errors)
        if len(self.warnings) < KEPT_WARNINGS:
            self.warnings.append(text)
        self.note(f"WARN {text}")

    def note(self, text: str) -> None:
        """A line for the file only."""
        self._file.write(text + "\n")

    def close(self) -> None:
        """Write what is still buffered."""
        self._file.close()
