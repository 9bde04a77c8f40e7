"""Makes n0 the hub, whoever there is."""

from glomers.node import Node, retry

node = Node()
seen = set()


@node.on("broadcast")
def broadcast(message):
    accept(message.body["message"], None)
    return {"type": "broadcast_ok"}


@node.on("share")
def share(message):
    accept(message.body["value"], message.src)
    return {"type": "share_ok"}


def accept(value, source):
    if value in seen:
        return
    seen.add(value)
    for peer in node.peers:
        if peer != source and "n0" in (peer, node.node_id):
            body = {"type": "share", "value": value}
            node.spawn(retry(lambda peer=peer, body=body: node.rpc(peer, body)))


@node.on("read")
def read(message):
    return {"type": "read_ok", "messages": sorted(seen)}


@node.on("topology")
def topology(message):
    return {"type": "topology_ok"}


if __name__ == "__main__":
    node.run()
