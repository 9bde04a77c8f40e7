"""unique-ids: every answer must be an id that nobody got before."""

from __future__ import annotations

from typing import Any

from glomers.bench.schema import ANYTHING, Reply
from glomers.bench.workloads.base import Invocation, Session, Workload

GENERATE_OK = Reply("generate_ok", {"id": ANYTHING})


class UniqueIdsSession(Session):
    """Asks for an id."""

    async def invoke(self, process: int, f: str, value: Any) -> Any:
        body = await self.client.rpc(
            self.node, {"type": "generate"}, GENERATE_OK, self.workload.timeout_s
        )
        return body["id"]


class UniqueIds(Workload):
    """Asks for ids, one after another."""

    keeps_clients = True
    session = UniqueIdsSession

    def next_op(self, process: int, now_ns: int) -> Invocation:
        return "generate", None


WORKLOADS = {"unique-ids": UniqueIds}
