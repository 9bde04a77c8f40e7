"""JSON without spaces, by orjson where it is there: it reads and writes several times as fast."""

from __future__ import annotations

from typing import Any

try:
    from orjson import dumps, loads
except ImportError:
    import json

    def dumps(value: Any) -> bytes:  # type: ignore[misc]
        """Encode as orjson does; integers may have any size."""
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()

    loads = json.loads  # type: ignore[assignment]

__all__ = ["dumps", "loads"]
