"""The journal of messages that the real Maelstrom leaves: `net-journal/0.fressian`, `1.…`, ….

Each of Maelstrom's threads writes a file of its own, so the events are spread over many. One is
`ev` (number, time in ns, `:send` or `:recv`, message), a message `msg` (number, src, dest, body).
The times are those of a clock that began at some moment before the run, and a message that a
partition swallowed has no event but that it was sent; `glomers.lab.real_journal` makes up for both.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

from glomers.formats.edn import to_json
from glomers.formats.fressian import FressianError, Handler, Reader, full_name
from glomers.formats.journal import Event, Kind

_KINDS: dict[Any, Kind] = {"send": "send", "recv": "recv"}


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
    all such files.
    """
    damaged: list[str] = []
    files = journal_files(folder)
    stripes = [_stripe(number, path, damaged) for number, path in enumerate(files)]
    for *_, event in sorted(chain.from_iterable(stripes), key=itemgetter(0, 1, 2)):
        yield event
    if damaged:
        others = f" (so or alike in {len(damaged)} of {len(files)} files)"
        warnings.warn(damaged[0] + (others if len(damaged) > 1 else ""), stacklevel=2)


def _stripe(number: int, path: Path, damaged: list[str]) -> Iterator[tuple[int, int, int, Event]]:
    """The events of one file, each after what they are sorted by: time, number, file."""
    try:
        reader = Reader(path.read_bytes(), _HANDLERS, _other)
        for event in reader:
            if type(event) is not tuple:
                raise FressianError(f"before byte {reader.position:,} there is no event")
            yield event[0], event[1], number, event[2]
    except FressianError as error:
        damaged.append(f"{path}: {error}")
    except OSError as error:
        damaged.append(f"{path}: {error.strerror}")


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
