from glomers.node import Node, retry

node = Node()
seen = set()


def neighbours():
    """The links of a two-level tree: the first node is the root, all others are its children."""
    root = node.node_ids[0]
    return node.peers if node.node_id == root else [root]


@node.on("broadcast")
def broadcast(message):
    accept(message.body["message"])
    return {"type": "broadcast_ok"}


@node.on("share")
def share(message):
    accept(message.body["value"], source=message.src)
    return {"type": "share_ok"}


def accept(value, source=None):
    if value in seen:
        return
    seen.add(value)
    for neighbour in neighbours():
        if neighbour != source:
            node.spawn(deliver(neighbour, value))


async def deliver(neighbour, value):
    await retry(lambda: node.rpc(neighbour, {"type": "share", "value": value}))


@node.on("read")
def read(message):
    return {"type": "read_ok", "messages": sorted(seen)}


@node.on("topology")
def topology(message):
    return {"type": "topology_ok"}


if __name__ == "__main__":
    node.run()
