from contextlib import suppress

from glomers.node import Node, RPCError

node = Node()
seen, outbox = set(), {}


@node.on_init
def connect():
    root = node.node_ids[0]
    outbox.update({peer: set() for peer in node.peers if root in (node.node_id, peer)})


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


@node.every(interval_s=0.5)
def flush():
    for neighbour, pending in outbox.items():
        if pending:
            node.spawn(deliver(neighbour, sorted(pending)))


async def deliver(neighbour, values):
    with suppress(RPCError):  # what is not acknowledged waits for the next flush
        await node.rpc(neighbour, {"type": "share", "values": values})
        outbox[neighbour].difference_update(values)


@node.on("read")
def read(message):
    return {"type": "read_ok", "messages": sorted(seen)}


@node.on("topology")
def topology(message):
    return {"type": "topology_ok"}


if __name__ == "__main__":
    node.run()
