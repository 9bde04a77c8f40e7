"""broadcast: a value given to one node must reach the reads of all."""

from __future__ import annotations

import random
from typing import Any, ClassVar

from glomers.bench.clients import SETUP_TIMEOUT_S, Client
from glomers.bench.options import Options
from glomers.bench.schema import LIST, Reply
from glomers.bench.shapes import ANY_VALUE, ELEMENTS, Shapes
from glomers.bench.topology import topology
from glomers.bench.workloads.workload import (
    Invocation,
    Result,
    Runner,
    Session,
    Workload,
    read_once,
)
from glomers.formats.edn import kw

TOPOLOGY_OK = Reply("topology_ok")
BROADCAST_OK = Reply("broadcast_ok")
READ_OK = Reply("read_ok", {"messages": LIST})


class BroadcastSession(Session):
    """Broadcasts a value or reads all."""

    async def invoke(self, process: int, f: str, value: Any) -> Any:
        timeout_s = self.workload.timeout_s
        if f == "broadcast":
            request = {"type": "broadcast", "message": value}
            await self.client.rpc(self.node, request, BROADCAST_OK, timeout_s)
            return value
        body = await self.client.rpc(self.node, {"type": "read"}, READ_OK, timeout_s)
        return body["messages"]


class SetWorkload(Workload):
    """Elements are added, and must show up in the reads of every node."""

    checker = "glomers.bench.checkers.sets"

    @classmethod
    def anomalies(cls, result: Result) -> list[str]:
        return [n for n in ("lost", "stale", "never-read") if result.get(kw(f"{n}-count"), 0) > 0]

    @classmethod
    def convicting(cls, result: Result) -> list[str]:
        """That an element is seen late, or by nobody, does not make a run invalid."""
        return [name for name in cls.anomalies(result) if name == "lost"]


class Broadcast(SetWorkload):
    """A random half of the operations broadcasts the next integer, the other half reads."""

    shapes: ClassVar[Shapes] = {"broadcast": ANY_VALUE, "read": ELEMENTS}
    idempotent = frozenset({"read"})
    has_final_phase = True
    session = BroadcastSession

    def __init__(self, options: Options, rng: random.Random) -> None:
        super().__init__(options, rng)
        self._topology = topology(options.topology, options.node_ids)
        self._next_value = 0

    async def setup(self, client: Client, node: str) -> None:
        """Tell `node` the neighbours that it may, but need not, talk to."""
        request = {"type": "topology", "topology": self._topology}
        await client.rpc(node, request, TOPOLOGY_OK, SETUP_TIMEOUT_S)

    def next_op(self, process: int, now_ns: int) -> Invocation:
        if self.rng.random() < 0.5:
            return "read", None
        value = self._next_value
        self._next_value += 1
        return "broadcast", value

    async def final_phase(self, runner: Runner) -> None:
        """Every process reads once."""
        await read_once(runner, final=True)


WORKLOADS = {"broadcast": Broadcast}
