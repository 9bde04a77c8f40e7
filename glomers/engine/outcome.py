"""What a finished test left, and why there is no verdict when there is none."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from glomers.engine.guarded import Ended
from glomers.engine.store_folder import StoreFolder
from glomers.errors import EXIT_BAD_INPUT, EXIT_STATUSES
from glomers.files import last_lines
from glomers.formats.last_words import stuck
from glomers.launcher import PACKAGE_ROOT

VERDICTS = tuple(EXIT_STATUSES.values())
NOT_STARTED = 127
FIRST_SIGNAL = 128
"""A program that a signal ended has this status and the signal's number, as in a shell."""

_STORE = re.compile(r"store[/\\][\w-]+[/\\]\d{8}T\d{6}\.\d{3}(?:Z|[+-]\d{4})")
_UNWRITTEN = re.compile(r"Cannot write store[/\\]")
"""So begins the line of the bench when it was the disk."""
_STORES = Path("store")
_MOST_LINES = 40
_LOG_BYTES = 8192

_CRASHED = re.compile(r"Node (\S{1,40}) crashed with exit status (-?\d{1,9})\.\s*$")
_WROTE_OUT = "Before crashing, it wrote to STDOUT:\n\n"
_WROTE_ERR = "\n\nAnd to STDERR:\n\n"
_WROTE_ALL = "\n\nFull STDERR logs are available in"
_NODE = re.compile(r"\bnode (\w(?:[\w.-]{0,98}\w)?)", re.IGNORECASE)
"""What may be the name of a node: the log of that name tells."""
_BROKE = "Jepsen broke. Here's why:"
_FRAME = re.compile(r"\s+(at |\.\.\. \d+ (more|common frames))")
_JAVA_IS_MISSING = re.compile(r"java: (command )?not found")


def stores() -> frozenset[str]:
    """The store folders there are in the current folder, to tell a new one from the old."""
    return frozenset(str(path) for path in _STORES.glob("*/2*"))


@dataclass(frozen=True)
class Left:
    """What a test has left: its store, if any, and why there is no verdict; empty if there is one.

    `in_time` says whether it ended by itself.
    """

    engine: str
    folder: StoreFolder | None
    explanation: str = ""
    in_time: bool = True


def left_by(engine: str, ended: Ended, before: frozenset[str]) -> Left:
    """What the test that has just ended left; `before` are the stores that were there before."""
    folder = _new_folder(ended, before)
    if ended.status in VERDICTS and folder is not None:
        return Left(engine, folder)
    explain = _explain_maelstrom if engine == "maelstrom" else _explain_bench
    explanation = _killed(ended, engine) or _without_folders(explain(ended, folder))
    return Left(engine, folder, explanation or f"It ended with status {ended.status}.")


def _new_folder(ended: Ended, before: frozenset[str]) -> StoreFolder | None:
    """The store of a test: the last one that it named, or the one that it began.

    What a node writes can get into what a test prints, so that a name alone proves nothing.
    """
    new = stores() - before
    named = [os.path.normpath(match[0]) for match in _STORE.finditer(ended.out + ended.err)]
    # What is refused has begun none; a test that was killed may not have come to name its own.
    begun = [] if ended.status == EXIT_BAD_INPUT else sorted(new, key=os.path.basename)[-1:]
    found = next((name for name in (*reversed(named), *begun) if name in new), None)
    return StoreFolder(Path(found).resolve()) if found else None


def _killed(ended: Ended, engine: str) -> str | None:
    """That a signal ended the program, if one did: it had no time to say anything."""
    if ended.status is None or not FIRST_SIGNAL < ended.status < EXIT_BAD_INPUT:
        return None
    program = "Maelstrom" if engine == "maelstrom" else "The bench"
    number = ended.status - FIRST_SIGNAL
    if number == signal.SIGPROF and (sentence := stuck(ended.err)):
        return sentence
    hint = " Signal 9 often means that memory ran out." if number == signal.SIGKILL else ""
    return f"{program} was ended from outside, by signal {number}.{hint}"


def _explain_bench(ended: Ended, folder: StoreFolder | None) -> str:
    """What the bench printed, without the marks of its log and without what differs each time."""
    printed = ended.err if ended.err.strip() else ended.out
    lines = [line.removeprefix("WARN ") for line in printed.strip().splitlines()]
    lines = [_STORE.sub("the store", line) if _UNWRITTEN.match(line) else line for line in lines]
    return _last(line for line in lines if not _STORE.search(line))


def _explain_maelstrom(ended: Ended, folder: StoreFolder | None) -> str:
    """The same for the real Maelstrom, which tells its log, and of a failure a stack trace."""
    printed = f"{ended.out}\n{ended.err}"
    if crash := _crash(printed):
        return crash
    if _JAVA_IS_MISSING.search(printed):
        return "Maelstrom needs Java, which is not installed: `glomers doctor` says how to get it."
    if ended.status == EXIT_BAD_INPUT:
        return f"Maelstrom refuses the command line:\n{_last(printed.strip().splitlines())}"
    if ended.status == NOT_STARTED:
        return _last(printed.strip().splitlines())
    if ended.status in VERDICTS:
        return "\n".join(["Maelstrom ended without a store:", _last(printed.strip().splitlines())])
    return _failure(printed, folder)


def _crash(printed: str) -> str | None:
    """The last report of a crashed node, with what it wrote before."""
    before, mark, report = printed.rpartition(_WROTE_OUT)
    crash = _CRASHED.search(before[-200:])
    if not mark or not crash:
        return None
    out, _, rest = report.partition(_WROTE_ERR)
    lines = [f"Node {crash[1]} crashed: it exited with status {crash[2]}."]
    for name, text in (("stderr", rest.partition(_WROTE_ALL)[0]), ("stdout", out)):
        if text.strip():
            lines += [f"Its last lines on {name}:", _last(text.splitlines())]
    return "\n".join(lines if len(lines) > 1 else [*lines, "It wrote nothing."])


def _failure(printed: str, folder: StoreFolder | None) -> str:
    """Why Maelstrom gave up, in its own words, and what the node that it names wrote last."""
    _, _, why = printed.rpartition(_BROKE)
    reason = _last(line for line in why.strip().splitlines() if not _FRAME.match(line))
    logs = folder.path / "node-logs" if folder else Path()
    tails = (last_lines(logs / f"{name}.log", _LOG_BYTES) for name in _NODE.findall(reason))
    tail = next(filter(None, tails), "") if folder else ""
    lines = ["The test is broken; Maelstrom says:", reason]
    return "\n".join([*lines, f"Its last lines on stderr:\n{tail}"] if tail else lines)


def _last(lines: Iterator[str] | list[str]) -> str:
    kept = [line.rstrip() for line in lines]
    return "\n".join(["…", *kept[-_MOST_LINES:]] if len(kept) > _MOST_LINES else kept)


def _without_folders(text: str) -> str:
    """`text` with paths as they are below the folders of the work, the package, and Python's code.

    Others stay whole: of `/usr/bin/env` nobody could use a part.
    """
    for folder, below in (
        (Path.cwd(), ""),
        (PACKAGE_ROOT, ""),
        (Path(sys.prefix), "lib/"),
        (Path(sys.base_prefix), "lib/"),
    ):
        begin = re.escape(f"{folder}{os.sep}".replace("//", "/"))
        text = re.sub(rf"(?<![\w./~-]){begin}(?={below}[\w.])", "", text)
    return text
