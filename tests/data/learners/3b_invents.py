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
    value = message.body["value"]
    seen.add(value)


@node.on("read")
def read(message):
    return {"type": "read_ok", "messages": sorted(seen | {-1})}


@node.on("topology")
def topology(message):
    return {"type": "topology_ok"}


if __name__ == "__main__":
    node.run()
