import asyncio

from glomers.node import Node, RPCError

node = Node()
seen = set()
PAUSE_S = 0.5  # before a peer that did not answer is asked again


@node.on("broadcast")
def broadcast(message):
    value = message.body["message"]
    seen.add(value)
    for peer in node.peers:
        node.spawn(deliver(peer, value))
    return {"type": "broadcast_ok"}


async def deliver(peer, value):
    for _ in range(5):
        try:
            await node.rpc(peer, {"type": "share", "value": value})
            return
        except RPCError:
            await asyncio.sleep(PAUSE_S)


@node.on("share")
def share(message):
    seen.add(message.body["value"])
    return {"type": "share_ok"}


@node.on("read")
def read(message):
    return {"type": "read_ok", "messages": sorted(seen)}


@node.on("topology")
def topology(message):
    return {"type": "topology_ok"}


if __name__ == "__main__":
    node.run()
