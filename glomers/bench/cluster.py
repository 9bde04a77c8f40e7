"""The nodes of a test: started, set up, and handed to faults."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from itertools import chain
from typing import Any

from glomers.bench.clients import INIT_TIMEOUT_S, SETUP_TIMEOUT_S, Client, RpcTimeout
from glomers.bench.clock import Handle, VirtualClock
from glomers.bench.ground import Ground
from glomers.bench.hosts import Host, HostInVirtualTime, ProcessHost
from glomers.bench.network import Network
from glomers.bench.schema import LooseReply, MalformedReply
from glomers.bench.transit import Disturbance, Fate, Transit
from glomers.errors import BrokenTest
from glomers.node import host as current_host
from glomers.protocol import RPCError

INIT_OK = LooseReply("init_ok")

SetUp = Callable[[Client, str], Awaitable[None]]
"""Prepares a node through a client, as a workload does before its first operation."""
NOT_SET_UP = "did not answer while it was set up"


class Cluster:
    """The nodes, as the test and its faults act on them.

    Args:
        ground: the names of the nodes, the clock, and how to end the test.
        network: carries what they send.
        transit: decides what becomes of it.
        make_host: makes the host of a node.
        open_client: makes the next client, for the set-up.
    """

    def __init__(
        self,
        ground: Ground,
        network: Network,
        transit: Transit,
        make_host: Callable[[str], Host],
        open_client: Callable[[], Client],
    ) -> None:
        self._node_ids = ground.options.node_ids
        self._clock = ground.clock
        self._fail = ground.fail
        self._network = network
        self._transit = transit
        self._make_host = make_host
        self._open_client = open_client
        self._hosts: dict[str, Host] = {}
        self._gone: dict[str, list[Host]] = {node_id: [] for node_id in self._node_ids}
        """Of each node, its lives that a fault has ended."""
        self._set_up: SetUp | None = None
        self._restarts: set[Any] = set()
        self.cut = network.cut

    async def start(self, node_id: str) -> None:
        """Start a node and send it `init`.

        Raises:
            BrokenTest: when it cannot be started, or does not answer as it must.
        """
        host = self._hosts[node_id] = self._make_host(node_id)
        self._network.connect(node_id, host.deliver)
        await host.start()
        client = self._open_client()
        request = {"type": "init", "node_id": node_id, "node_ids": list(self._node_ids)}
        await self._step(client.rpc(node_id, request, INIT_OK, INIT_TIMEOUT_S), node_id)
        client.close()

    async def prepare(self, client: Client, node_id: str, set_up: SetUp) -> None:
        """Let the workload prepare a node, now and whenever it is started again.

        The client stays in the network until the test is over, as in Jepsen.

        Raises:
            BrokenTest: when the node does not answer as it must.
        """
        self._set_up = set_up
        await self._step(set_up(client, node_id), node_id)

    async def _step(self, step: Awaitable[Any], node_id: str) -> None:
        """Await one step of the set-up of `node_id`; any failure breaks the test."""
        try:
            await step
        except RpcTimeout:
            host = self._hosts[node_id]
            silence = host.silence if isinstance(host, ProcessHost) else ""
            sentence = (
                f"Node {node_id} {NOT_SET_UP}: it had {INIT_TIMEOUT_S:.0f} s "
                f"to answer `init` and {SETUP_TIMEOUT_S:.0f} s for the topology, if there is one."
            )
            raise BrokenTest(f"{sentence} {silence}".rstrip(), node_id) from None
        except (RPCError, MalformedReply) as error:
            raise BrokenTest(f"Node {node_id} could not be set up: {error}", node_id) from None

    @property
    def hosts(self) -> list[Host]:
        """The lives of nodes that a fault has ended, and then all nodes."""
        return [*chain.from_iterable(self._gone.values()), *self._hosts.values()]

    async def stop(self) -> None:
        """Stop all nodes."""
        for restart in self._restarts:
            restart.cancel()
        for host in self.hosts:
            await host.stop()

    # What faults do.

    def disturb(self, name: str, disturbance: Disturbance | None) -> None:
        """Let a fault change the fates of messages between nodes; None: no longer."""
        if disturbance is None:
            self._transit.disturb(name, None)
            return

        def between_nodes(src: str, dest: str, fate: Fate) -> Fate:
            among_nodes = src in self._hosts and dest in self._hosts
            return disturbance(src, dest, fate) if among_nodes else fate

        self._transit.disturb(name, between_nodes)

    def kill(self, node_id: str) -> None:
        """End a node; what it is sent from now on is dropped."""
        self._gate()
        self._network.set_down(node_id, True)
        self._hosts[node_id].kill()
        self._gone[node_id].append(self._hosts[node_id])

    def restart(self, node_id: str) -> None:
        """Start a node that was killed afresh, with the whole set-up."""
        self._network.set_down(node_id, False)
        restart = self._clock.loop.create_task(self._start_again(node_id))
        self._restarts.add(restart)
        restart.add_done_callback(self._restarts.discard)

    async def _start_again(self, node_id: str) -> None:
        killed_before = len(self._gone[node_id])
        try:
            await self.start(node_id)
            if self._set_up:
                await self.prepare(self._open_client(), node_id, self._set_up)
        except BrokenTest as error:
            was_killed_again = len(self._gone[node_id]) > killed_before
            if not was_killed_again:
                self._fail(error)

    def pause(self, node_id: str) -> None:
        """Let a node stand still."""
        self._gate()
        self._hosts[node_id].pause()

    def resume(self, node_id: str) -> None:
        """Let a node that stood still go on."""
        self._hosts[node_id].resume()

    def skew(self, node_id: str, offset_ms: int, drift_ppm: int) -> None:
        """Let the wall clock of a node in virtual time be wrong."""
        host = self._hosts[node_id]
        assert isinstance(host, HostInVirtualTime)  # see the options
        host.skew(self._clock.now_ns(), offset_ms, drift_ppm)

    def _gate(self) -> None:
        """From now on the loop asks hosts whether their callbacks may run."""
        if isinstance(self._clock, VirtualClock):
            self._clock.loop.withhold = _withheld


def _withheld(handle: Handle) -> bool:
    host: Any = handle.context.get(current_host)
    return host is not None and host.withhold(handle)
