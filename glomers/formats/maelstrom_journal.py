"""The journal of messages that the real Maelstrom leaves: `net-journal/0.fressian`, `1.…`, ….

Each of Maelstrom's threads writes a file of its own, so the events are spread over many. One is
`ev` (number, time in ns, `:send` or `:recv`, message), a message `msg` (number, src, dest, body).
The times are those of a clock that began at some moment before the run, and a message that a
partition swallowed has no event but that it was sent; `glomers.engine.real_journal` makes up
for both.
"""

from __future__ import annotations

import gc
import os
import pickle
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from operator import itemgetter
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from typing import Any, NamedTuple

from glomers.formats.edn import to_json
from glomers.formats.fressian import FressianError, Handler, Reader, full_name
from glomers.formats.journal import Event, Kind

_KINDS: dict[Any, Kind] = {"send": "send", "recv": "recv"}
_SHARE_BYTES = 1 << 20
"""What a process should have to read at least; it takes a second, another's start a tenth."""

_Stripe = tuple[list[tuple[int, int, Event]], str | None]
"""What a file holds: events with time and number, and what is wrong behind them."""


class _Message(NamedTuple):
    id: int
    src: Any
    dest: Any
    body: Any


def journal_files(folder: Path) -> list[Path]:
    """The files of Maelstrom's journal in `folder`, in the order in which they were begun."""
    return sorted(folder.glob("*.fressian"), key=lambda path: (len(path.name), path.name))


def read_maelstrom_journal(folder: Path) -> Iterator[Event]:
    """Yield the events of the journal in `folder` in order of time, as Maelstrom's clock told it.

    Of a file that is cut off or damaged, what stands before that is used; one warning says so for
    all such files.  The files of a long journal are shared out among the machine's processors.
    """
    files = journal_files(folder)
    stripes = _read_together(files)
    events = (
        (time_ns, number, file, event)
        for file, path in enumerate(files)
        for time_ns, number, event in stripes[path][0]
    )
    for *_, event in sorted(events, key=itemgetter(0, 1, 2)):
        yield event
    damaged = [f"{path}: {problem}" for path in files if (problem := stripes[path][1])]
    if damaged:
        others = f" (so or alike in {len(damaged)} of {len(files)} files)"
        warnings.warn(damaged[0] + (others if len(damaged) > 1 else ""), stacklevel=2)


def _read_together(files: Sequence[Path]) -> dict[Path, _Stripe]:
    """Read all files, with the help of other processes where that is worth their start."""
    by_size = sorted(files, key=_size, reverse=True)
    helped = sum(map(_size, files)) // _SHARE_BYTES
    processes = max(1, min(helped, os.cpu_count() or 1, len(files)))
    own, *shares = (by_size[first::processes] for first in range(processes))
    with ExitStack() as stack:  # at whose end nobody is left at work
        helpers = [stack.enter_context(_begin_helper(share)) for share in shares]
        stripes = {path: _read_stripe(path) for path in own}
        for helper, share in zip(helpers, shares, strict=True):
            stripes |= zip(share, _finish_helper(helper) or map(_read_stripe, share), strict=True)
    return stripes


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # whoever reads it will say so
        return 0


def _begin_helper(share: Sequence[Path]) -> Popen[bytes]:
    command = [sys.executable, "-P", "-m", __name__, *map(str, share)]
    return Popen(command, stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL)


def _finish_helper(helper: Popen[bytes]) -> list[_Stripe] | None:
    """What a helper has read; None when it could not, whatever the reason."""
    told, _ = helper.communicate()
    return pickle.loads(told) if helper.returncode == 0 else None


def _help() -> None:
    """Be a helper: read the files that the command line names."""
    gc.disable()  # only new objects are made: looking for garbage would take half of the time
    stripes = [_read_stripe(Path(name)) for name in sys.argv[1:]]
    pickle.dump(stripes, sys.stdout.buffer, protocol=pickle.HIGHEST_PROTOCOL)


def _read_stripe(path: Path) -> _Stripe:
    """The events of one file, and what is wrong with it, if anything is."""
    events: list[tuple[int, int, Event]] = []
    try:
        reader = Reader(path.read_bytes(), _HANDLERS, _other)
        for event in reader:
            if type(event) is not tuple:
                raise FressianError(f"before byte {reader.position:,} there is no event")
            events.append(event)
    except FressianError as error:
        return events, str(error)
    except OSError as error:
        return events, error.strerror
    return events, None


def _event(components: list[Any]) -> tuple[int, int, Event]:
    number, time_ns, kind, message = components
    if type(number) is not int or type(time_ns) is not int or type(message) is not _Message:
        raise TypeError("its parts are not those of an event")
    kind = _KINDS[kind]
    fields = None
    if kind == "send":
        fields = {"src": str(message.src), "dest": str(message.dest), "body": message.body}
    return time_ns, number, Event(kind, time_ns, message.id, fields)


def _message(components: list[Any]) -> _Message:
    message = _Message(*components)
    if type(message.id) is not int:
        raise TypeError("its number is none")
    return message


# Bodies as they were on the wire, where there is nothing but JSON.


def _json_map(components: list[Any]) -> dict[str, Any]:
    (items,) = components
    if type(items) is not list or len(items) % 2:
        raise TypeError("its content is no list of pairs")
    pairs = iter(items)
    return {
        key if type(key) is str else str(to_json(key)): value
        for key, value in zip(pairs, pairs, strict=True)
    }


def _json_list(components: list[Any]) -> list[Any]:
    (items,) = components
    return list(items)


def _other(tag: Any, components: list[Any]) -> Any:
    return components[0] if len(components) == 1 else components


_HANDLERS: dict[Any, Handler] = {
    "ev": _event,
    "msg": _message,
    "map": _json_map,
    "set": _json_list,
    "key": full_name,
    "sym": full_name,
    "ratio": lambda components: float(components[0]) / float(components[1]),
    "char": lambda components: chr(components[0]).encode("utf-8", "replace").decode(),
}


if __name__ == "__main__":
    _help()
