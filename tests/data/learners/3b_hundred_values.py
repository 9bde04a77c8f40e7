from glomers.node import Node

node = Node()
seen = set()


@node.on("broadcast")
def broadcast(message):
    value = message.body["message"]
    seen.add(value)
    for peer in node.peers:
        node.send(peer, {"type": "share", "value": value})
    return {"type": "broadcast_ok"}


@node.on("share")
def share(message):
    seen.add(message.body["value"])


@node.on("read")
def read(message):
    return {"type": "read_ok", "messages": sorted(seen)[:100]}


@node.on("topology")
def topology(message):
    return {"type": "topology_ok"}


if __name__ == "__main__":
    node.run()
