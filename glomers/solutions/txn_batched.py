import time

from glomers.link import Links
from glomers.node import Node

INTERVAL_S = 0.1  # between batches: how long a write may wait before it travels

node = Node()
links = Links(node, "batch", lambda: [everything()])
store = {}  # key -> [version, value]; all writes of a transaction have its one version
clock = 0  # microseconds: at least the time of every version seen


@node.on_init
def connect():
    links.open(node.peers)


@node.on("txn")
def txn(message):
    writes, done = {}, []
    for f, key, value in message.body["txn"]:
        if f == "w":
            writes[key] = value  # for our own eyes until we commit
        done.append([f, key, writes[key] if key in writes else read(key)])
    if writes:
        version = [tick(), node.node_id]
        links.push(commit([[key, version, value] for key, value in writes.items()]))
    return {"type": "txn_ok", "txn": done}


def read(key):
    return store[key][1] if key in store else None


def tick():
    """Move the hybrid logical clock on: to the time of day, unless it has seen a later one."""
    global clock
    clock = max(clock + 1, time.time_ns() // 1000)
    return clock


def commit(writes):
    """Make all these writes visible at once that are the latest of their key; returns those."""
    global clock
    clock = max([clock, *[stamp for _, (stamp, _), _ in writes]])
    latest = [write for write in writes if write[0] not in store or store[write[0]][0] < write[1]]
    store.update({key: [version, value] for key, version, value in latest})
    return latest


def everything():
    return [[key, version, value] for key, (version, value) in store.items()]


@node.every(INTERVAL_S)
def flush():
    links.flush()


@node.on("batch")
def accept(message):
    for writes in links.accept(message):
        news = commit(writes)
        if others := [write for write in news if write[1][1] != message.src]:  # after a restart
            links.push(others, but=message.src)


if __name__ == "__main__":
    node.run()
