from glomers.node import Node, RPCError

node = Node()
seen = set()
outbox = {}  # of each neighbour, the values that it has not acknowledged yet


@node.on_init
def connect():
    root = node.node_ids[0]
    neighbours = node.peers if node.node_id == root else [root]
    outbox.update({neighbour: set() for neighbour in neighbours})


@node.on("broadcast")
def broadcast(message):
    accept([message.body["message"]], None)
    return {"type": "broadcast_ok"}


@node.on("share")
def share(message):
    accept(message.body["values"], message.src)
    return {"type": "share_ok"}


def accept(values, source):
    # GAP of the values keep those that are new, and put them into all outboxes but the source's
    news = set(values) - seen
    seen.update(news)
    for neighbour, waiting in outbox.items():
        if neighbour != source:
            waiting.update(news)
    # END


@node.every(0.5)
def flush():
    # GAP begin a delivery to each neighbour for whom something waits
    for neighbour, waiting in outbox.items():
        if waiting:
            node.spawn(deliver(neighbour, sorted(waiting)))
    # END


async def deliver(neighbour, values):
    # GAP ask the neighbour to take the values; only if it answers they no longer wait
    try:
        await node.rpc(neighbour, {"type": "share", "values": values})
    except RPCError:
        return  # they wait for the next flush
    outbox[neighbour].difference_update(values)
    # END


@node.on("read")
def read(message):
    return {"type": "read_ok", "messages": sorted(seen)}


@node.on("topology")
def topology(message):
    return {"type": "topology_ok"}


if __name__ == "__main__":
    node.run()
