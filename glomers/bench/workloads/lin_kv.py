"""lin-kv: reads, writes and compare-and-sets of single keys that must be linearizable."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import count
from typing import Any, ClassVar

from glomers.bench.options import Options
from glomers.bench.schema import ANYTHING, Reply
from glomers.bench.shapes import Shape, Shapes, is_pair
from glomers.bench.workloads.workload import Invocation, Result, Session, Workload
from glomers.errors import BrokenTest
from glomers.formats.edn import kw


def _is_swap(value: Any) -> bool:
    return is_pair(value) and is_pair(value[1])


KEYED = Shape("[key value]", is_pair, is_pair)
SWAP = Shape("[key [from to]]", _is_swap, _is_swap)
READ_OK = Reply("read_ok", {"value": ANYTHING})
WRITE_OK = Reply("write_ok")
CAS_OK = Reply("cas_ok")

VALUES = 5
PROCESSES_PER_KEY = 20


class LinKVSession(Session):
    """Reads, writes, or compares and sets a key."""

    async def invoke(self, process: int, f: str, value: Any) -> Any:
        key, argument = value
        request = {"type": f, "key": key}
        timeout_s = self.workload.timeout_s
        if f == "read":
            body = await self.client.rpc(self.node, request, READ_OK, timeout_s)
            return [key, body["value"]]
        if f == "write":
            request["value"] = argument
            await self.client.rpc(self.node, request, WRITE_OK, timeout_s)
        else:
            request["from"], request["to"] = argument
            await self.client.rpc(self.node, request, CAS_OK, timeout_s)
        return value


class _Group:
    """Clients that work on one key at a time: the first half reads, the second half writes."""

    def __init__(self, threads: range, key: int) -> None:
        half = len(threads) // 2
        self.readers, self.writers = threads[:half], threads[half:]
        self.key = key
        self.processes: set[int] = set()


class LinKV(Workload):
    """Groups of twice as many clients as nodes, each on a key of its own.

    A key is given up for the next when twenty processes have worked on it, since what never
    completed stays open for the checker.  A third of the writers' operations writes, two thirds
    compare and set.
    """

    shapes: ClassVar[Shapes] = {"read": KEYED, "write": KEYED, "cas": SWAP}
    checker = "glomers.bench.checkers.linearizable"
    has_groups = True
    idempotent = frozenset({"read"})
    keeps_clients = True
    session = LinKVSession

    def __init__(self, options: Options, rng: random.Random) -> None:
        super().__init__(options, rng)
        size = 2 * len(options.node_ids)
        if options.concurrency % size:
            raise BrokenTest(
                f"lin-kv needs groups of {size} clients, two for each node, and "
                f"{options.concurrency} are no multiple of that: add --concurrency 2n."
            )
        self.timeout_s = max(10 * options.latency_ms, 1000) / 1000
        self._keys = count()
        self._groups = [
            _Group(range(first, first + size), next(self._keys))
            for first in range(0, options.concurrency, size)
        ]
        self._size = size

    def pick_thread(self, free: Sequence[int], turn: int) -> int:
        """The first free client of one of the halves that have any, at random."""
        halves = [half for group in self._groups for half in (group.readers, group.writers)]
        first_free = [min(set(half) & set(free), default=None) for half in halves]
        return self.rng.choice([thread for thread in first_free if thread is not None])

    def next_op(self, process: int, now_ns: int) -> Invocation:
        thread = process % self.options.concurrency
        group = self._groups[thread // self._size]
        if process not in group.processes:
            if len(group.processes) == PROCESSES_PER_KEY:
                group.key, group.processes = next(self._keys), set()
            group.processes.add(process)
        if thread in group.readers:
            return "read", [group.key, None]
        if self.rng.random() < 1 / 3:
            return "write", [group.key, self.rng.randrange(VALUES)]
        return "cas", [group.key, [self.rng.randrange(VALUES), self.rng.randrange(VALUES)]]

    @classmethod
    def anomalies(cls, result: Result) -> list[str]:
        return ["nonlinearizable"] if result[kw("valid?")] is False else []


WORKLOADS = {"lin-kv": LinKV}
