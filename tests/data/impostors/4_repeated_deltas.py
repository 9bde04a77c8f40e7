"""Repeats each addition until it is acknowledged: it counts twice when the acknowledgement is lost."""

from glomers.node import Node, retry

node = Node()
total = 0


@node.on("add")
def add(message):
    global total
    total += message.body["delta"]
    for peer in node.peers:
        body = {"type": "grow", "delta": message.body["delta"]}
        node.spawn(retry(lambda peer=peer, body=body: node.rpc(peer, body)))
    return {"type": "add_ok"}


@node.on("grow")
def grow(message):
    global total
    total += message.body["delta"]
    return {"type": "grow_ok"}


@node.on("read")
def read(message):
    return {"type": "read_ok", "value": total}


if __name__ == "__main__":
    node.run()
