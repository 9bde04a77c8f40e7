"""One test from start to end: set the nodes up, run the phases, tear down, check, report."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from itertools import count
from typing import Any

from glomers.bench.checkers import CheckOptions, check_run
from glomers.bench.clients import INIT_TIMEOUT_S, SETUP_TIMEOUT_S, Client, RpcTimeout
from glomers.bench.clock import Clock, RealClock, VirtualClock
from glomers.bench.errors import BrokenTest
from glomers.bench.files import open_binary
from glomers.bench.generator import Generator
from glomers.bench.history import HistoryWriter
from glomers.bench.hosts import (
    Host,
    NodeLog,
    Outgoing,
    ProcessHost,
    VirtualHost,
    console_echo,
)
from glomers.bench.log import RunLog
from glomers.bench.network import Network
from glomers.bench.options import Options
from glomers.bench.program import Program
from glomers.bench.sandbox import NodeExit, sandbox
from glomers.bench.schema import MalformedReply, Reply
from glomers.bench.services import Service, make_services
from glomers.bench.store import Store
from glomers.bench.workloads import workload_class
from glomers.formats.edn import Keyword
from glomers.formats.journal import BUFFER_BYTES, JournalWriter
from glomers.node import host as current_host
from glomers.protocol import RPCError

INIT_OK = Reply("init_ok")


class Test:
    """A test that is set up in `store` and can be run once."""

    def __init__(
        self,
        options: Options,
        program: Program,
        store: Store,
        log: RunLog,
        give_up: Callable[[BrokenTest], None],
    ) -> None:
        self.options = options
        self.clock: Clock = VirtualClock() if program.virtual else RealClock()
        self._program = program
        self._store = store
        self._log = log
        self._give_up = give_up
        self._client_ids = count()
        self._hosts: list[Host] = []
        self._failure: BrokenTest | None = None
        self._broken = asyncio.Event()
        self._unwritten: BrokenTest | None = None
        self.history = HistoryWriter(store.path / "history.edn", self._cannot_write)
        self._journal = JournalWriter(open_binary(store.journal, self._cannot_write, BUFFER_BYTES))
        self.network = Network(
            self.clock,
            self._journal,
            options.latency_ms,
            options.latency_dist,
            self._rng("network"),
        )

    def _rng(self, purpose: str) -> random.Random:
        """The dice for one purpose: a change in one part leaves the others' throws alone."""
        return random.Random(f"{self.options.seed}/{purpose}")

    def run(self) -> None:
        """Run the test; what happened is in `history` and `network.stats`.

        Raises:
            BrokenTest: when a node crashed, hangs, or did not answer `init`, or the store cannot be
                written any more.
        """
        main = self.clock.loop.create_task(self._guarded())
        try:
            with self._surroundings():
                while not main.done():
                    self._go_on(main)
        finally:
            self.clock.close()
            self.save()
        main.result()
        if self._unwritten:  # it was the last that was still buffered
            raise self._unwritten

    def _go_on(self, main: asyncio.Task[None]) -> None:
        """Let the clock run until `main` is done, or somebody wants to leave."""
        try:
            self.clock.run_until(main)
        except KeyboardInterrupt:
            main.cancel()
            self.clock.run_until(main)
            raise
        except SystemExit as error:
            self._fail(self._exit(error))
        except BrokenTest as error:
            self._fail(error)

    def save(self) -> None:
        """Write what is still buffered of the history and the journal."""
        self.history.close()
        self._journal.close()

    def _surroundings(self) -> AbstractContextManager[None]:
        if isinstance(self.clock, VirtualClock):
            argv = (str(self._program.path), *self.options.args)
            return sandbox(self.clock, self._rng("nodes"), argv, self._fail, self._give_up)
        return nullcontext()

    def _exit(self, error: SystemExit) -> BrokenTest:
        """The sentence about a node that ended its own process, in virtual time."""
        why = error if isinstance(error, NodeExit) else f"it left with exit status {error}"
        assert isinstance(self.clock, VirtualClock)  # nodes are processes on the real clock
        host: Any = self.clock.loop.in_charge(current_host)
        if host is None:
            return BrokenTest(f"A node crashed: {why}.")
        return BrokenTest(f"Node {host.node_id} crashed: {why}.", host.node_id)

    async def _guarded(self) -> None:
        """Run the phases until they end or something breaks the test; then stop all nodes."""
        loop = self.clock.loop
        phases, broken = loop.create_task(self._phases()), loop.create_task(self._broken.wait())
        try:
            await asyncio.wait({phases, broken}, return_when=asyncio.FIRST_COMPLETED)
            if self._failure:
                raise self._failure
            phases.result()
        finally:
            for task in (phases, broken):
                task.cancel()
            await asyncio.gather(phases, broken, return_exceptions=True)
            await asyncio.gather(*[host.stop() for host in self._hosts])

    def _fail(self, error: BrokenTest) -> None:
        """End the test; the first reason counts."""
        self._failure = self._failure or error
        self._broken.set()

    def _cannot_write(self, error: OSError) -> None:
        self._unwritten = self._store.failure(error)
        self._fail(self._unwritten)

    async def _phases(self) -> None:
        self._start_services()
        await asyncio.gather(*[self._start_node(node_id) for node_id in self.options.node_ids])
        workload = workload_class(self.options.workload)(self.options, self._rng("workload"))
        clients = [self._open_client() for _ in self.options.node_ids]
        await asyncio.gather(
            *[
                self._set_up(workload.setup(client, node_id), node_id)
                for client, node_id in zip(clients, self.options.node_ids, strict=True)
            ]
        )
        for client in clients:
            client.close()
        generator = Generator(
            self.options,
            workload,
            self.network,
            self.clock,
            self.history,
            self._open_client,
            self._rng("generator"),
            self._rng("nemesis"),
        )
        await generator.run()

    def _start_services(self) -> None:
        for name, service in make_services(self._rng("services")).items():
            self.network.connect(name, partial(self._serve, name, service))

    def _serve(
        self, name: str, service: Service, src: str, body: dict[str, Any], line: bytes
    ) -> None:
        reply = service.handle(src, body)
        self.network.send(name, src, {**reply, "in_reply_to": body.get("msg_id")})

    async def _start_node(self, node_id: str) -> None:
        host = self._make_host(node_id)
        self._hosts.append(host)
        self.network.connect(node_id, host.deliver)
        await host.start()
        client = self._open_client()
        request = {"type": "init", "node_id": node_id, "node_ids": list(self.options.node_ids)}
        await self._set_up(client.rpc(node_id, request, INIT_OK, INIT_TIMEOUT_S), node_id)
        client.close()

    async def _set_up(self, step: Any, node_id: str) -> None:
        """Await one step of the set-up of `node_id`; any failure breaks the test."""
        try:
            await step
        except RpcTimeout:
            raise BrokenTest(
                f"Node {node_id} did not answer while it was set up: it had {INIT_TIMEOUT_S:.0f} s "
                f"to answer `init` and {SETUP_TIMEOUT_S:.0f} s for the topology, if there is one.",
                node_id,
            ) from None
        except (RPCError, MalformedReply) as error:
            raise BrokenTest(f"Node {node_id} could not be set up: {error}", node_id) from None

    def _make_host(self, node_id: str) -> Host:
        options = self.options
        echo = console_echo(node_id, self._log.console) if options.log_stderr else None
        path = self._store.path / "node-logs" / f"{node_id}.log"
        log = NodeLog(path, echo, self._cannot_write)
        outgoing = Outgoing(node_id, self.network.send_line, self._log.warn)
        host = VirtualHost if self._program.virtual else ProcessHost
        return host(node_id, self._program.path, options.args, log, outgoing, self._fail)

    def _open_client(self) -> Client:
        return Client(f"c{next(self._client_ids)}", self.network, self.clock)

    def check(self) -> dict[Keyword, Any]:
        """Judge the history: the map that becomes `results.edn`."""
        options = self.options
        check_options = CheckOptions(
            workload=options.workload,
            consistency_models=options.consistency_models,
            availability=options.availability,
        )
        return check_run(self.history.ops, check_options, self.network.stats)
