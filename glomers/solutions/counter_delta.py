import time

from glomers.node import Node

node = Node()
counts = {}  # by node and life: what was added there, as far as is known here
known = {}  # the same, as far as each peer is known to know it
owed = {}  # what each peer has told, until that is acknowledged
lives = {}  # the life of each peer that was heard last
strides = []


@node.on_init
def begin():
    global life
    life = f"{node.node_id} {time.time_ns()}"
    counts[life] = 0
    doublings = [2**i for i in range((len(node.node_ids) - 1).bit_length())]
    strides.extend([*doublings, *[-stride for stride in doublings]])
    known.update({peer: {} for peer in node.peers})


def merge(mine, theirs):
    """The larger count of each life: counts only grow, so the larger one is the later one."""
    return {name: max(mine.get(name, 0), theirs.get(name, 0)) for name in {**mine, **theirs}}


@node.on("add")
def add(message):
    counts[life] += message.body["delta"]
    return {"type": "add_ok"}


@node.on("read")
def read(message):
    return {"type": "read_ok", "value": sum(counts.values())}


@node.every(interval_s=0.4)
def gossip():
    """Tell one peer what it is not known to know; every round another one."""
    if not strides:
        return
    strides.append(strides.pop(0))
    index = node.node_ids.index(node.node_id) + strides[-1]
    peer = node.node_ids[index % len(node.node_ids)]
    news = {name: count for name, count in counts.items() if count > known[peer].get(name, -1)}
    if news or peer in owed:
        told = {"life": life, "counts": news, "ack": owed.pop(peer, {})}
        node.send(peer, {"type": "gossip", **told})


@node.on("gossip")
def hear(message):
    peer, theirs = message.src, message.body["counts"]
    counts.update(merge(counts, theirs))
    if lives.get(peer) == message.body["life"]:
        known[peer] = merge(known[peer], merge(theirs, message.body["ack"]))
    else:  # it may have begun anew, and then it knows nothing
        lives[peer], known[peer] = message.body["life"], {}
    if theirs:
        owed[peer] = merge(owed.get(peer, {}), theirs)


if __name__ == "__main__":
    node.run()
