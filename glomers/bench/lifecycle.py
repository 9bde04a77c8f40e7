"""One test from start to end: set the nodes up, run the phases, tear down, check, report."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from contextvars import Context
from functools import partial
from itertools import accumulate, count
from pathlib import Path
from typing import Any

from glomers.bench.blame import place_of_error, with_place
from glomers.bench.checkers import CheckOptions, check_run
from glomers.bench.clients import Client
from glomers.bench.clock import Clock, RealClock, VirtualClock, VirtualLoop
from glomers.bench.cluster import Cluster
from glomers.bench.generator import Generator
from glomers.bench.ground import Ground, dice_for, node_seed
from glomers.bench.hosts import (
    Host,
    NodeLog,
    Outgoing,
    ProcessHost,
    RecordedHost,
    Silenced,
    VirtualHost,
    console_echo,
    processor,
)
from glomers.bench.log import Log
from glomers.bench.nemesis import FaultEvent, Nemesis, draw_schedule
from glomers.bench.network import Network, UnknownAddress
from glomers.bench.options import Options
from glomers.bench.program import Program
from glomers.bench.record import Record
from glomers.bench.sandbox import NodeExit, sandbox
from glomers.bench.script import Script
from glomers.bench.services import Service, make_services
from glomers.bench.step_recorder import StepLoop, StepRecorder
from glomers.bench.transit import Drawn, Recorded, Scripted, Transit
from glomers.bench.what_if import Altered
from glomers.bench.workloads import workload_class
from glomers.errors import BrokenTest
from glomers.formats.edn import Keyword
from glomers.node import host as current_host
from glomers.reading import replicas

START_GAP_NS = 10_000_000
"""What lies between the starts of two nodes, in the mean."""
START_NS_MAX = 1_000_000_000


class Test:
    """A test that can be run once.

    Args:
        options: the command line.
        program: what runs a node.
        record: takes what the run leaves.
        log: takes what the bench has to say.
        give_up: saves what there is when a node cannot be stopped; then the process ends.
        script: operations, faults and fates to play back, in place of drawing them.
        is_recorded: whether a script of the run is kept, for `recorded`.
    """

    def __init__(
        self,
        options: Options,
        program: Program,
        record: Record,
        log: Log,
        give_up: Callable[[BrokenTest], None],
        *,
        script: Script | None = None,
        is_recorded: bool = False,
    ) -> None:
        self.options = options
        self._dice = partial(dice_for, options)
        self.clock = self._make_clock(program.virtual)
        self._program = program
        self._record = record
        self._log = log
        self._give_up = give_up
        self._script = script
        self._client_ids = count()
        self._failure: BrokenTest | None = None
        self._broken = asyncio.Event()
        self._unwritten: BrokenTest | None = None
        self._node_logs: dict[str, NodeLog] = {}
        self._outgoing: list[Outgoing] = []
        self._lives: Counter[str] = Counter()
        self._generator: Generator | None = None
        self._schedule = self._draw_schedule() if script is None else script.faults
        self.history = record.history(self._cannot_write)
        self._journal = record.journal(self._cannot_write)
        self._steps = self._record_steps() if options.record_state else None
        self._journal = self._steps or self._journal
        self._ground = Ground(options, self.clock, self.history, self._journal, self._fail)
        transit = self._make_transit()
        self._altered = Altered(transit, options.what_if) if options.what_if else None
        transit = self._altered or transit
        self._recorded = Recorded(transit) if is_recorded else None
        transit = self._recorded or transit
        self.network = Network(self.clock, self._journal, transit)
        self._cluster = Cluster(
            self._ground, self.network, transit, self._make_host, self._open_client
        )
        self._nemesis = Nemesis(self._ground, self._schedule, self._cluster)
        if options.what_if and options.what_if.what == "kill":
            killed = FaultEvent(0, "kill", True, None, {"node": options.what_if.node})
            self.clock.at(options.what_if.at_ns, self._nemesis.surprise, killed)

    def _make_clock(self, is_virtual: bool) -> Clock:
        if not is_virtual:
            return RealClock()
        loop: Any = StepLoop if self.options.record_state else VirtualLoop
        clock, rng = VirtualClock(loop), self._dice("timers")
        salts = {node_id: rng.getrandbits(64) for node_id in self.options.node_ids}

        def rank(context: Context, when_ns: int) -> int:
            """Which of the nodes whose timers go off in one instant comes first is chance."""
            host: Any = context.get(current_host)
            if host is None:
                return 0
            return salts[host.node_id] * (2 * when_ns + 1) >> 32 & 0xFFFF_FFFF

        clock.loop.rank = rank
        return clock

    def _record_steps(self) -> StepRecorder:
        """Let the steps of nodes be recorded, beside the journal."""
        recorder = StepRecorder(self._journal, self._record.node_states(self._cannot_write))
        loop = self.clock.loop
        assert isinstance(loop, StepLoop)
        loop.recorder = recorder
        return recorder

    def _draw_schedule(self) -> Sequence[FaultEvent]:
        options = self.options
        return draw_schedule(
            options.nemesis,
            options.node_ids,
            options.nemesis_interval_s,
            options.time_limit_s,
            self._dice,
        )

    def _make_transit(self) -> Transit:
        options = self.options
        if self._script is not None:
            return Scripted(self._script.fates, options.latency_ms, options.latency_dist)
        return Drawn(
            options.latency_ms,
            options.latency_dist,
            self._dice("network"),
            hop_cost=self._program.virtual,
        )

    @property
    def program_path(self) -> Path:
        """The file that runs a node."""
        return self._program.path

    @property
    def hosts(self) -> list[Host]:
        """The nodes as they run, those of their lives that have ended included."""
        return self._cluster.hosts

    @property
    def recorded(self) -> Script:
        """The run as a script, as far as it went; only when it `is_recorded`."""
        assert self._recorded is not None
        performed = self._generator.performed if self._generator else ()
        return Script(tuple(performed), tuple(self._schedule), self._recorded.fates)

    @property
    def silenced(self) -> list[Silenced]:
        """The nodes that are not heard any more, in the order in which it happened."""
        silenced = (outgoing.silenced for outgoing in self._outgoing)
        return sorted(filter(None, silenced), key=lambda one: one.time_ns)

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
        self._note_what_was_not()
        if self._unwritten:  # it was the last that was still buffered
            raise self._unwritten

    def _note_what_was_not(self) -> None:
        """Say so when there was no message for `--what-if` to change."""
        what_if = self.options.what_if
        if what_if and self._altered and what_if.message >= 0 and not self._altered.is_done:
            self._log.warn(
                f"--what-if {what_if} has changed nothing: there was no message {what_if.message}."
            )

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
        if isinstance(self.clock, VirtualClock) and self._program.clock == "virtual":
            argv = (str(self._program.path), *self.options.args)
            return sandbox(self.clock, argv, self._fail, self._give_up)
        return processor.on_one() if self._program.virtual else nullcontext()

    def _exit(self, error: SystemExit) -> BrokenTest:
        """The sentence about a node that ended its own process, in virtual time."""
        why = error if isinstance(error, NodeExit) else f"it left with exit status {error}"
        assert isinstance(self.clock, VirtualClock)  # nodes are processes on the real clock
        host: Any = self.clock.loop.in_charge(current_host)
        if host is None:
            return BrokenTest(f"A node crashed: {why}.")
        place = place_of_error(error)
        return BrokenTest(f"Node {host.node_id} crashed: {why}.", host.node_id, place=place)

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
            self._note_hangs()
            await self._cluster.stop()

    def _note_hangs(self) -> None:
        """Tell which processes are at work and do not answer: a run only has time-outs of them."""
        for host in self._cluster.hosts:
            if isinstance(host, ProcessHost) and host.hang:
                self._log.warn(host.hang)

    def _fail(self, error: BrokenTest) -> None:
        """End the test; the first reason counts."""
        self._failure = self._failure or error
        self._broken.set()

    def _cannot_write(self, error: BrokenTest) -> None:
        self._unwritten = error
        self._fail(error)

    async def _phases(self) -> None:
        self._start_services()
        nodes, cluster = self.options.node_ids, self._cluster
        await asyncio.gather(*map(self._start_node, nodes, self._start_times_ns()))
        workload = workload_class(self.options.workload)(self.options, self._dice("workload"))
        clients = [self._open_client() for _ in nodes]
        await asyncio.gather(
            *[
                cluster.prepare(client, node_id, workload.setup)
                for client, node_id in zip(clients, nodes, strict=True)
            ]
        )
        self._generator = Generator(
            self._ground,
            workload,
            self._nemesis,
            self._open_client,
            self._script.ops if self._script else None,
        )
        await self._generator.run()

    def _start_times_ns(self) -> list[int]:
        """When each node is started, in the order of their names.

        A machine does not start all processes at once, so that the timers of nodes are not in
        step; which is first is chance.  In virtual time the seed draws that.
        """
        nodes = len(self.options.node_ids)
        starts_at_once = self._script is not None and self._script.starts_at_once
        if starts_at_once or not self._program.virtual:
            return [0] * nodes
        rng, gap_ns = self._dice("start"), min(START_GAP_NS, START_NS_MAX // nodes)
        times_ns = list(accumulate(rng.randrange(2 * gap_ns) for _ in range(nodes)))
        rng.shuffle(times_ns)
        return times_ns

    async def _start_node(self, node_id: str, at_ns: int) -> None:
        await self.clock.sleep_until(at_ns)
        await self._cluster.start(node_id)

    def _start_services(self) -> None:
        for name, service in make_services(self._dice("services")).items():
            self.network.connect(name, partial(self._serve, name, service))

    def _serve(
        self, name: str, service: Service, src: str, body: dict[str, Any], line: bytes
    ) -> None:
        reply = service.handle(src, body)
        if reply is not None:
            # A client in whose name a node asked may have gone.  Its reply is then refused before
            # it is a message: no journal has it, as in Maelstrom (`net.clj`, `send!`).
            with suppress(UnknownAddress):
                self.network.send(name, src, {**reply, "in_reply_to": body.get("msg_id")})

    def _make_host(self, node_id: str) -> Host:
        options = self.options
        log = self._node_logs.get(node_id)  # all lives of a node write into one
        if log is None:
            echo = console_echo(node_id, self._log.console) if options.log_stderr else None
            log = self._record.node_log(node_id, echo, self._cannot_write)
            log.now_ns = self.clock.now_ns
            self._node_logs[node_id] = log
        warn = with_place(self._log.warn)
        outgoing = Outgoing(node_id, self.network.send_line, warn, self.clock.now_ns)
        self._outgoing.append(outgoing)
        what = node_id, self._program.path, options.args, log, outgoing, self._fail
        if not self._program.virtual:
            return ProcessHost(*what)
        self._lives[node_id] += 1
        seed = node_seed(options, node_id, self._lives[node_id] - 1)
        if self._program.clock != "virtual":
            from glomers.bench.hosts.lockstep import LockstepHost  # which needs processes

            assert isinstance(self.clock, VirtualClock)
            uses_runtime = self._program.uses_runtime
            return LockstepHost(*what, seed, loop=self.clock.loop, uses_runtime=uses_runtime)
        if self._steps is None:
            return VirtualHost(*what, seed)
        return RecordedHost(*what, seed, recorder=self._steps, now_ns=self.clock.now_ns)

    def _open_client(self) -> Client:
        return Client(f"c{next(self._client_ids)}", self.network, self.clock)

    def passes_own_checks(self) -> bool:
        """Whether final reads show what Maelstrom does not look for, as far as they tell.

        Replicas have converged, clients of transactions saw their own writes, and no two
        transactions are mixed.
        """
        options, history = self.options, self.history.ops
        if not options.final_reads and options.workload == "txn-rw-register":
            return True
        found = replicas.convergence(history, options.node_ids)
        if found is None:
            return True
        if options.workload == "txn-rw-register":
            txns = replicas.transactions_of(history, options.node_ids)
            if replicas.forgotten_writes(txns) or replicas.dirty_writes(txns, found.finals):
                return False
        are_compared = replicas.are_compared(
            options.workload, options.node_ids, options.final_reads
        )
        return found.is_reached or not are_compared

    def check(self) -> dict[Keyword, Any]:
        """Judge the history: the map that becomes `results.edn`."""
        options, script = self.options, self._script
        check_options = CheckOptions(
            workload=options.workload,
            consistency_models=options.consistency_models,
            availability=options.availability,
            is_excerpt=script is not None,
            has_delays=script is not None and bool(script.fates),
        )
        return check_run(self.history.ops, check_options, self.network.stats)
