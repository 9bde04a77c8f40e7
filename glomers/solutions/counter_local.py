import asyncio
import time
from contextlib import suppress

from glomers.node import Node, RPCError

node = Node()
counts = {}  # by node and life: what was added there, when it was last heard of


@node.on_init
def begin():
    global life
    life = f"{node.node_id} {time.time_ns()}"
    counts[life] = 0


@node.on("add")
def add(message):
    counts[life] += message.body["delta"]
    return {"type": "add_ok"}


@node.on("read")
async def read(message):
    await asyncio.gather(*[ask(peer) for peer in node.peers])
    return {"type": "read_ok", "value": sum(counts.values())}


async def ask(peer):
    with suppress(RPCError):  # unreachable: what was last known of it must do
        reply = await node.rpc(peer, {"type": "counts"}, timeout_s=2)
        for name, count in reply["counts"].items():
            counts[name] = max(count, counts.get(name, 0))


@node.on("counts")
def tell(message):
    return {"type": "counts_ok", "counts": counts}


if __name__ == "__main__":
    node.run()
