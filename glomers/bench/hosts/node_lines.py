r"""Lines that nodes write, read as Maelstrom reads them: a message, or why it is none.

The rules are those of Maelstrom 0.2.4 (`src/maelstrom/process.clj` and `net.clj`) and of the JSON
reader that it uses.  A message is a JSON object with `src`, `dest`, `body` and perhaps an integer
`id`, and nothing else; an object without a body has an empty one.  What stands behind the object is
ignored, strings may hold control characters, and half a character (`\ud800`) is a question mark.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from glomers.protocol import dumps, loads, read_integer, refuse_constant

Read = Callable[[bytes], Any]
"""Reads JSON; raises a ValueError for what is none."""
Parts = tuple[str, str, dict[str, Any], bytes]
"""Source, destination and body of a message, and its line, which is JSON and nothing else."""

_KEYS = frozenset({"src", "dest", "body", "id"})
_BLANKS = " \t\r\n"
_DECODER = json.JSONDecoder(strict=False, parse_constant=refuse_constant, parse_int=read_integer)


class BadLine(ValueError):
    """A line is no legal message; the text goes on from "it wrote such a line, "."""


def read_message(line: bytes, read: Read = loads) -> Parts:
    """The parts of the message in `line`, whose JSON `read` can read.

    Raises:
        BadLine: saying why there is none.
    """
    try:
        message = read(line)
        src, dest, body = message["src"], message["dest"], message["body"]
    except (ValueError, TypeError, KeyError):
        return _read_anew(line)
    if len(message) == 3 and type(src) is type(dest) is str and type(body) is dict:
        return src, dest, body, line
    return _read_anew(line)


def _read_anew(line: bytes) -> Parts:
    """Read a line that is not just a message; return it as if it were."""
    try:
        message, _ = _DECODER.raw_decode(line.decode("utf-8", "replace").lstrip(_BLANKS))
        text = json.dumps(message, ensure_ascii=False, allow_nan=False)
        message = loads(text.encode("utf-8", "replace"))
    except (ValueError, RecursionError):
        raise BadLine(
            "which is not JSON; stdout is for messages, stderr for everything else"
        ) from None
    if problem := _problem(message):
        raise BadLine(f"which is not a message: {problem}")
    src, dest, body = message["src"], message["dest"], message.get("body") or {}
    return src, dest, body, dumps({"src": src, "dest": dest, "body": body})


def _problem(message: Any) -> str | None:
    """What keeps `message` from being one, if anything does."""
    if type(message) is not dict:
        return "it is not a JSON object"
    for field in ("src", "dest"):
        if type(message.get(field)) is not str:
            return f"its {field!r} is missing or not a string"
    if not _is_map(message.get("body")):
        return "its 'body' is not an object"
    if others := message.keys() - _KEYS:
        return f"it has {min(others)!r} beside 'src', 'dest', 'body' and 'id'"
    if type(message.get("id", 0)) is not int:
        return "its 'id' is not an integer"
    return None


def _is_map(body: Any) -> bool:
    """Whether a body is an object, or something empty that Maelstrom makes an object of."""
    return type(body) is dict or body is None or body in ([], "")
