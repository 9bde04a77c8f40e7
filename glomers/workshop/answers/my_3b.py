from glomers.node import Node

node = Node()
seen = set()


@node.on("broadcast")
def broadcast(message):
    value = message.body["message"]
    # GAP keep the value, and send every peer a message of a type of your own that has it
    seen.add(value)
    for peer in node.peers:
        node.send(peer, {"type": "share", "value": value})
    # END
    return {"type": "broadcast_ok"}


# GAP handle the messages that your node sends its peers: keep the value
@node.on("share")
def share(message):
    value = message.body["value"]
    seen.add(value)


# END


@node.on("read")
def read(message):
    return {"type": "read_ok", "messages": sorted(seen)}


@node.on("topology")
def topology(message):
    return {"type": "topology_ok"}


if __name__ == "__main__":
    node.run()
