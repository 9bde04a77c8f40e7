"""The history while it grows: in memory for the checkers, and on disk line by line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TextIO

from glomers.formats.edn import Keyword
from glomers.formats.history import Op, format_op


class HistoryWriter:
    """Numbers operations and appends each to a file, so that a killed run keeps its history."""

    def __init__(self, file: TextIO | None) -> None:
        """Write to `file`; with None, operations are kept in memory only."""
        self.ops: list[Op] = []
        self._file = file

    def add(
        self,
        time_ns: int,
        type: str,
        process: int | str,
        f: str,
        value: Any,
        *,
        error: Any = None,
        final: bool = False,
        extra: Mapping[Keyword, Any] | None = None,
    ) -> Op:
        """Append one operation and return it."""
        op = Op(
            len(self.ops),
            time_ns,
            type,
            process,
            f,
            value,
            error,
            final,
            dict(extra) if extra else None,
        )
        self.ops.append(op)
        if self._file:
            self._file.write(format_op(op) + "\n")
        return op

    def close(self) -> None:
        """Write what is still buffered."""
        if self._file:
            self._file.close()
