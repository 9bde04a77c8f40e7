from glomers.node import Node

node = Node()
seen = set()


neighbours = []


@node.on("broadcast")
def broadcast(message):
    value = message.body["message"]
    seen.add(value)
    for peer in neighbours:
        node.send(peer, {"type": "share", "value": value})
    return {"type": "broadcast_ok"}


@node.on("share")
def share(message):
    seen.add(message.body["value"])


@node.on("read")
def read(message):
    return {"type": "read_ok", "messages": sorted(seen)}


@node.on("topology")
def topology(message):
    neighbours[:] = message.body["topology"][node.node_id]
    return {"type": "topology_ok"}


if __name__ == "__main__":
    node.run()
