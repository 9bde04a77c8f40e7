"""The history while it grows: in memory for the checkers, and on disk line by line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from glomers.bench.files import Failed, open_text
from glomers.formats.edn import Keyword
from glomers.formats.history import Op, format_op

_BUFFER_BYTES = 1 << 18


class HistoryWriter:
    """Numbers operations and appends each to `path`, so that a killed run keeps its history."""

    def __init__(self, path: Path, failed: Failed) -> None:
        self.ops: list[Op] = []
        self._file = open_text(path, failed, _BUFFER_BYTES)

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
        self._file.write(format_op(op) + "\n")
        return op

    def close(self) -> None:
        """Write what is still buffered."""
        self._file.close()
