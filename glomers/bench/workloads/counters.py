"""g-counter and pn-counter: added numbers must show up in the reads of every node."""

from __future__ import annotations

from typing import Any, ClassVar

from glomers.bench.schema import LONG, Reply
from glomers.bench.shapes import Shape, Shapes, is_int
from glomers.bench.workloads.workload import Invocation, Runner, Session, Workload, read_once

ADD_OK = Reply("add_ok")
READ_OK = Reply("read_ok", {"value": LONG})


class CounterSession(Session):
    """Adds a number or reads the sum."""

    async def invoke(self, process: int, f: str, value: Any) -> Any:
        timeout_s = self.workload.timeout_s
        if f == "add":
            await self.client.rpc(self.node, {"type": "add", "delta": value}, ADD_OK, timeout_s)
            return value
        body = await self.client.rpc(self.node, {"type": "read"}, READ_OK, timeout_s)
        return body["value"]


class PNCounter(Workload):
    """A random half of the operations adds a number from -5 to 4, the other half reads."""

    shapes: ClassVar[Shapes] = {
        "add": Shape("an integer", is_int, is_int),
        "read": Shape("an integer", is_int),
    }
    checker = "glomers.bench.checkers.possible_sums"
    interprets_errors = False
    has_final_phase = True
    session = CounterSession

    def next_op(self, process: int, now_ns: int) -> Invocation:
        if self.rng.random() < 0.5:
            return "read", None
        return "add", self.rng.randrange(-5, 5)

    async def final_phase(self, runner: Runner) -> None:
        """Every process reads once."""
        await read_once(runner, final=True)


class GCounter(PNCounter):
    """As pn-counter without the additions that are negative, so a third of what is left adds."""

    def next_op(self, process: int, now_ns: int) -> Invocation:
        while True:
            f, delta = super().next_op(process, now_ns)
            if f == "read" or delta >= 0:
                return f, delta


WORKLOADS = {"g-counter": GCounter, "pn-counter": PNCounter}
