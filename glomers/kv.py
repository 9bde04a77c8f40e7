"""Clients for the services that Maelstrom offers to nodes: key-value stores and a clock.

Source: Maelstrom's documentation, `doc/services.md`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from glomers.node import Node
from glomers.protocol import ErrorCode, RPCError

_ABSENT = object()


class KV:
    """A key-value store: `seq-kv`, `lin-kv` or `lww-kv`; keys and values are JSON values."""

    def __init__(self, node: Node, service: str, timeout_s: float = 1.0) -> None:
        self._node = node
        self._service = service
        self._timeout_s = timeout_s

    async def read(self, key: Any, default: Any = _ABSENT) -> Any:
        """The value of `key`, or `default`, if given, when there is none.

        Raises:
            RPCError: `KEY_DOES_NOT_EXIST` without a default; `TIMEOUT`.
        """
        try:
            reply = await self._ask({"type": "read", "key": key})
        except RPCError as error:
            if error.code == ErrorCode.KEY_DOES_NOT_EXIST and default is not _ABSENT:
                return default
            raise
        return reply["value"]

    async def write(self, key: Any, value: Any) -> None:
        """Give `key` a value.

        Raises:
            RPCError: `TIMEOUT`.
        """
        await self._ask({"type": "write", "key": key, "value": value})

    async def cas(self, key: Any, old: Any, new: Any, *, create: bool = False) -> bool:
        """Change `key` from `old` to `new`; returns whether it was `old`.

        With `create`, a key that does not exist is made with the value `new`; lww-kv does not know
        that, and answers `KEY_DOES_NOT_EXIST`.

        Raises:
            RPCError: `KEY_DOES_NOT_EXIST` without `create`; `TIMEOUT`, after which the change may
                or may not have happened.
        """
        request = {"type": "cas", "key": key, "from": old, "to": new}
        if create:
            request["create_if_not_exists"] = True
        try:
            await self._ask(request)
        except RPCError as error:
            if error.code == ErrorCode.PRECONDITION_FAILED:
                return False
            raise
        return True

    async def update(self, key: Any, change: Callable[[Any], Any], default: Any) -> Any:
        """Replace the value of `key` by `change(value)`, again and again until nobody interferes.

        `default` stands for the value of a missing key.  Returns the new value.

        Raises:
            RPCError: `TIMEOUT`, after which the change may or may not have happened; with lww-kv
                `KEY_DOES_NOT_EXIST`, as long as nobody has written the key.
        """
        while True:
            old = await self.read(key, default)
            new = change(old)
            if await self.cas(key, old, new, create=True):
                return new

    def _ask(self, request: dict[str, Any]) -> Awaitable[dict[str, Any]]:
        return self._node.rpc(self._service, request, self._timeout_s)


class TSO:
    """The timestamp oracle `lin-tso`: integers that only grow, for all nodes together."""

    def __init__(self, node: Node, timeout_s: float = 1.0) -> None:
        self._node = node
        self._timeout_s = timeout_s

    async def ts(self) -> int:
        """The next timestamp.

        Raises:
            RPCError: `TIMEOUT`.
        """
        reply = await self._node.rpc("lin-tso", {"type": "ts"}, self._timeout_s)
        timestamp: int = reply["ts"]
        return timestamp


class Reservation:
    """Numbers for one life of a node, which no other life of it ever uses.

    A store remembers up to where numbers may be in use. It is told before they are, and a block of
    numbers at a time: a node that dies takes what is left of its block along.
    """

    def __init__(self, kv: KV, block: int = 1000) -> None:
        self._kv = kv
        self._block = block
        self._key = ""
        self.limit = -1
        """Numbers above those of earlier lives, up to this one, may be used."""

    async def begin(self, name: str) -> int:
        """The highest number that an earlier life of `name` may have used; -1: none.

        Raises:
            RPCError: `TIMEOUT`.
        """
        self._key = f"reserved {name}"
        used: int = await self._kv.read(self._key, default=-1)
        await self.reach(used)
        return used

    async def reach(self, number: int) -> None:
        """Raise the limit well above `number`; one call after the other, or it may fall.

        Raises:
            RPCError: `TIMEOUT`, with the limit as it was.
        """
        if number + self._block // 2 > self.limit:
            limit = number + self._block
            await self._kv.write(self._key, limit)
            self.limit = limit
