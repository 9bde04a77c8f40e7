"""Gives up after ten attempts, which outlasts most cuts."""

import asyncio

from glomers.node import Node, RPCError

node = Node()
seen = set()


@node.on("broadcast")
def broadcast(message):
    seen.add(message.body["message"])
    for peer in node.peers:
        node.spawn(deliver(peer, message.body["message"]))
    return {"type": "broadcast_ok"}


async def deliver(peer, value):
    for _ in range(10):
        try:
            await node.rpc(peer, {"type": "share", "value": value})
            return
        except RPCError:
            await asyncio.sleep(1)


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
