"""g-set: a grow-only set; elements added on one node must reach the reads of all."""

from __future__ import annotations

import random
from typing import Any, ClassVar

from glomers.bench.options import Options
from glomers.bench.schema import LIST, Reply
from glomers.bench.shapes import ANY_VALUE, ELEMENTS, Shapes
from glomers.bench.workloads.broadcast import SetWorkload
from glomers.bench.workloads.workload import Invocation, Runner, Session, read_once

ADD_OK = Reply("add_ok")
READ_OK = Reply("read_ok", {"value": LIST})


class GSetSession(Session):
    """Adds an element or reads the set."""

    async def invoke(self, process: int, f: str, value: Any) -> Any:
        timeout_s = self.workload.timeout_s
        if f == "add":
            request = {"type": "add", "element": value}
            await self.client.rpc(self.node, request, ADD_OK, timeout_s)
            return value
        body = await self.client.rpc(self.node, {"type": "read"}, READ_OK, timeout_s)
        return body["value"]


class GSet(SetWorkload):
    """A random half of the operations adds the next integer, the other half reads."""

    shapes: ClassVar[Shapes] = {"add": ANY_VALUE, "read": ELEMENTS}
    interprets_errors = False
    has_final_phase = True
    session = GSetSession

    def __init__(self, options: Options, rng: random.Random) -> None:
        super().__init__(options, rng)
        self._next_element = 0

    def next_op(self, process: int, now_ns: int) -> Invocation:
        if self.rng.random() < 0.5:
            return "read", None
        element = self._next_element
        self._next_element += 1
        return "add", element

    async def final_phase(self, runner: Runner) -> None:
        """Every process reads once (Maelstrom does not mark these reads as final)."""
        await read_once(runner, final=False)


WORKLOADS = {"g-set": GSet}
