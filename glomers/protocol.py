"""Maelstrom's protocol: JSON messages, one a line, and error codes.

Source: Maelstrom's documentation, `doc/protocol.md`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from enum import IntEnum
from functools import lru_cache
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

    >>> RPCError(ErrorCode.KEY_DOES_NOT_EXIST, "no such key").definite
    True
    >>> RPCError(ErrorCode.TIMEOUT).definite
    False

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
        if text is not None:
            text = text.encode("utf-8", "replace").decode()  # JSON has no half characters
        return {"type": "error", "code": int(self.code), "text": text}

    def __str__(self) -> str:
        name = ErrorCode(self.code).name if self.code in _KNOWN else "unknown"
        return f"error {self.code} ({name.lower().replace('_', ' ')}): {self.text}"


# JSON has integers of any size, as Maelstrom's readers do; orjson has those of 64 bits only.

MAX_DIGITS = 1000
"""How long an integer may be: longer ones are refused, as Maelstrom's reader (Jackson) does."""
_DIGITS_AS_ZEROS = bytes.maketrans(b"123456789", b"0" * 9)
_MANY = b"0" * 19  # shorter ones fit into 64 bits, and so do some of these
_TOO_MANY = b"-" + _MANY, b"0" + _MANY
_WITHOUT_KEYS = frozenset({int, str, float, bool, type(None)})


def _orjson_loads(line: bytes | str) -> Any:
    """Read with orjson, but for integers of more than 64 bits, of which it makes floats."""
    if isinstance(line, str):
        line = line.encode()
    digits = line.translate(_DIGITS_AS_ZEROS)
    if digits.find(_MANY) >= 0 and any(run in digits for run in _TOO_MANY):
        return _json_loads(line)
    return orjson.loads(line)


class LongLine(bytes):
    """A line from `dumps` that has integers of more than 64 bits in it."""


def _orjson_reread(line: bytes) -> Any:
    return _json_loads(line) if type(line) is LongLine else orjson.loads(line)


def _orjson_dumps(value: Any) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError as error:
        if "64-bit" not in str(error):
            raise
        return LongLine(orjson.dumps(_with_long_integers_written(value)))


def _with_long_integers_written(value: Any) -> Any:
    """A copy of `value` in which integers of more than 64 bits are JSON text already."""
    if type(value) is int:
        is_short = -(2**63) <= value < 2**64
        return value if is_short else orjson.Fragment(str(value).encode())
    if isinstance(value, dict):
        return {key: _with_long_integers_written(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_with_long_integers_written(item) for item in value]
    return value


def _orjson_packed(src: str, dest: str, body: Body) -> tuple[bytes, Body | None]:
    return _orjson_dumps({"src": src, "dest": dest, "body": body}), None


def _json_packed(src: str, dest: str, body: Body) -> tuple[bytes, Body | None]:
    if type(body) is dict and type(src) is type(dest) is str and _is_flat(body):
        line = f"{_beginning(src, dest)}{_encode(body)}}}".encode()
        return line, {"src": src, "dest": dest, "body": body.copy()}
    return _json_dumps({"src": src, "dest": dest, "body": body}), None


def _is_flat(body: dict[Any, Any]) -> bool:
    """Whether nothing is nested in it, and all is read as it was written."""
    for key, value in body.items():  # in a browser in half the time of `issuperset`
        if type(key) is not str or type(value) not in _WITHOUT_KEYS:
            return False
    return True


@lru_cache(maxsize=1 << 14)
def _beginning(src: str, dest: str) -> str:
    """A message up to its body."""
    return f'{_encode({"src": src, "dest": dest})[:-1]},"body":'


def _json_dumps(value: Any) -> bytes:
    """Encode as orjson does: compact UTF-8, string keys; but refuse NaN, which it calls null."""
    _refuse_other_keys(value)
    return _encode(value).encode("utf-8")


def _refuse_other_keys(value: Any) -> None:
    if isinstance(value, dict):
        try:
            "".join(value)  # the quickest way to look at all keys
        except TypeError:
            _refuse_other_key(value)
        for item in value.values():
            if type(item) not in _WITHOUT_KEYS:
                _refuse_other_keys(item)
    # Long lists mostly hold nothing else.
    elif isinstance(value, list | tuple) and not _WITHOUT_KEYS.issuperset(map(type, value)):
        for item in value:
            if type(item) not in _WITHOUT_KEYS:
                _refuse_other_keys(item)


def _refuse_other_key(value: dict[Any, Any]) -> None:
    for key in value:
        if not isinstance(key, str):
            raise TypeError(f"keys of JSON objects are strings, not {key!r}")


def _json_loads(line: bytes | str) -> Any:
    text = line if isinstance(line, str) else line.decode()  # UTF-8 and no other encoding
    try:
        # Only a long line has room for an integer that is too long.
        return (_DECODER if len(text) > MAX_DIGITS else _SHORT_DECODER).decode(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _json_reread(line: bytes) -> Any:
    return _read_own(line.decode(), 0)[0]


def refuse_constant(name: str) -> None:
    """Refuse NaN and the like, which Python's `json` reads.

    Raises:
        ValueError: always.
    """
    raise ValueError(f"{name} is not JSON")


def read_integer(digits: str) -> int:
    """Read an integer.

    Raises:
        ValueError: when it has more than MAX_DIGITS digits.
    """
    if len(digits.removeprefix("-")) > MAX_DIGITS:
        raise ValueError(f"an integer has more than {MAX_DIGITS:,} digits")
    return int(digits)


def _encoder() -> Callable[[Any], str]:
    """A function that encodes; the one of `json` makes an encoder in C anew for each value."""
    encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    made = getattr(json.encoder, "c_make_encoder", None)
    if made is None:
        return encoder.encode
    text = json.encoder.encode_basestring
    in_c = made(None, encoder.default, text, None, ":", ",", False, False, False)
    return lambda value: "".join(in_c(value, 0))


# To make these takes longer than to read a line with them.
_encode = _encoder()
_DECODER = json.JSONDecoder(parse_constant=refuse_constant, parse_int=read_integer)
_SHORT_DECODER = json.JSONDecoder(parse_constant=refuse_constant)
_read_own = json.JSONDecoder().scan_once  # type: ignore[attr-defined]

if orjson is None:
    dumps, loads, reread, packed = _json_dumps, _json_loads, _json_reread, _json_packed
else:
    dumps, loads, reread, packed = _orjson_dumps, _orjson_loads, _orjson_reread, _orjson_packed
    # `reread` is for lines that `dumps` has just written, and quicker: it need not look for long
    # integers. `packed` gives the line of a message and, where that costs less than to read it,
    # what `reread` would make of it: of a flat one, whose body has nothing nested in it.
