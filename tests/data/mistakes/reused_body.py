from glomers.node import Node

node = Node()
seen = set()


@node.on("broadcast")
def broadcast(message):
    body = message.body
    seen.add(body["message"])
    body["type"] = "share"
    for peer in node.peers:
        node.send(peer, body)
    body["type"] = "broadcast_ok"
    return body


@node.on("share")
def share(message):
    seen.add(message.body["message"])


@node.on("read")
def read(message):
    return {"type": "read_ok", "messages": sorted(seen)}


@node.on("topology")
def topology(message):
    return {"type": "topology_ok"}


if __name__ == "__main__":
    node.run()
