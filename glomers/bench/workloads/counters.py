"""g-counter and pn-counter: added numbers must show up in the reads of every node."""

from __future__ import annotations

import asyncio
from typing import Any

from glomers.bench.schema import INTEGER, Reply
from glomers.bench.workloads.base import Invocation, Runner, Session, Workload

ADD_OK = Reply("add_ok")
READ_OK = Reply("read_ok", {"value": INTEGER})


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

    interprets_errors = False
    has_final_phase = True
    session = CounterSession

    def next_op(self, process: int, now_ns: int) -> Invocation:
        if self.rng.random() < 0.5:
            return "read", None
        return "add", self.rng.randrange(-5, 5)

    async def final_phase(self, runner: Runner) -> None:
        """Every process reads once."""
        reads = [
            runner.perform(thread, ("read", None), final=True)
            for thread in runner.threads_in_any_order()
        ]
        await asyncio.gather(*reads)


class GCounter(PNCounter):
    """As pn-counter without the additions that are negative, so a third of what is left adds."""

    def next_op(self, process: int, now_ns: int) -> Invocation:
        while True:
            f, delta = super().next_op(process, now_ns)
            if f == "read" or delta >= 0:
                return f, delta


WORKLOADS = {"g-counter": GCounter, "pn-counter": PNCounter}
