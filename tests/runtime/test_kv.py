"""The clients of the services, used by a node on the bench."""

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glomers.kv import Reservation
from glomers.protocol import ErrorCode, RPCError
from tests.helpers.bench import ECHO

SOURCE = """
from glomers.kv import KV, TSO
from glomers.node import ErrorCode, Node, RPCError

node = Node()
tso = TSO(node)


@node.on("echo")
async def echo(message):
    report = {"echo": message.body["echo"]}
    for service in ("lin-kv", "seq-kv", "lww-kv"):
        await exercise(KV(node, service), message.body["msg_id"])
    first, second = await tso.ts(), await tso.ts()
    assert first < second
    return {"type": "echo_ok", **report}


async def exercise(kv, key):
    assert await kv.read(key, default="nothing") == "nothing"
    try:
        await kv.read(key)
    except RPCError as error:
        assert error.code == ErrorCode.KEY_DOES_NOT_EXIST
    else:
        raise AssertionError("a missing key was read")
    await kv.write(key, 1)


@node.on_init
async def count():
    lin = KV(node, "lin-kv")
    assert await lin.cas("n", 0, 1, create=True)
    assert not await lin.cas("n", 5, 6)
    assert await lin.update("n", lambda n: n + 1, default=0) == 2
    assert await lin.update("m", lambda m: m + 1, default=10) == 11
    assert await lin.read("n") == 2


if __name__ == "__main__":
    node.run()
"""


def test_every_service_answers_as_its_client_promises(bench):
    outcome = bench.test(bench.node(SOURCE), "--node-count", "1", "--time-limit", "5")
    assert outcome.status == 0, outcome.read("node-logs/n0.log")
    assert outcome.read("node-logs/n0.log") == ""


def test_updates_of_many_nodes_lose_nothing(bench):
    source = ECHO.replace("def echo", "async def echo").replace(
        "    return",
        "    from glomers.kv import KV\n"
        '    await KV(node, "lin-kv").update("total", lambda n: n + 1, default=0)\n'
        "    return",
    )
    flags = ("--node-count", "5", "--rate", "200", "--latency", "10", "--time-limit", "3")
    outcome = bench.test(bench.node(source), *flags)
    assert outcome.status == 0
    journal = outcome.read("net-journal/messages.jsonl").splitlines()[1:]
    bodies = [json.loads(line)[3]["body"] for line in journal if line.startswith('["s"')]
    swapped = sum(body["type"] == "cas_ok" for body in bodies)
    refused = sum(body.get("code") == 22 for body in bodies)
    echoed = sum(body["type"] == "echo_ok" for body in bodies)
    assert swapped == echoed
    assert refused > 0, "nobody ever interfered"


class Store:
    """A store whose writes take effect before their answer is known, or are lost with the node."""

    def __init__(self):
        self.kept = {}
        self.is_silent = False

    async def read(self, key, default):
        return self.kept.get(key, default)

    async def write(self, key, value):
        self.kept[key] = value
        if self.is_silent:
            raise RPCError(ErrorCode.TIMEOUT)


LIVES = st.lists(st.lists(st.integers(0, 30), max_size=8), min_size=1, max_size=6)


@given(LIVES, st.integers(1, 20))
def test_no_two_lives_of_a_node_use_one_number(lives, block):
    async def live(store, steps):
        """Use numbers up to the limit, raising it before each step."""
        numbers = Reservation(store, block)
        first = 1 + await numbers.begin("n0")
        used = []
        for step in steps:
            await numbers.reach(first + len(used))
            used += range(first + len(used), min(first + len(used) + step, numbers.limit + 1))
        return used

    async def live_all():
        store = Store()
        return [await live(store, steps) for steps in lives]

    used = [number for life in asyncio.run(live_all()) for number in life]
    assert used == sorted(set(used))


def test_a_reservation_that_was_not_confirmed_gives_nothing_and_wastes_at_most_a_block():
    async def scenario():
        store = Store()
        numbers = Reservation(store, block=10)
        assert (await numbers.begin("n0"), numbers.limit) == (-1, 9)
        store.is_silent = True
        with pytest.raises(RPCError):
            await numbers.reach(8)
        assert numbers.limit == 9
        store.is_silent = False
        assert await Reservation(store, block=10).begin("n0") == 18
        assert await Reservation(store, block=10).begin("n1") == -1

    asyncio.run(scenario())
