"""The services that every test offers to nodes: three key-value stores and a timestamp oracle.

Their semantics are those of Maelstrom's documentation (`doc/services.md`).  Each is a state machine
that answers one request at a time; what makes them differ is which state answers.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Callable
from typing import Any

from glomers.protocol import Body, ErrorCode, RPCError, dumps

REMEMBERED_STATES = 32
_ABSENT = object()
Read = Callable[[bytes], Any]


class Service:
    """Answers requests; `answer` is what a kind of service defines."""

    def handle(self, src: str, body: Body) -> Body:
        """The body of the reply to the request `body` of node `src`."""
        try:
            return self.answer(src, body)
        except RPCError as error:
            return error.body()
        except KeyError as error:
            text = f"the request has no {error}"
            return RPCError(ErrorCode.MALFORMED_REQUEST, text).body()

    def answer(self, src: str, body: Body) -> Body:
        """The body of the reply.

        Raises:
            RPCError: the error to reply with.
            KeyError: when the request lacks a field.
        """
        raise NotImplementedError


class TimestampOracle(Service):
    """lin-tso: 0, 1, 2, … to whoever asks."""

    def __init__(self) -> None:
        self._next = 0

    def answer(self, src: str, body: Body) -> Body:
        if body.get("type") != "ts":
            raise _unknown(body)
        self._next += 1
        return {"type": "ts_ok", "ts": self._next - 1}


class LinearizableKV(Service):
    """lin-kv: every request is answered from the newest state."""

    def __init__(self) -> None:
        self._values: dict[bytes, Any] = {}

    def answer(self, src: str, body: Body) -> Body:
        reply, change = _apply(body, lambda key: self._values.get(key, _ABSENT))
        if change:
            self._values[change[0]] = change[1]
        return reply


class SequentialKV(Service):
    """seq-kv: what changes nothing may be answered from an older state.

    Any of the last 32 states will do that is not older than the one the caller saw last, so every
    caller moves forward only; what changes the state acts on the newest.
    """

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._newest = 0
        self._changes: dict[bytes, tuple[list[int], list[Any]]] = {}
        """For each key: the states at which it changed, and its values since."""
        self._seen: dict[str, int] = {}

    def answer(self, src: str, body: Body) -> Body:
        oldest = max(self._seen.get(src, 0), self._newest - REMEMBERED_STATES + 1)
        state = self._rng.randint(oldest, self._newest)
        read_then = self._reader(state)
        try:
            reply, change = _apply(body, read_then)
            if change is None or _same(read_then(change[0]), change[1]):
                self._seen[src] = state
                return reply
        except RPCError:
            self._seen[src] = state
            raise
        self._seen[src] = self._newest
        reply, change = _apply(body, self._reader(self._newest))
        if change:
            self._change(*change)
            self._seen[src] = self._newest
        return reply

    def _reader(self, state: int) -> Read:
        def read(key: bytes) -> Any:
            states, values = self._changes.get(key, ([], []))
            position = bisect_right(states, state)
            return values[position - 1] if position else _ABSENT

        return read

    def _change(self, key: bytes, value: Any) -> None:
        self._newest += 1
        states, values = self._changes.setdefault(key, ([], []))
        states.append(self._newest)
        values.append(value)
        forgotten = bisect_right(states, self._newest - REMEMBERED_STATES + 1) - 1
        if forgotten > 0:
            del states[:forgotten], values[:forgotten]


class LastWriteWinsKV(Service):
    """lww-kv: two replicas with Lamport clocks, of which one at random answers.

    Before each request a replica at random is merged into a replica at random: for each key the
    later timestamp wins.
    """

    def __init__(self, rng: random.Random, replicas: int = 2) -> None:
        self._rng = rng
        self._clocks = [0] * replicas
        self._replicas: list[dict[bytes, tuple[int, Any]]] = [{} for _ in range(replicas)]

    def answer(self, src: str, body: Body) -> Body:
        count = len(self._replicas)
        self._merge(self._rng.randrange(count), self._rng.randrange(count))
        chosen = self._rng.randrange(count)
        values = self._replicas[chosen]
        if body.get("type") == "cas":  # lww-kv does not know create_if_not_exists
            body = {**body, "create_if_not_exists": False}
        reply, change = _apply(body, lambda key: values.get(key, (0, _ABSENT))[1])
        if change:
            values[change[0]] = (self._clocks[chosen], change[1])
            self._clocks[chosen] += 1
        return reply

    def _merge(self, source: int, target: int) -> None:
        merged = self._replicas[target]
        for key, version in self._replicas[source].items():
            if key not in merged or merged[key][0] <= version[0]:
                merged[key] = version
        self._clocks[target] = max(self._clocks[source], self._clocks[target])


def make_services(rng: random.Random) -> dict[str, Service]:
    """The services by name; `rng` decides which states and replicas answer."""
    return {
        "lin-kv": LinearizableKV(),
        "lin-tso": TimestampOracle(),
        "lww-kv": LastWriteWinsKV(rng),
        "seq-kv": SequentialKV(rng),
    }


def _apply(body: Body, read: Read) -> tuple[Body, tuple[bytes, Any] | None]:
    """The reply to a key-value request on the state that `read` shows, and the change it makes."""
    kind = body.get("type")
    if kind not in ("read", "write", "cas"):
        raise _unknown(body)
    key = _encode(body["key"])
    if kind == "write":
        return {"type": "write_ok"}, (key, body["value"])
    value = read(key)
    if kind == "read":
        if value is _ABSENT:
            raise RPCError(ErrorCode.KEY_DOES_NOT_EXIST, "key does not exist")
        return {"type": "read_ok", "value": value}, None
    old, new = body["from"], body["to"]
    if value is _ABSENT:
        if not body.get("create_if_not_exists"):
            raise RPCError(ErrorCode.KEY_DOES_NOT_EXIST, "key does not exist")
    elif not _same(value, old):
        text = f"current value {_show(value)} is not {_show(old)}"
        raise RPCError(ErrorCode.PRECONDITION_FAILED, text)
    return {"type": "cas_ok"}, (key, new)


def _same(a: Any, b: Any) -> bool:
    """Whether two JSON values are equal; unlike in Python, `true` is not 1."""
    return a is not _ABSENT and b is not _ABSENT and (a is b or _encode(a) == _encode(b))


def _encode(value: Any) -> bytes:
    """A JSON value as bytes, the same for maps that differ in order only."""
    return dumps(_sorted(value))


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [_sorted(item) for item in value]
    return value


def _show(value: Any) -> str:
    return dumps(value).decode()


def _unknown(body: Body) -> RPCError:
    return RPCError(ErrorCode.NOT_SUPPORTED, f"no such request: {body.get('type')!r}")
