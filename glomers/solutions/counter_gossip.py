import time

from glomers.node import Node

node = Node()
counts = {}  # by node and life: what was added there, as far as is known here


@node.on_init
def begin():
    global life
    life = f"{node.node_id} {time.time_ns()}"
    counts[life] = 0


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


@node.every(interval_s=0.2)
def gossip():
    for peer in node.peers:
        node.send(peer, {"type": "gossip", "counts": counts})


@node.on("gossip")
def hear(message):
    counts.update(merge(counts, message.body["counts"]))


if __name__ == "__main__":
    node.run()
