"""Files that a run writes as it goes on: a full disk ends the test, not the bench."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, TextIO, cast

Failed = Callable[[OSError], None]
"""Is told once when a file cannot be written any more."""


class _Enduring(io.FileIO):
    """A file whose writes never raise: after the first that fails, the rest is left out.

    Buffers are written whenever they are full, which may be in the middle of a node's handler: an
    exception there would look like the node's own.
    """

    def __init__(self, path: Path, failed: Failed) -> None:
        super().__init__(path, "w")
        self._failed: Failed | None = failed

    def write(self, data: Any) -> int:
        if self._failed is not None:
            try:
                return super().write(data)
            except OSError as error:
                failed, self._failed = self._failed, None
                failed(error)
        return len(data)


def open_binary(path: Path, failed: Failed, buffer_bytes: int) -> BinaryIO:
    """Open a file for bytes that calls `failed` where others raise an OSError."""
    return cast(BinaryIO, io.BufferedWriter(_Enduring(path, failed), buffer_bytes))


def open_text(path: Path, failed: Failed, buffer_bytes: int = 8192) -> TextIO:
    """Open a file for text that calls `failed` where others raise an OSError."""
    buffer = io.BufferedWriter(_Enduring(path, failed), buffer_bytes)
    return io.TextIOWrapper(buffer, encoding="utf-8", errors="backslashreplace", newline="\n")
