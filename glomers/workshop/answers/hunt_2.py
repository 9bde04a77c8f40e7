from collections import defaultdict

from glomers.node import Node

node = Node()
elements, told = set(), []  # all that is known; what clients told this node, in order
has = defaultdict(int)  # how many of the latter each peer has


@node.on("add")
def add(message):
    elements.add(message.body["element"])
    told.append(message.body["element"])
    for peer in node.peers:
        tell(peer, len(told) - 1)
    return {"type": "add_ok"}


def tell(peer, first):
    for number in range(first, len(told)):
        node.send(peer, {"type": "tell", "number": number, "element": told[number]})


@node.every(interval_s=0.5)
def repeat():
    for peer in node.peers:
        tell(peer, has[peer])


@node.on("tell")
def hear(message):
    elements.add(message.body["element"])
    return {"type": "tell_ok", "number": message.body["number"]}


@node.on("tell_ok")
def confirm(message):
    # BUG
    has[message.src] = max(has[message.src], message.body["number"] + 1)
    # MENDED
    if message.body["number"] == has[message.src]:  # else one before it is not confirmed yet
        has[message.src] += 1
    # END


@node.on("read")
def read(message):
    return {"type": "read_ok", "value": sorted(elements)}


if __name__ == "__main__":
    node.run()
