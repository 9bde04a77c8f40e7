from glomers.node import Node, retry

node = Node()
seen = set()


def neighbours():
    # GAP let the first node be the root, and all others its children: whom does this node talk to?
    root = node.node_ids[0]
    if node.node_id == root:
        return node.peers
    return [root]
    # END


@node.on("broadcast")
def broadcast(message):
    accept(message.body["message"], None)
    return {"type": "broadcast_ok"}


@node.on("share")
def share(message):
    accept(message.body["value"], message.src)
    return {"type": "share_ok"}


def accept(value, source):
    # GAP keep a value that is new, and deliver it to all neighbours but the one that it came from
    if value in seen:
        return
    seen.add(value)
    for neighbour in neighbours():
        if neighbour != source:
            node.spawn(deliver(neighbour, value))
    # END


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
