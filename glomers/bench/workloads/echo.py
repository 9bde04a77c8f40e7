"""echo: whatever a client sends comes back."""

from __future__ import annotations

from typing import Any, ClassVar

from glomers.bench.schema import ANYTHING, Reply
from glomers.bench.shapes import Shape, Shapes
from glomers.bench.workloads.workload import Invocation, Session, Workload
from glomers.formats.edn import keywordize

LETTERS = "abcxyz ABCXYZ 0189 .,:;?!'\"\\/{}[]<>&% äßé ñ ж λ 中 字 🐟"
LONGEST = 1000
"""Texts of a check have fewer characters than this."""
ECHO_OK = Reply("echo_ok", {"echo": ANYTHING})


class EchoSession(Session):
    """Sends a text and keeps the whole reply as the operation's value."""

    async def invoke(self, process: int, f: str, value: Any) -> Any:
        request = {"type": "echo", "echo": value}
        body = await self.client.rpc(self.node, request, ECHO_OK, self.workload.timeout_s)
        return keywordize(body)


class Echo(Workload):
    """Asks for one of 128 texts at random."""

    shapes: ClassVar[Shapes] = {
        "echo": Shape("a map, the body of the reply", lambda value: isinstance(value, dict))
    }
    checker = "glomers.bench.checkers.echoed"
    interprets_errors = True
    session = EchoSession

    def next_op(self, process: int, now_ns: int) -> Invocation:
        return "echo", f"Please echo {self.rng.randrange(128)}"


class EchoAnyText(Echo):
    """Asks for texts of all lengths, in letters of many scripts."""

    def next_op(self, process: int, now_ns: int) -> Invocation:
        return "echo", "".join(self.rng.choices(LETTERS, k=self.rng.randrange(LONGEST)))


WORKLOADS = {"echo": Echo, "echo-any-text": EchoAnyText}
