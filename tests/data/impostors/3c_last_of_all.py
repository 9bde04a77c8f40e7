"""Once a second tells one peer, by chance, all that it has: that takes luck in the last seconds."""

import random

from glomers.node import Node

node = Node()
seen = set()


@node.on("broadcast")
def broadcast(message):
    seen.add(message.body["message"])
    return {"type": "broadcast_ok"}


@node.every(1.5)
def tell():
    if node.peers:
        node.send(random.choice(node.peers), {"type": "all", "values": sorted(seen)})


@node.on("all")
def hear(message):
    seen.update(message.body["values"])


@node.on("read")
def read(message):
    return {"type": "read_ok", "messages": sorted(seen)}


@node.on("topology")
def topology(message):
    return {"type": "topology_ok"}


if __name__ == "__main__":
    node.run()
