from glomers.node import Node, RPCError

INTERVAL_S = 0.5

node = Node()
seen = set()
outbox = {}


@node.on_init
def connect():
    root = node.node_ids[0]
    neighbours = node.peers if node.node_id == root else [root]
    outbox.update({neighbour: set() for neighbour in neighbours})


@node.on("broadcast")
def broadcast(message):
    accept([message.body["message"]])
    return {"type": "broadcast_ok"}


@node.on("share")
def share(message):
    accept(message.body["values"], source=message.src)
    return {"type": "share_ok"}


def accept(values, source=None):
    news = set(values) - seen
    seen.update(news)
    for neighbour, pending in outbox.items():
        if neighbour != source:
            pending.update(news)


@node.every(INTERVAL_S)
def flush():
    for neighbour, pending in outbox.items():
        if pending:
            node.spawn(deliver(neighbour, sorted(pending)))


async def deliver(neighbour, values):
    try:
        await node.rpc(neighbour, {"type": "share", "values": values})
    except RPCError:
        return  # still pending: the next flush tries again
    outbox[neighbour].difference_update(values)


@node.on("read")
def read(message):
    return {"type": "read_ok", "messages": sorted(seen)}


@node.on("topology")
def topology(message):
    return {"type": "topology_ok"}


if __name__ == "__main__":
    node.run()
