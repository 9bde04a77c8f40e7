from glomers.node import Node

node = Node()
seen = set()  # all values that were broadcast


@node.on("broadcast")
def broadcast(message):
    # GAP keep the value of the request, and acknowledge it with a broadcast_ok
    value = message.body["message"]
    seen.add(value)
    return {"type": "broadcast_ok"}
    # END


# GAP handle `read`: answer with a read_ok whose `messages` is a list of all values
@node.on("read")
def read(message):
    return {"type": "read_ok", "messages": sorted(seen)}


# END


@node.on("topology")
def topology(message):
    return {"type": "topology_ok"}


if __name__ == "__main__":
    node.run()
