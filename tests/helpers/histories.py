"""Histories for tests of what reads a history: operations one after the other, written by hand."""

from __future__ import annotations

from typing import Any

from glomers.formats.history import Op

MS = 1_000_000
REST_MS = 10_000


class Histories:
    """Builds a history: each call is an operation that begins and ends before the next one."""

    def __init__(self) -> None:
        self.ops: list[Op] = []
        self._now_ms = 0

    def begin(self, process: int, f: str, value: Any = None, *, final: bool = False) -> Op:
        """Let a client begin an operation."""
        return self._add("invoke", process, f, value, final)

    def end(self, began: Op, outcome: str = "ok", value: Any = None) -> None:
        """End an operation with the outcome; without a value it is that of the invocation."""
        given = began.value if value is None else value
        self._add(outcome, began.process, began.f, given, began.final)

    def do(
        self,
        process: int,
        f: str,
        value: Any = None,
        *,
        answer: Any = None,
        outcome: str = "ok",
        final: bool = False,
    ) -> None:
        """A whole operation."""
        self.end(self.begin(process, f, value, final=final), outcome, answer)

    def nemesis(self, f: str, value: Any) -> None:
        """A line of the nemesis."""
        self._add("info", "nemesis", f, value, False)

    def rest(self) -> None:
        """Let ten seconds pass."""
        self._now_ms += REST_MS

    def _add(self, kind: str, process: int | str, f: str, value: Any, final: bool) -> Op:
        op = Op(len(self.ops), self._now_ms * MS, kind, process, f, value, None, final)
        self.ops.append(op)
        self._now_ms += 1
        return op
