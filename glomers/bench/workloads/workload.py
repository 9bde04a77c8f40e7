"""What a workload is: a source of operations, and a way to carry each one out on a node."""

from __future__ import annotations

import asyncio
import random
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from glomers.bench.clients import Client
from glomers.bench.shapes import Shapes
from glomers.formats.edn import Keyword, kw
from glomers.formats.history import Op

if TYPE_CHECKING:
    from glomers.bench.options import Options

Invocation = tuple[str, Any]
"""A function and its value, shaped as in a history (`glomers.formats.history`)."""
Result = Mapping[Keyword, Any]
"""What a workload's checker found: the part of a run's results about it."""


class Failed(Exception):
    """The operation certainly did not happen (outcome `fail`); `args[0]` is the error."""


class Indeterminate(Exception):
    """The operation may have happened (outcome `info`); `args[0]` is the error, if any."""


class Runner(Protocol):
    """What a workload's final phase may use."""

    def threads_in_any_order(self) -> list[int]:
        """The client threads that take part, in an order that the seed draws (or a script has)."""

    def now_ns(self) -> int:
        """Nanoseconds since the test began."""

    async def perform(
        self,
        thread: int,
        invocation: Invocation,
        *,
        final: bool = False,
        extra: Mapping[Keyword, Any] | None = None,
    ) -> Op:
        """Let the process of client `thread` carry out one operation; returns its completion.

        `extra` entries stand in the history with the invocation and the completion.
        """


class Session:
    """One process's connection to one node; state that a process keeps goes in a subclass."""

    def __init__(self, client: Client, node: str, workload: Workload) -> None:
        self.client = client
        self.node = node
        self.workload = workload

    async def invoke(self, process: int, f: str, value: Any) -> Any:
        """Carry out one operation and return the value of its `ok` completion.

        Raises:
            RpcTimeout, RPCError: judged by the workload's `interprets_errors` and `idempotent`.
            MalformedReply: the operation becomes `info`, with the exception in the history.
            Failed, Indeterminate: when the session itself knows the outcome.
        """
        raise NotImplementedError


class Workload:
    """The operations of a test, drawn from `rng`; subclasses say what they are.

    A subclass is all that the bench knows about a workload: also what its histories look like, who
    judges them, and what the judgement calls by name.
    """

    shapes: ClassVar[Shapes]
    checker: ClassVar[str]
    """The module whose function `check` judges a history (see `glomers.bench.checkers`)."""
    timeout_s: float = 5.0
    idempotent: ClassVar[frozenset[str]] = frozenset()
    """Functions that fail, rather than stay open, on an indefinite error."""
    interprets_errors: ClassVar[bool] = True
    """Whether error replies count; otherwise each is an exception and the outcome `info`."""
    keeps_clients: ClassVar[bool] = False
    """Whether a process that is replaced leaves its client to the next, as Maelstrom has it."""
    has_groups: ClassVar[bool] = False
    """Whether clients work in groups, so that their number is not free."""
    has_final_phase: bool = False
    session: ClassVar[type[Session]]

    def __init__(self, options: Options, rng: random.Random) -> None:
        self.options = options
        self.rng = rng

    async def setup(self, client: Client, node: str) -> None:
        """Prepare `node` before the first operation."""

    def pick_thread(self, free: Sequence[int], turn: int) -> int:
        """Which of the free client threads, in order, gets the next operation: it is `turn`'s."""
        later = bisect_left(free, turn)
        return free[later] if later < len(free) else free[0]

    def next_op(self, process: int, now_ns: int) -> Invocation:
        """The next operation of the main phase, for `process`."""
        raise NotImplementedError

    def observe(self, completion: Op) -> None:
        """Learn how an operation ended."""

    async def final_phase(self, runner: Runner) -> None:
        """What is done after the network has healed and rested."""

    @classmethod
    def anomalies(cls, result: Result) -> list[str]:
        """Names of what the checker reports, whether or not it makes the run invalid."""
        return ["errors"] if result.get(kw("errors")) else []

    @classmethod
    def convicting(cls, result: Result) -> list[str]:
        """Names of what makes a run invalid, among what the checker reports."""
        return cls.anomalies(result)


async def read_once(runner: Runner, *, final: bool) -> None:
    """Let every process read once; with `final` the history marks these reads."""
    threads = runner.threads_in_any_order()
    reads = [runner.perform(thread, ("read", None), final=final) for thread in threads]
    await asyncio.gather(*reads)
