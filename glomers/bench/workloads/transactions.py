"""txn-rw-register and txn-list-append: transactions of reads and writes over several keys."""

from __future__ import annotations

import asyncio
import random
from typing import Any, ClassVar

from glomers.bench.options import Options
from glomers.bench.schema import LIST, Check, Reply
from glomers.bench.shapes import Holds, Shape, Shapes, is_anything, is_list_or_nil, micro_ops
from glomers.bench.workloads.keys import KeyPool
from glomers.bench.workloads.workload import Invocation, Result, Runner, Session, Workload
from glomers.formats.edn import Keyword, kw

READ = kw("r")
FINAL_KEYS = 16
"""How many keys a transaction of the final phase reads."""


def _txn_of(write: str, readable: Check) -> Check:
    """What the `txn` of a reply holds: micro-operations `[f, key, value]`."""
    wanted, can_be_read = readable
    _, is_list = LIST

    def is_micro_op(micro_op: Any) -> bool:
        if not isinstance(micro_op, list) or len(micro_op) != 3:
            return False
        f, _, value = micro_op
        return f == write or (f == "r" and can_be_read(value))

    def is_txn(txn: Any) -> bool:
        return is_list(txn) and all(map(is_micro_op, txn or ()))

    return f'a list of ["r", key, {wanted}] and ["{write}", key, value]', is_txn


def _shapes(micro_op: str, **values: Holds) -> Shapes:
    """The shapes of transactions: vectors of what `micro_op` says, `values` for each function."""
    fits = micro_ops(**values)
    return {"txn": Shape(f"a vector of {micro_op}", fits, fits)}


class TxnSession(Session):
    """Lets a node carry out a transaction."""

    workload: TxnWorkload

    async def invoke(self, process: int, f: str, value: Any) -> Any:
        txn = [[micro_f.name, key, argument] for micro_f, key, argument in value]
        self.workload.used_keys.update((key, None) for _, key, _ in txn)
        reply, timeout_s = self.workload.reply, self.workload.timeout_s
        body = await self.client.rpc(self.node, {"type": "txn", "txn": txn}, reply, timeout_s)
        return [[kw(micro_f), key, result] for micro_f, key, result in body["txn"] or ()]


class TxnWorkload(Workload):
    """Transactions of 1 to `--max-txn-length` micro-operations, half of them reads."""

    keeps_clients = True
    session = TxnSession
    write: ClassVar[Keyword]
    reply: ClassVar[Reply]

    def __init__(self, options: Options, rng: random.Random) -> None:
        super().__init__(options, rng)
        self._keys = KeyPool(options.key_count, options.max_writes_per_key, rng)
        self.used_keys: dict[int, None] = {}
        """The keys of all transactions so far, as they came along."""
        self.has_final_phase = options.final_reads

    def next_op(self, process: int, now_ns: int) -> Invocation:
        length = self.rng.randint(1, self.options.max_txn_length)
        txn: list[list[Any]] = []
        while len(txn) < length:
            if self.rng.random() < 0.5:
                txn.append([READ, self._keys.draw(), None])
            elif written := self._keys.draw_write():
                txn.append([self.write, *written])
        return "txn", txn

    async def final_phase(self, runner: Runner) -> None:
        """Every process reads all keys that were used, a few in each transaction."""
        threads = runner.threads_in_any_order()
        await asyncio.gather(*[self._read_all(runner, thread) for thread in threads])

    async def _read_all(self, runner: Runner, thread: int) -> None:
        keys = list(self.used_keys)
        for first in range(0, len(keys), FINAL_KEYS):
            txn = [[READ, key, None] for key in keys[first : first + FINAL_KEYS]]
            await runner.perform(thread, ("txn", txn), final=True)

    @classmethod
    def anomalies(cls, result: Result) -> list[str]:
        return sorted(name.name for name in result.get(kw("anomaly-types"), ()))


class RWRegister(TxnWorkload):
    """Writes replace the value of a key."""

    shapes: ClassVar[Shapes] = _shapes(
        "[:r key value] and [:w key value]", r=is_anything, w=is_anything
    )
    checker = "glomers.bench.checkers.rw_register"
    write = kw("w")
    reply = Reply("txn_ok", {"txn": _txn_of("w", ("value", lambda value: True))})


class ListAppend(TxnWorkload):
    """Writes append to the list at a key."""

    shapes: ClassVar[Shapes] = _shapes(
        "[:r key list] and [:append key value]", r=is_list_or_nil, append=is_anything
    )
    checker = "glomers.bench.checkers.list_append"
    write = kw("append")
    reply = Reply(
        "txn_ok",
        {"txn": _txn_of("append", ("list", LIST[1]))},
    )


WORKLOADS = {"txn-rw-register": RWRegister, "txn-list-append": ListAppend}
