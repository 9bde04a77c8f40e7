"""unique-ids: every answer must be an id that nobody got before."""

from __future__ import annotations

from typing import Any, ClassVar

from glomers.bench.schema import ANYTHING, Reply
from glomers.bench.shapes import ANY_VALUE, Shapes
from glomers.bench.workloads.workload import Invocation, Result, Session, Workload
from glomers.formats.edn import kw

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

    shapes: ClassVar[Shapes] = {"generate": ANY_VALUE}
    checker = "glomers.bench.checkers.duplicates"
    keeps_clients = True
    session = UniqueIdsSession

    def next_op(self, process: int, now_ns: int) -> Invocation:
        return "generate", None

    @classmethod
    def anomalies(cls, result: Result) -> list[str]:
        return ["duplicated"] if result.get(kw("duplicated-count"), 0) > 0 else []


WORKLOADS = {"unique-ids": UniqueIds}
