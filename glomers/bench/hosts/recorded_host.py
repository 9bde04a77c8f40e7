"""A node in the bench's own process of which every step is recorded."""

from __future__ import annotations

import ast
import asyncio
import functools
import os
from collections.abc import Callable
from types import CodeType, CoroutineType, FunctionType, MethodType
from typing import Any

from glomers.bench import blame
from glomers.bench.clock import Handle, _Task
from glomers.bench.hosts.virtual import VirtualHost
from glomers.bench.step_recorder import StepRecorder, Turn
from glomers.bench.variables import Variables
from glomers.files import below
from glomers.formats.node_state import Changes, CodePlace
from glomers.node import Node

_RPC = Node.rpc.__code__
_RESPOND = Node._respond.__code__
_REPEAT = Node._repeat.__code__
_FINISHED = Node._finished
_coroutine_of = asyncio.Task.get_coro
_HARMLESS = frozenset(
    id(function)
    for function in (
        Node._expire,
        asyncio.futures._set_result_unless_cancelled,  # type: ignore[attr-defined]
        asyncio.timeouts.Timeout._on_timeout,  # type: ignore[attr-defined]
    )
)
"""Callbacks that change nothing of the program's own."""
_MADE_IN_C = 1 << 8  # Py_TPFLAGS_IMMUTABLETYPE
_MOST_WRAPPERS = 8
_flags_of = type.__dict__["__flags__"].__get__


class RecordedHost(VirtualHost):
    """The same as a virtual host, and tells a recorder what its node does and knows.

    It asks no object of the program for anything that the program could answer for.
    """

    def __init__(self, *what: Any, recorder: StepRecorder, now_ns: Callable[[], int]) -> None:
        super().__init__(*what)
        self.recorder = recorder
        self._now_ns = now_ns
        self._last: dict[int, int | None] = {}
        """Of each task the number of its last step."""
        self._names: dict[int, tuple[CodeType, str | None]] = {}
        """By the id of a piece of code, in which file of the program it is, if in one."""
        self._places: dict[tuple[int, int], CodePlace] = {}
        self._beginnings: dict[int, CodePlace] = {}
        self._variables = Variables(self._module.__dict__, _imported(self._path.read_bytes()))

    async def start(self) -> None:
        turn = self.recorder.turn = Turn(None, "start")
        try:
            await super().start()
        finally:
            self.recorder.turn = None
        self._record(turn, self._place(self._compile(), 1), True)

    def deliver(self, src: str, body: dict[str, Any], line: bytes) -> None:
        number = self.recorder.arrived
        if self._withheld is None:
            self._take(number, src, body, line)
        else:
            late = functools.partial(self._take, number)
            self._withheld.append(Handle(late, (src, body, line), None))

    def _take(self, number: int, src: str, body: dict[str, Any], line: bytes) -> None:
        """Deliver a message and record what comes of it."""
        is_reply = body.get("in_reply_to") is not None
        place, is_at_work = (None, False) if is_reply else self._handler(body.get("type"))
        turn = self.recorder.turn = Turn(None, "reply" if is_reply else "message", number)
        turn.place = place
        try:
            super().deliver(src, body, line)
        finally:
            self.recorder.turn = None
            self._record(turn, place if is_at_work else None, is_at_work)

    def call(self, handle: Handle, callback: Callable[..., object]) -> None:
        """Call what has become due, and record what comes of it."""
        kind, serial = type(callback), None
        if kind is MethodType and callback.__func__ is _FINISHED:  # type: ignore[attr-defined]
            handle.context.run(callback, *handle.args)  # it makes nothing due and changes nothing
            return
        turn = Turn(handle.origin, "timer" if handle.when_s > 0 else "task")
        # An object of the program's own is not asked for its task.
        task: Any = getattr(callback, "__self__", None) if _flags_of(kind) & _MADE_IN_C else None
        if type(task) is _Task:
            place, is_at_work = self._place_in(_coroutine_of(task), turn)
            serial = task.serial
        elif issubclass(type(task), asyncio.Task):
            place, is_at_work = self._place_in(_coroutine_of(task), turn)
        else:
            function = callback.__func__ if kind is MethodType else callback  # type: ignore[attr-defined]
            is_at_work = id(function) not in _HARMLESS
            place = self._beginning(callback) if is_at_work else None
        self.recorder.turn = turn
        try:
            handle.context.run(callback, *handle.args)
        finally:
            self.recorder.turn = None
            self._record(turn, place, is_at_work, serial)

    def _record(
        self, turn: Turn, place: CodePlace | None, is_at_work: bool, serial: int | None = None
    ) -> None:
        """Write a step, unless nothing of the program was at work and nothing came of it."""
        changes: Changes = self._variables.changes() if is_at_work else {}
        if place is None and not turn.sends and not changes:
            self.recorder.pass_over(turn)
            return
        before = None if serial is None else self._last.get(serial)
        self.recorder.write(turn, self._now_ns(), self.node_id, place, changes, before)
        if serial is not None:
            self._last[serial] = turn.number

    # What is at work.

    def _handler(self, kind: Any) -> tuple[CodePlace | None, bool]:
        """Where the handler of a type of message begins, and whether it is at work at once."""
        node = self._node
        if node is None or type(kind) is not str:
            return None, False
        if kind == "init":
            hooks = node._init_hooks
            return (self._beginning(hooks[0]) if hooks else None), False
        handler, is_async = node._handlers.get(kind, (None, True))
        is_at_work = handler is not None and not is_async and node._early is None
        return self._beginning(handler), is_at_work

    def _place_in(self, coroutine: Any, turn: Turn) -> tuple[CodePlace | None, bool]:
        """Where a task goes on, and whether that may change anything of the program's own."""
        outermost = coroutine.cr_code if type(coroutine) is CoroutineType else None
        if outermost is _RPC:
            return None, False
        awaited, own, names = coroutine, None, self._names
        while type(awaited) is CoroutineType:
            code = awaited.cr_code
            known = names.get(id(code))
            if known[1] if known else self._file(code):
                own = awaited
            awaited = awaited.cr_await
        frame = None if own is None else own.cr_frame
        if own is not None and frame is not None:
            code, line = own.cr_code, frame.f_lineno
            return self._places.get((id(code), line)) or self._place(code, line), True
        if outermost is _RESPOND and turn.origin is not None:
            return turn.origin.place, True
        if outermost is _REPEAT and coroutine.cr_frame is not None:
            return self._beginning(coroutine.cr_frame.f_locals["hook"]), True
        return None, True

    def _beginning(self, function: Any) -> CodePlace | None:
        """Where a function of the program begins; None of others."""
        code = _code_of(function)
        if code is None:
            return None
        place = self._beginnings.get(id(code))
        if place is None and self._file(code) is not None:
            place = self._beginnings[id(code)] = self._place(code, code.co_firstlineno)
        return place

    def _file(self, code: CodeType) -> str | None:
        """The file that code is in, as a person calls it; None when it is not the program's."""
        known = self._names.get(id(code))
        if known is None:
            name = None
            if blame.is_theirs(code.co_filename):
                file = code.co_filename
                name = below(file, self._path.parent) or os.path.basename(file)
            known = self._names[id(code)] = code, name
        return known[1]

    def _place(self, code: CodeType, line: int | None) -> CodePlace:
        line = line or code.co_firstlineno
        place = self._places.get((id(code), line))
        if place is None:
            place = CodePlace(self._file(code) or "", line, code.co_name)
            self._places[id(code), line] = place
        return place


def _code_of(function: Any) -> CodeType | None:
    """The code of a plain function or method, in whatever it is wrapped."""
    for _ in range(_MOST_WRAPPERS):
        kind = type(function)
        if kind is MethodType:
            function = function.__func__
        elif kind is functools.partial:
            function = function.func
        elif kind is FunctionType:
            wrapped = function.__dict__.get("__wrapped__")
            if wrapped is None:
                code: CodeType = function.__code__
                return code
            function = wrapped
        else:
            break
    return None


@functools.lru_cache(maxsize=8)
def _imported(source: bytes) -> frozenset[str]:
    """The names that a program imports; none of one that cannot be parsed, which cannot run."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return frozenset()
    return frozenset(
        (alias.asname or alias.name).partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    )
