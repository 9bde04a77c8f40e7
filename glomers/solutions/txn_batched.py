import time

from glomers.link import Link
from glomers.node import Node

INTERVAL_S = 0.1  # between batches: how long a write may wait before it travels

node = Node()
links = {}  # peer -> our end of the link to it
store = {}  # key -> (version, value); all writes of a transaction have its one version
clock = 0  # microseconds: at least the time of every version seen


@node.on_init
def connect():
    links.update({peer: Link() for peer in node.peers})


@node.on("txn")
def txn(message):
    writes, done = {}, []
    for f, key, value in message.body["txn"]:
        if f == "w":
            writes[key] = value  # for our own eyes until we commit
        done.append([f, key, writes[key] if key in writes else read(key)])
    if writes:
        stamp = tick()
        commit((stamp, node.node_id), writes.items())
        for link in links.values():
            link.push([stamp, list(writes.items())])
    return {"type": "txn_ok", "txn": done}


def read(key):
    return store[key][1] if key in store else None


def tick(seen=0):
    """Move the hybrid logical clock on: to the time of day, or past what it has seen."""
    global clock
    clock = max(clock + 1, seen, time.time_ns() // 1000)
    return clock


def commit(version, writes):
    """Make all writes of a transaction visible at once, where they are the latest of their key."""
    for key, value in writes:
        if key not in store or store[key][0] < version:
            store[key] = (version, value)


@node.every(INTERVAL_S)
def flush():
    for peer, link in links.items():
        batch = link.batch(time.monotonic())
        if batch:
            node.send(peer, {"type": "batch", **batch})


@node.on("batch")
def accept(message):
    for stamp, writes in links[message.src].accept(message.body, time.monotonic()):
        tick(seen=stamp)
        commit((stamp, message.src), writes)


if __name__ == "__main__":
    node.run()
