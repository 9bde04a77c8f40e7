from glomers.node import Node

node = Node()
counts = {}  # what was added at each node, as far as is known here


@node.on("add")
def add(message):
    # GAP raise this node's own count by the `delta` of the request, and acknowledge that
    own = counts.get(node.node_id, 0)
    counts[node.node_id] = own + message.body["delta"]
    return {"type": "add_ok"}
    # END


@node.on("read")
def read(message):
    return {"type": "read_ok", "value": sum(counts.values())}


def merge(theirs):
    # GAP take over each count of `theirs` that is larger than the one known here
    for name, count in theirs.items():
        if count > counts.get(name, 0):
            counts[name] = count
    # END


# GAP every 0.2 seconds send all counts to every peer, and merge those that peers send
@node.every(0.2)
def gossip():
    for peer in node.peers:
        node.send(peer, {"type": "gossip", "counts": counts})


@node.on("gossip")
def hear(message):
    merge(message.body["counts"])


# END


if __name__ == "__main__":
    node.run()
