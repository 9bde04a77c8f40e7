"""The journal of a run's messages, as JSON lines in order of time.

The first line is `{"format":"glomers-journal","version":1}`; each line after it is an event:

    ["s",time_ns,id,message]   sent; message = {"src","dest","body"} as it was on the wire
    ["r",time_ns,id]           received
    ["d",time_ns,id]           dropped: by a cut when its receiver took it, or by another fault

A message that has neither been received nor dropped was still under way when the run ended.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Literal, NamedTuple

from glomers.formats import compact_json
from glomers.formats.integers import has_long_integers

_HEADER = b'{"format":"glomers-journal","version":1}\n'
BUFFER_BYTES = 1 << 20

Kind = Literal["send", "recv", "drop"]
_KINDS: dict[str, Kind] = {"s": "send", "r": "recv", "d": "drop"}


class JournalError(ValueError):
    """A journal cannot be read."""


class Event(NamedTuple):
    """What happened to a message: `message` (with src, dest and body) is there when it is sent."""

    kind: Kind
    time_ns: int
    id: int
    message: dict[str, Any] | None = None


class Journal:
    """Takes what happens to messages, and hears of faults; this one keeps nothing."""

    def send(self, time_ns: int, message_id: int, line: bytes) -> None:
        """A message was sent; `line` is its JSON text without a newline."""

    def recv(self, time_ns: int, message_id: int) -> None:
        """A message reached the one it is addressed to."""

    def drop(self, time_ns: int, message_id: int) -> None:
        """A fault kept a message from being delivered."""

    def fault_began(self, fault: str, target: Any) -> None:
        """A fault is at work from now on; `target` says on what, as that fault has it."""

    def fault_ended(self, fault: str) -> None:
        """A fault has ended, if it was at work."""

    def close(self) -> None:
        """Write what is still buffered."""


class JournalWriter(Journal):
    """Writes a journal to a file while a run goes on; messages are stored as they come."""

    def __init__(self, target: Path | BinaryIO) -> None:
        """Begin the journal in a file that is open already, or in a new one at a path."""
        if isinstance(target, Path):
            target = target.open("wb", buffering=BUFFER_BYTES)
        self._file = target
        self._write = self._file.write
        self._write(_HEADER)

    def __enter__(self) -> JournalWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def send(self, time_ns: int, message_id: int, line: bytes) -> None:
        self._write(b'["s",%d,%d,%b]\n' % (time_ns, message_id, line))

    def recv(self, time_ns: int, message_id: int) -> None:
        self._write(b'["r",%d,%d]\n' % (time_ns, message_id))

    def drop(self, time_ns: int, message_id: int) -> None:
        self._write(b'["d",%d,%d]\n' % (time_ns, message_id))

    def close(self) -> None:
        """Write what is still buffered and close the file."""
        self._file.close()


def read_journal(path: Path, mentioned: bytes | None = None) -> Iterator[Event]:
    """Yield the events of the journal at `path`.

    A last line that is cut off, as when a run was killed, is skipped with a warning.

    Args:
        path: the journal.
        mentioned: a number or a text as JSON; messages that it cannot be in are left out, which
            is quicker.

    Raises:
        JournalError: when the file is no journal, or damaged before its last line.
        OSError: when it cannot be read.
    """
    with path.open("rb") as file:
        if file.readline() != _HEADER:
            raise JournalError(f"{path} is no message journal of version 1")
        lines = file if mentioned is None else _lines_about(file, mentioned)
        for number, line in enumerate(lines, start=2):
            try:
                yield _parse_event(line)
            except (ValueError, KeyError, TypeError, RecursionError):
                if file.readline():
                    raise JournalError(f"{path}, line {number}: there is no event") from None
                warnings.warn(f"{path} is cut off in line {number}, its last", stacklevel=2)


def _lines_about(lines: Iterable[bytes], mentioned: bytes) -> Iterator[bytes]:
    """The lines of messages in which `mentioned` may stand as a value."""
    plain = mentioned.strip(b'"')
    as_value = re.compile(b'(?<=[:,[])"?' + re.escape(plain) + b'"?[],}:]').search
    numbers = set()
    for line in lines:
        if line.startswith(b'["s"'):
            if plain in line and as_value(line):
                numbers.add(line.split(b",", 3)[2])
                yield line
        elif numbers and line[line.rfind(b",") + 1 :].rstrip(b"]\n") in numbers:
            yield line


def _parse_event(line: bytes) -> Event:
    if not line.endswith(b"\n"):
        raise ValueError("a line has no end")
    read = json.loads if has_long_integers(line) else compact_json.loads
    kind, time_ns, message_id, *message = read(line)
    if type(time_ns) is not int or type(message_id) is not int:
        raise TypeError("a time or a number is none")
    if len(message) != (kind == "s"):
        raise TypeError("what is sent has a message, and nothing else has")
    return Event(_KINDS[kind], time_ns, message_id, *message)
