import time

from glomers.link import Links
from glomers.node import Node

INTERVAL_S = 0.1  # between batches: how long a write may wait before it travels

node = Node()
links = Links(node, "batch", lambda: [everything()])
store = {}  # key -> [version, value]; all writes of a transaction have its one version
clock = 0  # microseconds: at least the time of every version seen
known = {}  # by node and life: how many of its transactions are in our store
news = {}  # the part of `known` that has changed since our own last transaction
waiting = []  # transactions that have arrived and wait for what they depend on


@node.on_init
def connect():
    global life
    life = f"{node.node_id} {time.time_ns()}"
    links.open(node.peers)


@node.on("txn")
def txn(message):
    writes, done = {}, []
    for f, key, value in message.body["txn"]:
        if f == "w":
            writes[key] = value  # for our own eyes until we commit
        done.append([f, key, writes[key] if key in writes else read(key)])
    if writes:
        version, number = [tick(), node.node_id], known.get(life, 0) + 1
        item = {"after": {**news}, "known": {life: number}, "spread": False}
        item["writes"] = [[key, version, value] for key, value in writes.items()]
        news.clear()
        take(item)
        links.push(item)
    return {"type": "txn_ok", "txn": done}


def read(key):
    return store[key][1] if key in store else None


def tick():
    """Move the hybrid logical clock on: to the time of day, unless it has seen a later one."""
    global clock
    clock = max(clock + 1, time.time_ns() // 1000)
    return clock


def everything():
    writes = [[key, version, value] for key, (version, value) in store.items()]
    return {"after": {}, "known": {**known}, "writes": writes, "spread": True}


def take(item):
    """Commit a transaction, or the store of a peer, if all that it depends on is here."""
    if any(known.get(name, 0) < count for name, count in item["after"].items()):
        return False
    commit(item["writes"])
    raised = {name: count for name, count in item["known"].items() if known.get(name, 0) < count}
    known.update(raised)
    news.update(raised)
    if raised and item["spread"]:
        links.push(item)
    return True


def commit(writes):
    """Make all these writes visible at once that are the latest of their key; returns those."""
    global clock
    clock = max([clock, *[stamp for _, (stamp, _), _ in writes]])
    latest = [write for write in writes if write[0] not in store or store[write[0]][0] < write[1]]
    store.update({key: [version, value] for key, version, value in latest})
    return latest


@node.every(INTERVAL_S)
def flush():
    links.flush()


@node.on("batch")
def accept(message):
    global waiting
    waiting += links.accept(message)
    before = None
    while before != len(waiting):  # one may have waited for another
        before = len(waiting)
        waiting = [item for item in waiting if not take(item)]
    for item in waiting:
        item["spread"] = True  # when it is committed its node may be no more: others may lack it


if __name__ == "__main__":
    node.run()
