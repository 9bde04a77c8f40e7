"""The generator: decides when which client does what, and writes the history.

As in Jepsen, operations are staggered at random around the mean interval (uniform between nothing
and twice the mean), a process does one operation at a time, and a process whose operation stays
open (`info`) is replaced by a new one with a new client.  Client threads take turns, and so does
the nemesis: when it is the turn of one that is busy, or the nemesis's, the next free client
thread gets the operation (recorded runs show it: of five clients, the first comes twice a round).
"""

from __future__ import annotations

import asyncio
from bisect import insort
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from glomers.bench.clients import Client, RpcTimeout
from glomers.bench.clock import NS_PER_S
from glomers.bench.ground import Ground
from glomers.bench.nemesis import Nemesis
from glomers.bench.schema import MalformedReply
from glomers.bench.script import ScriptedOp
from glomers.bench.workloads.workload import Failed, Indeterminate, Invocation, Session, Workload
from glomers.formats.edn import Keyword, Symbol, keywordize, kw
from glomers.formats.history import Op
from glomers.protocol import ErrorCode, RPCError

RECOVERY_S = 10
VIRTUAL_LATE_NS = 120_000
"""How late an operation begins: at rate 1000 the real tool begins about 890 a second, not 1,000."""
NET_TIMEOUT = kw("net-timeout")


class Generator:
    """Runs the phases of a test; `history` receives every operation.

    Its dice decide the pauses between operations, whose turn it is first, and the order in which
    the final phase begins with its clients.

    Args:
        ground: rate, time limit and number of clients; the clock and the history.
        workload: what the operations are.
        nemesis: carries out the faults.
        open_client: makes the next client.
        script: the operations to carry out, in place of those that the workload draws.
    """

    def __init__(
        self,
        ground: Ground,
        workload: Workload,
        nemesis: Nemesis,
        open_client: Callable[[], Client],
        script: Sequence[ScriptedOp] | None = None,
    ) -> None:
        self._options = options = ground.options
        self._workload = workload
        self._nemesis = nemesis
        self._clock = ground.clock
        self.now_ns = ground.clock.now_ns
        self._history = ground.history
        self._open_client = open_client
        self._rng = ground.dice("generator")
        self._script = script
        self._phase_began_ns = 0
        self._in_end = False
        self.performed: list[ScriptedOp] = []
        """Every operation so far, as a script has it."""
        self._left: set[int] = set()
        """The threads whose process has been replaced, but whose client is still there."""
        self._processes = list(range(options.concurrency))
        self._sessions = [self._open_session(thread) for thread in range(options.concurrency)]
        self._free = list(range(options.concurrency))  # in order
        self._turns = self._rng.randrange(options.concurrency + 1)
        self._someone_is_free = asyncio.Event()
        self._in_flight: set[asyncio.Task[Op]] = set()
        self._error: BaseException | None = None

    def threads_in_any_order(self) -> list[int]:
        """The client threads that take part in the end, in the order in which they begin it."""
        scripted = [op.thread for op in self._script or () if op.in_end]
        if scripted:
            return list(dict.fromkeys(scripted))
        threads = list(range(len(self._processes)))
        self._rng.shuffle(threads)
        return threads

    async def run(self) -> None:
        """The main phase and, if the workload has one, the healing, the rest and the end."""
        begin_ns = self._phase_began_ns = self.now_ns()
        faults = self._clock.loop.create_task(self._nemesis.inject(begin_ns))
        if self._script is None:
            await self._main_phase(begin_ns, begin_ns + self._options.time_limit_s * NS_PER_S)
        else:
            await self._play(self._script)
        faults.cancel()
        await asyncio.gather(faults, return_exceptions=True)
        if self._workload.has_final_phase:
            self._nemesis.heal()
            await self._clock.sleep_until(self.now_ns() + RECOVERY_S * NS_PER_S)
            self._phase_began_ns, self._in_end = self.now_ns(), True
            await self._workload.final_phase(self)

    async def _play(self, ops: Sequence[ScriptedOp]) -> None:
        """Carry out the operations of the main phase as a script has them."""
        by_thread: dict[int, list[ScriptedOp]] = {}
        for op in ops:
            if not op.in_end:
                by_thread.setdefault(op.thread, []).append(op)
        await asyncio.gather(*map(self._play_thread, by_thread.values()))

    async def _play_thread(self, ops: Sequence[ScriptedOp]) -> None:
        for op in ops:
            await self._clock.sleep_until(self._phase_began_ns + op.at_ns)
            invocation = op.f, op.value
            await self.perform(op.thread, invocation, final=op.final, extra=op.extra)

    async def _main_phase(self, begin_ns: int, limit_ns: int) -> None:
        if self._options.rate == 0:
            await self._clock.sleep_until(limit_ns)
            return
        mean_ns = NS_PER_S / self._options.rate
        late_ns = VIRTUAL_LATE_NS if self._clock.name == "virtual" else 0
        next_ns = begin_ns
        while next_ns <= limit_ns:
            asked_ns = self.now_ns()
            await self._clock.sleep_until(next_ns)
            if not self._free:
                await self._until_someone_is_free()
                asked_ns = self.now_ns()
            thread = self._take_thread()
            if self.now_ns() > limit_ns:
                break
            self._start(thread, self._next_op(thread))
            # As in Jepsen it counts from when this one was due, unless that was past when a client
            # was asked for it: what the real clock sleeps too long is not added up.
            next_ns = max(next_ns, asked_ns) + late_ns + int(self._rng.random() * 2 * mean_ns)
        while self._in_flight:
            await asyncio.wait(self._in_flight)
        if self._error:
            raise self._error

    async def _until_someone_is_free(self) -> None:
        while not self._free:
            self._someone_is_free.clear()
            await self._someone_is_free.wait()

    def _take_thread(self) -> int:
        if self._error:
            raise self._error
        turn = (self._turns + self._nemesis.request_count) % (self._options.concurrency + 1)
        thread = self._workload.pick_thread(self._free, turn)
        self._turns += 1
        self._free.remove(thread)
        return thread

    def _next_op(self, thread: int) -> Invocation:
        return self._workload.next_op(self._processes[thread], self.now_ns())

    def _start(self, thread: int, invocation: Invocation) -> None:
        task = self._clock.loop.create_task(self.perform(thread, invocation))
        self._in_flight.add(task)
        task.add_done_callback(lambda done: self._finish(thread, done))

    def _finish(self, thread: int, task: asyncio.Task[Op]) -> None:
        self._in_flight.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self._error = error  # the bench's own: no node's doing
        insort(self._free, thread)
        self._someone_is_free.set()

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
        f, value = invocation
        at_ns = self.now_ns() - self._phase_began_ns
        self.performed.append(ScriptedOp(at_ns, thread, f, value, self._in_end, final, extra))
        process = self._processes[thread]
        if thread in self._left:
            self._replace(thread)
        self._history.add(self.now_ns(), "invoke", process, f, value, final=final, extra=extra)
        outcome, value, error, exception = await self._outcome(thread, f, value)
        completion = self._history.add(
            self.now_ns(),
            outcome,
            process,
            f,
            value,
            error=error,
            final=final,
            extra={**(extra or {}), **exception} if exception else extra,
        )
        self._workload.observe(completion)
        if outcome == "info":
            self._processes[thread] += self._options.concurrency
            if not self._workload.keeps_clients:
                self._left.add(thread)
        return completion

    async def _outcome(self, thread: int, f: str, value: Any) -> tuple[str, Any, Any, Any]:
        """The type, value, error and further entries of the completion."""
        workload = self._workload
        unsure = "fail" if f in workload.idempotent else "info"
        try:
            result = await self._sessions[thread].invoke(self._processes[thread], f, value)
        except RpcTimeout:
            if workload.interprets_errors:
                return unsure, value, NET_TIMEOUT, None
            return ("info", value, *_exception("Client read timeout"))
        except RPCError as error:
            if workload.interprets_errors:
                return "fail" if error.definite else unsure, value, _error_entry(error), None
            return ("info", value, *_exception(f"error {error.code}: {error.text}"))
        except MalformedReply as error:
            return ("info", value, *_exception(str(error)))
        except Failed as error:
            return "fail", value, error.args[0], None
        except Indeterminate as error:
            return "info", value, error.args[0] if error.args else None, None
        return "ok", result, None, None

    def _replace(self, thread: int) -> None:
        """Let the client of a process that is stuck leave, and open one for the next process.

        As in Jepsen, that is when the next process begins: until then a late reply has somebody to
        go to.
        """
        self._left.discard(thread)
        self._sessions[thread].client.close()
        self._sessions[thread] = self._open_session(thread)

    def _open_session(self, thread: int) -> Session:
        nodes = self._options.node_ids
        node = nodes[self._processes[thread] % len(nodes)]
        return self._workload.session(self._open_client(), node, self._workload)


def _error_entry(error: RPCError) -> list[Any]:
    """The `:error` of an operation that a node refused: the error's name and its text."""
    try:
        name = ErrorCode(error.code).name.lower().replace("_", "-")
    except ValueError:
        name = "unknown"
    return [kw(name), error.text]


def _exception(message: str) -> tuple[str, dict[Any, Any]]:
    """The `:error` and `:exception` of an operation that ended in an exception."""
    cause = keywordize({"type": Symbol("clojure.lang.ExceptionInfo"), "message": message})
    return f"indeterminate: {message}", {kw("exception"): keywordize({"via": [cause]})}
