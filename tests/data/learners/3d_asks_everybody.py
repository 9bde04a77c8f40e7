import asyncio

from glomers.node import Node, RPCError

node = Node()
seen = set()


@node.on("broadcast")
def broadcast(message):
    seen.add(message.body["message"])
    return {"type": "broadcast_ok"}


@node.on("read")
async def read(message):
    await asyncio.gather(*[ask(peer) for peer in node.peers])
    return {"type": "read_ok", "messages": sorted(seen)}


async def ask(peer):
    try:
        reply = await node.rpc(peer, {"type": "all"})
        seen.update(reply["values"])
    except RPCError:
        pass


@node.on("all")
def tell_all(message):
    return {"type": "all_ok", "values": sorted(seen)}


@node.on("topology")
def topology(message):
    return {"type": "topology_ok"}


if __name__ == "__main__":
    node.run()
