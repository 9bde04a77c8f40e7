import asyncio

from glomers.node import Node

node = Node()
seen = set()  # all values that were broadcast


async def later(value):
    await asyncio.sleep(0.1)
    seen.add(value)


@node.on("broadcast")
def broadcast(message):
    value = message.body["message"]
    node.spawn(later(value))
    return {"type": "broadcast_ok"}


@node.on("read")
def read(message):
    return {"type": "read_ok", "messages": sorted(seen)}


@node.on("topology")
def topology(message):
    return {"type": "topology_ok"}


if __name__ == "__main__":
    node.run()
