"""Which line of a node's program is meant: of what is at work, of a task that waits, of a handler.

Nodes in virtual time run in the bench's own process, so that their stacks can be looked at.
"""

from __future__ import annotations

import asyncio
import inspect
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from types import CodeType, FrameType
from typing import Any

from glomers.files import STANDARD_LIBRARY
from glomers.node import Message, Node

Place = tuple[str, int]
"""A file and a line in it."""

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_LOOP = os.path.join(_PACKAGE, "bench", "clock.py")
_DRIVING = frozenset({"run_until", "run_ready", "_advance"})
"""The functions there in which a loop, of any clock, is at its own work."""
_SOLUTIONS = os.path.join(_PACKAGE, "solutions") + os.sep
_STANDARD = STANDARD_LIBRARY + os.sep
_INSTALLED = f"{os.sep}site-packages{os.sep}"
_HANDLING = frozenset({Node._dispatch.__code__, Node._respond.__code__})


def is_theirs(file: str) -> bool:
    """Whether a file belongs to a node's program, and neither to us nor to a library."""
    if file.startswith(_PACKAGE):
        return file.startswith(_SOLUTIONS)
    return not (file.startswith(("<", _STANDARD)) or _INSTALLED in file)


def frames_from(frame: FrameType | None) -> Iterator[FrameType]:
    """A frame and those that called it, from the inside out, up to the bench's loop at its work.

    The loop also tells nodes the time and takes callbacks from them: that is no end.
    """
    while frame is not None and not _is_driving(frame.f_code):
        yield frame
        frame = frame.f_back


def _is_driving(code: CodeType) -> bool:
    return code.co_name in _DRIVING and code.co_filename == _LOOP


def frames_of(task: asyncio.Task[Any]) -> list[FrameType]:
    """The frames of a task that waits, from the inside out."""
    frames = []
    awaited: Any = task.get_coro()
    while awaited is not None:
        frame = getattr(awaited, "cr_frame", None) or getattr(awaited, "gi_frame", None)
        if frame is not None:
            frames.append(frame)
        awaited = getattr(awaited, "cr_await", None) or getattr(awaited, "gi_yieldfrom", None)
    return frames[::-1]


def place_in(frames: Iterator[FrameType] | list[FrameType]) -> Place | None:
    """The innermost line that is the node's own."""
    for frame in frames:
        if is_theirs(frame.f_code.co_filename):
            return frame.f_code.co_filename, frame.f_lineno
    return None


def place_of_error(error: BaseException) -> Place | None:
    """The innermost line of the node's own that an exception came through."""
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        return error.filename, error.lineno
    places = [
        (frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(error.__traceback__)
    ]
    return next((place for place in reversed(places) if is_theirs(place[0])), None)


def with_place(warn: Callable[[str], None]) -> Callable[[str], None]:
    """`warn` that adds the line of a node's program that is at work, if one is."""

    def warn_with_place(text: str) -> None:
        place = place_in(frames_from(sys._getframe(1)))
        warn(f"{text} ({os.path.basename(place[0])}:{place[1]})" if place else text)

    return warn_with_place


def message_in(frames: Iterator[FrameType] | list[FrameType]) -> Message | None:
    """The message that is being handled there, if one is."""
    for frame in frames:
        if frame.f_code in _HANDLING:
            message = frame.f_locals.get("message")
            return message if isinstance(message, Message) else None
    return None


def handler_places(node: Node) -> dict[str, Place]:
    """Where a node's handlers begin, by type of message."""
    codes = {kind: _code_of(handler) for kind, (handler, _) in node._handlers.items()}
    return {kind: (code.co_filename, code.co_firstlineno) for kind, code in codes.items() if code}


def waiting_places(node: Node) -> dict[str, Place | None]:
    """The types of messages that are still being handled, and where one of each waits."""
    waiting: dict[str, Place | None] = {}
    for task in sorted(node._answering, key=lambda task: task.get_name()):
        frames = frames_of(task)
        message = message_in(frames)
        if message is not None:
            waiting.setdefault(message.type, place_in(frames))
    return waiting


def _code_of(handler: Callable[..., Any]) -> CodeType | None:
    """The code of a function, whatever it is wrapped in."""
    function: Any = inspect.unwrap(handler)
    function = getattr(function, "func", function)  # of a partial
    function = getattr(function, "__func__", function)  # of a method
    if not hasattr(function, "__code__"):
        function = getattr(type(function), "__call__", None)  # noqa: B004  # of an object
    code = getattr(function, "__code__", None)
    if not isinstance(code, CodeType):
        return None
    wrapped = [
        inner.__code__
        for inner in map(_contents, getattr(function, "__closure__", None) or ())
        if inspect.isfunction(inner) and is_theirs(inner.__code__.co_filename)
    ]
    # A decorator's wrapper takes any arguments, and has the function that it wraps.
    return wrapped[0] if len(wrapped) == 1 and code.co_flags & inspect.CO_VARARGS else code


def _contents(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # it is empty
        return None
