"""The history while it grows: in memory for the checkers, and on disk line by line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TextIO

from glomers.formats.edn import Keyword, dumps
from glomers.formats.history import Op, format_op, format_text


class HistoryWriter:
    """Numbers operations and appends each to files, so that a killed run keeps its history."""

    def __init__(self, files: tuple[TextIO, TextIO] | None) -> None:
        """Write EDN to one file and plain text to the other; with None, keep it in memory only."""
        self.ops: list[Op] = []
        self._files = files

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
        if self._files:
            edn, text = self._files
            value_edn = dumps(value)
            edn.write(format_op(op, value_edn) + "\n")
            text.write(format_text(op, value_edn) + "\n")
        return op

    def close(self) -> None:
        """Write what is still buffered."""
        for file in self._files or ():
            file.close()
