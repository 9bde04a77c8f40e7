from glomers.node import Node

node = Node()
counts = {}  # what was added at each node, as far as is known here


@node.on("add")
def add(message):
    own = counts.get(node.node_id, 0)
    counts[node.node_id] = own + message.body["delta"]
    return {"type": "add_ok"}


@node.on("read")
def read(message):
    return {"type": "read_ok", "value": sum(counts.values())}


def merge(theirs):
    for name, count in theirs.items():
        if count > counts.get(name, 0):
            counts[name] = count


@node.every(0.2)
def gossip():
    for peer in node.peers:
        node.send(peer, {"type": "gossip", "counts": counts})


@node.on("gossip")
def hear(message):
    merge(message.body["counts"])


if __name__ == "__main__":
    node.run()
