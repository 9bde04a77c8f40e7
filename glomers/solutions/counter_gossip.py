from glomers.node import Node

node = Node()
counts = {}  # what was added at each node, as far as is known here


def merge(mine, theirs):
    """The larger count of each node: counts only grow, so the larger one is the later one."""
    return {name: max(mine.get(name, 0), theirs.get(name, 0)) for name in {**mine, **theirs}}


@node.on("add")
def add(message):
    counts[node.node_id] = counts.get(node.node_id, 0) + message.body["delta"]
    return {"type": "add_ok"}


@node.on("read")
def read(message):
    return {"type": "read_ok", "value": sum(counts.values())}


@node.every(interval_s=0.2)
def gossip():
    for peer in node.peers:
        node.send(peer, {"type": "gossip", "counts": counts})


@node.on("gossip")
def hear(message):
    counts.update(merge(counts, message.body["counts"]))


if __name__ == "__main__":
    node.run()
