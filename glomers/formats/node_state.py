"""What nodes knew and when, as JSON lines in order of time: `node-state.jsonl` in a store.

The first line is `{"format":"glomers-node-state","version":1}`; each line after it is a *step*: one
turn in which a node was at work, from being called until it waits again.  Steps are numbered from
0, in the order of the lines.

    [time_ns, node, kind, message, cause, place, sends, changes]

- `kind`: `start` (the program's file was executed: the node's variables begin anew), `message` (a
  handler began), `reply` (somebody who waited for a reply went on), `timer` (a time has come, of
  `every`, a sleep or a time-out), or `task` (anything else that had become due: a coroutine that
  was spawned, or somebody who waited for another part of the node).
- `message`: the id in the journal of the message that the step took, for `message` and `reply`;
  else null.
- `cause`: the number of the earlier step of this node that made this one due, such as the one that
  spawned the coroutine, went to sleep or asked what is answered now; null where a message alone
  did, or nobody.
- `place`: `[file, line, function]` of the program's own code that was called or went on; `file`
  is a name below the folder of the program. null where only the runtime was at work.
- `sends`: the ids of the messages that were sent in this step, and of their copies.
- `changes`: what became of variables, by path.

A *path* is `seen`, `entries['k']` (the entry of a dict), `link._kept` (an attribute), or longer.
The changes of a path are one of

    {"=": "17"}                          it is this text now
    {"is": "set", "+": [...], "of": n}   it begins as a container with these members
    {"+": [...], "-": [...], "of": n}    members were added and taken away; both can be missing
    {"at": i, "+": [...], "-": [...], "of": n}   the same in a list, at position i
    {"gone": true}                       it is no more

Containers are of the kinds `set` (frozensets too), `list`, and `dict`, whose members are its keys;
its values have paths of their own.  Members are texts.  The members of sets and dicts have no
order.  `of` says how many members there are, where that is more than are kept: such a container
is told by its number alone, and has no members and nothing below it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Literal, NamedTuple, get_args

from glomers.formats import compact_json

NODE_STATE = "node-state.jsonl"
"""The file in a store."""
_HEADER = b'{"format":"glomers-node-state","version":1}\n'

StepKind = Literal["start", "message", "reply", "timer", "task"]
_KINDS = frozenset(get_args(StepKind))
Changes = Mapping[str, Mapping[str, Any]]
"""What became of variables, by path; see above."""


class NodeStateError(ValueError):
    """A file of states cannot be read."""


class CodePlace(NamedTuple):
    """Where a step began or went on: a line of the program, and the function that it is in."""

    file: str
    line: int
    function: str


class NodeStep(NamedTuple):
    """A turn in which a node was at work; see above."""

    time_ns: int
    node: str
    kind: StepKind
    message: int | None
    cause: int | None
    place: CodePlace | None
    sends: tuple[int, ...]
    changes: Changes


class NodeStateWriter:
    """Writes steps to a file that is open."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._write = file.write
        self._write(_HEADER)

    def write(
        self,
        time_ns: int,
        node: str,
        kind: StepKind,
        message: int | None,
        cause: int | None,
        place: CodePlace | None,
        sends: Sequence[int],
        changes: Changes,
    ) -> None:
        """Append a step."""
        where = None if place is None else tuple(place)
        step = (time_ns, node, kind, message, cause, where, sends, changes)
        try:
            self._write(compact_json.dumps(step))
        except (TypeError, UnicodeEncodeError):  # a name of the program's has half a character
            self._write(json.dumps(step, separators=(",", ":")).encode())
        self._write(b"\n")

    def close(self) -> None:
        """Write what is still buffered and close the file."""
        self._file.close()


def read_node_states(path: Path) -> Iterator[NodeStep]:
    """Yield the steps of the file at `path`; a last line that is cut off is left out.

    Raises:
        NodeStateError: when it is no such file, or damaged before its last line.
        OSError: when it cannot be read.
    """
    with path.open("rb") as file:
        if file.readline() != _HEADER:
            raise NodeStateError(f"{path} is no file of nodes' states of version 1")
        for number, line in enumerate(file, start=2):
            try:
                yield _parse_step(line)
            except (ValueError, KeyError, TypeError, RecursionError):
                if file.readline():
                    raise NodeStateError(f"{path}, line {number}: there is no step") from None


def _parse_step(line: bytes) -> NodeStep:
    if not line.endswith(b"\n"):
        raise ValueError("a line has no end")
    time_ns, node, kind, message, cause, place, sends, changes = json.loads(line)
    where = CodePlace(*place) if place else None
    is_one = type(time_ns) is int and type(node) is str and kind in _KINDS
    if not is_one or not _are(int, [each for each in (message, cause) if each is not None], sends):
        raise TypeError("this is no step")
    if where and [*map(type, where)] != [str, int, str]:
        raise TypeError("this is no place")
    if type(changes) is not dict or not all(map(_is_change, changes.values())):
        raise TypeError("these are no changes")
    return NodeStep(time_ns, node, kind, message, cause, where, tuple(sends), changes)


def _is_change(change: Any) -> bool:
    return (
        type(change) is dict
        and _are(str, [change.get("=", ""), change.get("is", "")])
        and _are(str, change.get("+", []), change.get("-", []))
        and _are(int, [change.get("at", 0), change.get("of", 0)])
    )


def _are(kind: type, *lists: Any) -> bool:
    """Whether these are lists that hold nothing but objects of a type."""
    return all(type(each) is list and set(map(type, each)) <= {kind} for each in lists)
