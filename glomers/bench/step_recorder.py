"""Records what nodes do, step by step, and what they know after each: `node-state.jsonl`.

Who records watches only: what is recorded changes neither what happens nor when.  (What a program
can still tell is that objects live until the end of the step in which it let go of them.)
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Context
from typing import Any

from glomers.bench.clock import Handle, VirtualLoop
from glomers.formats.journal import Journal
from glomers.formats.node_state import Changes, CodePlace, NodeStateWriter, StepKind
from glomers.node import host as current_host


class Turn:
    """A step that is under way, or was.

    `origin` is the turn that made it due; `number` stays None where it was not worth a line, as
    nothing of the program was at work: then what it made due has its kind, message and place.
    Of a turn that is over, `origin` has a number, or is none.
    """

    __slots__ = ("kind", "message", "number", "origin", "place", "sends")

    def __init__(self, origin: Turn | None, kind: StepKind, message: int | None = None) -> None:
        self.origin = origin
        self.kind = kind
        self.message = message
        self.number: int | None = None
        self.place: CodePlace | None = None
        self.sends: list[int] = []


class StepRecorder(Journal):
    """Takes the steps of nodes, and hears from the journal what they send and are sent.

    Args:
        journal: gets everything that a journal gets.
        writer: gets the steps.
    """

    def __init__(self, journal: Journal, writer: NodeStateWriter) -> None:
        self.turn: Turn | None = None
        """Whose turn it is."""
        self.arrived = -1
        """The id of the message that arrived last."""
        self._count = 0
        self._journal = journal
        self._writer = writer
        self._write = writer.write
        self.drop = journal.drop  # type: ignore[method-assign]
        self.fault_began = journal.fault_began  # type: ignore[method-assign]
        self.fault_ended = journal.fault_ended  # type: ignore[method-assign]
        self._send, self._recv = journal.send, journal.recv

    def send(self, time_ns: int, message_id: int, line: bytes) -> None:
        if self.turn is not None:
            self.turn.sends.append(message_id)
        self._send(time_ns, message_id, line)

    def recv(self, time_ns: int, message_id: int) -> None:
        self.arrived = message_id
        self._recv(time_ns, message_id)

    def close(self) -> None:
        self._journal.close()
        self._writer.close()

    def write(
        self,
        turn: Turn,
        time_ns: int,
        node: str,
        place: CodePlace | None,
        changes: Changes,
        before: int | None,
    ) -> None:
        """Write a turn as a step; `before` is the last step of the same task, if there was one."""
        if turn.origin is not None:
            self.pass_over(turn)
        kind, cause = turn.kind, turn.origin
        number = None if cause is None else cause.number
        if before is not None and kind != "task":  # it was waiting for this since then
            number = before
        self._write(time_ns, node, kind, turn.message, number, place, turn.sends, changes)
        turn.number, turn.origin = self._count, None
        self._count += 1

    @staticmethod
    def pass_over(turn: Turn) -> None:
        """Let a turn that is over stand for those that made it due and were not worth a line."""
        origin = turn.origin
        if origin is None or origin.number is not None:
            return
        if turn.kind == "task":
            turn.kind, turn.message = origin.kind, origin.message
        turn.origin = origin.origin


class StepLoop(VirtualLoop):
    """A loop that remembers whose turn it was when something was made due."""

    recorder: StepRecorder

    def __init__(self) -> None:
        super().__init__()
        self.carry_out = self._record

    def call_soon(  # type: ignore[override]
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> Handle:
        handle = Handle(callback, args, context)
        handle.origin = self.recorder.turn
        self._ready.append(handle)
        return handle

    call_soon_threadsafe = call_soon

    def call_at(  # type: ignore[override]
        self,
        when: float,
        callback: Callable[..., object],
        *args: Any,
        context: Context | None = None,
    ) -> Handle:
        handle = super().call_at(when, callback, *args, context=context)
        handle.origin = self.recorder.turn
        return handle

    def _record(self, handle: Handle, callback: Callable[..., object]) -> None:
        host: Any = handle.context.get(current_host)
        if host is None:
            handle.context.run(callback, *handle.args)
        else:
            host.call(handle, callback)
