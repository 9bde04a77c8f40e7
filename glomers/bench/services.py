"""The services that every test offers to nodes: three key-value stores and a timestamp oracle.

Their semantics are those of Maelstrom's documentation (`doc/services.md`) and, where it is silent,
of its source (`src/maelstrom/service.clj`): a field that is missing is null, and a message of a
type that a service does not know gets no answer.  Each is a state machine that answers one request
at a time; what makes them differ is which state answers.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Callable
from typing import Any, ClassVar

from glomers.formats.edn import equality_key
from glomers.protocol import Body, ErrorCode, RPCError, dumps

REMEMBERED_STATES = 32
_ABSENT = object()
_KEY_VALUE_REQUESTS = ("read", "write", "cas")
Key = Any
"""A key as a dictionary can hold it: 1, 1.0 and true are three (see `equality_key`)."""
Read = Callable[[Key], Any]
Change = tuple[Key, Any]
"""A key, and the value that it gets."""


class Service:
    """Answers requests; `answer` is what a kind of service defines, for the types it knows."""

    requests: ClassVar[tuple[str, ...]] = _KEY_VALUE_REQUESTS

    def handle(self, src: str, body: Body) -> Body | None:
        """The body of the reply to the request `body` of node `src`; None when there is none.

        Nobody answers an error or what else is no request: two that did would go on for ever.
        """
        if body.get("type") not in self.requests:
            return None
        try:
            return self.answer(src, body)
        except RPCError as error:
            return error.body()

    def answer(self, src: str, body: Body) -> Body:
        """The body of the reply.

        Raises:
            RPCError: the error to reply with.
        """
        raise NotImplementedError


class TimestampOracle(Service):
    """lin-tso: 0, 1, 2, … to whoever asks."""

    requests = ("ts",)

    def __init__(self) -> None:
        self._next = 0

    def answer(self, src: str, body: Body) -> Body:
        self._next += 1
        return {"type": "ts_ok", "ts": self._next - 1}


class LinearizableKV(Service):
    """lin-kv: every request is answered from the newest state."""

    def __init__(self) -> None:
        self._values: dict[Key, Any] = {}

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
        self._changes: dict[Key, tuple[list[int], list[Any]]] = {}
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
        def read(key: Key) -> Any:
            states, values = self._changes.get(key, ([], []))
            position = bisect_right(states, state)
            return values[position - 1] if position else _ABSENT

        return read

    def _change(self, key: Key, value: Any) -> None:
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
        self._replicas: list[dict[Key, tuple[int, Any]]] = [{} for _ in range(replicas)]

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


def _apply(body: Body, read: Read) -> tuple[Body, Change | None]:
    """The reply to a key-value request on the state that `read` shows, and the change it makes."""
    key = equality_key(body.get("key"))
    if body["type"] == "write":
        return {"type": "write_ok"}, (key, body.get("value"))
    value = read(key)
    if body["type"] == "read":
        if value is _ABSENT:
            raise RPCError(ErrorCode.KEY_DOES_NOT_EXIST, "key does not exist")
        return {"type": "read_ok", "value": value}, None
    old, new = body.get("from"), body.get("to")
    if value is _ABSENT:
        create = body.get("create_if_not_exists")
        if create is None or create is False:  # all else is true, as in Clojure: 0 too
            raise RPCError(ErrorCode.KEY_DOES_NOT_EXIST, "key does not exist")
    elif not _same(value, old):
        text = f"current value {_show(value)} is not {_show(old)}"
        raise RPCError(ErrorCode.PRECONDITION_FAILED, text)
    return {"type": "cas_ok"}, (key, new)


def _same(a: Any, b: Any) -> bool:
    """Whether two JSON values are equal; unlike in Python, 1, 1.0 and `true` are three."""
    return a is not _ABSENT and b is not _ABSENT and equality_key(a) == equality_key(b)


def _show(value: Any) -> str:
    return dumps(value).decode()
