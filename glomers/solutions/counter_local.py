import asyncio

from glomers.node import Node, RPCError

node = Node()
own = 0  # the sum of what was added here
last_known = {}  # the same of each peer, when it was last heard of


@node.on("add")
def add(message):
    global own
    own += message.body["delta"]
    return {"type": "add_ok"}


@node.on("read")
async def read(message):
    await asyncio.gather(*[ask(peer) for peer in node.peers])
    return {"type": "read_ok", "value": own + sum(last_known.values())}


async def ask(peer):
    try:
        reply = await node.rpc(peer, {"type": "own"}, timeout_s=2)
    except RPCError:
        return  # unreachable: what was last known of it must do
    last_known[peer] = max(reply["value"], last_known.get(peer, 0))


@node.on("own")
def tell_own(message):
    return {"type": "own_ok", "value": own}


if __name__ == "__main__":
    node.run()
