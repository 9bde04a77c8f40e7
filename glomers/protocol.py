"""Maelstrom's protocol: JSON messages, one a line, and error codes.

Source: Maelstrom's documentation, `doc/protocol.md`.
"""

from __future__ import annotations

import json
from enum import IntEnum
from typing import Any

try:
    import orjson
except ImportError:  # a node runs with the standard library alone, only slower
    orjson = None  # type: ignore[assignment]

Body = dict[str, Any]


class ErrorCode(IntEnum):
    """The codes of `error` replies."""

    TIMEOUT = 0
    NODE_NOT_FOUND = 1
    NOT_SUPPORTED = 10
    TEMPORARILY_UNAVAILABLE = 11
    MALFORMED_REQUEST = 12
    CRASH = 13
    ABORT = 14
    KEY_DOES_NOT_EXIST = 20
    KEY_ALREADY_EXISTS = 21
    PRECONDITION_FAILED = 22
    TXN_CONFLICT = 30


_INDEFINITE = frozenset({ErrorCode.TIMEOUT, ErrorCode.CRASH})
_KNOWN = frozenset(ErrorCode)


class RPCError(Exception):
    """An `error` reply, received or to be sent; `code` may be one that nobody has defined.

    Raises:
        TypeError: when the code is no number.
    """

    def __init__(self, code: int, text: str | None = None) -> None:
        if not isinstance(code, int):
            raise TypeError(f"RPCError takes a code and then a text; {code!r} is no code")
        super().__init__(code, text)
        self.code = code
        self.text = text

    @property
    def definite(self) -> bool:
        """Whether the request certainly did not take effect; unknown codes prove nothing."""
        return self.code in _KNOWN and self.code not in _INDEFINITE

    def body(self) -> Body:
        """The body of the reply that reports this error."""
        text = None if self.text is None else str(self.text)  # an exception may stand for it
        return {"type": "error", "code": int(self.code), "text": text}

    def __str__(self) -> str:
        name = ErrorCode(self.code).name if self.code in _KNOWN else "unknown"
        return f"error {self.code} ({name.lower().replace('_', ' ')}): {self.text}"


def _json_dumps(value: Any) -> bytes:
    """Encode as orjson does: compact UTF-8, string keys; but refuse NaN, which it calls null."""
    _refuse_other_keys(value)
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8")


def _refuse_other_keys(value: Any) -> None:
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise TypeError(f"keys of JSON objects are strings, not {key!r}")
            _refuse_other_keys(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _refuse_other_keys(item)


def _json_loads(line: bytes | str) -> Any:
    return json.loads(line, parse_constant=_refuse_constant)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


if orjson is None:
    dumps, loads = _json_dumps, _json_loads
else:
    dumps, loads = orjson.dumps, orjson.loads
