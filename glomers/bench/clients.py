"""Clients: one outstanding request each, with a time-out, as Maelstrom's clients have."""

from __future__ import annotations

import asyncio
from typing import Any

from glomers.bench.clock import NS_PER_S, Clock
from glomers.bench.network import Network
from glomers.bench.schema import Reply, refusal

SETUP_TIMEOUT_S = 5.0
INIT_TIMEOUT_S = 10.0


class RpcTimeout(Exception):
    """No reply came in time."""


class Client:
    """A client in the network, called `name`; it makes one request at a time."""

    def __init__(self, name: str, network: Network, clock: Clock) -> None:
        self.name = name
        self._network = network
        self._clock = clock
        self._next_msg_id = 0
        self._waiting_for: int | None = None
        self._deadline_ns = 0
        self._is_timed = False
        self._reply: asyncio.Future[dict[str, Any] | None] | None = None
        network.connect(name, self._receive)

    def close(self) -> None:
        """Leave the network."""
        self._network.disconnect(self.name)

    async def rpc(
        self, node: str, body: dict[str, Any], reply: Reply, timeout_s: float
    ) -> dict[str, Any]:
        """Send `body` to `node` and return the body of its reply, checked against `reply`.

        Raises:
            RpcTimeout: when nothing came within `timeout_s`.
            RPCError: when the node answered with an error, with whatever code.
            MalformedReply: when the answer has another shape.
        """
        self._next_msg_id += 1
        request = {**body, "msg_id": self._next_msg_id}
        self._waiting_for = self._next_msg_id
        self._reply = self._clock.loop.create_future()
        self._network.send(self.name, node, request)
        self._deadline_ns = self._clock.now_ns() + int(timeout_s * NS_PER_S)
        if not self._is_timed:
            self._set_timer()
        try:
            answer = await self._reply
        finally:
            self._waiting_for = None
        if answer is None:
            raise RpcTimeout
        if answer.get("type") == "error":
            raise refusal(node, answer)
        return reply.check(node, request, answer)

    def _set_timer(self) -> None:
        """One timer at a time will do: most requests are long answered when it goes off."""
        self._is_timed = True
        self._clock.at(self._deadline_ns, self._time_out)

    def _time_out(self) -> None:
        self._is_timed = False
        if self._waiting_for is None or self._reply is None or self._reply.done():
            return
        if self._clock.now_ns() < self._deadline_ns:
            self._set_timer()
        else:
            self._reply.set_result(None)

    def _receive(self, src: str, body: dict[str, Any], line: bytes) -> None:
        """Take a reply; one to a request that was given up, or to `1.0` or `true`, is ignored."""
        answered = body.get("in_reply_to")
        if type(answered) is not int or answered != self._waiting_for:
            return
        if self._reply and not self._reply.done():
            self._reply.set_result(body)
