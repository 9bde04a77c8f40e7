import time
from collections import deque

from glomers.link import Link
from glomers.node import Node

INTERVAL_S = 0.1  # between batches: how long a write may wait before it travels

node = Node()
links = {}  # peer -> our end of the link to it
store = {}  # key -> (version, value); all writes of a transaction have its one version
clock = 0  # microseconds: at least the time of every version seen
known = {}  # peer -> how many of its transactions are in our store
news = {}  # the part of `known` that has changed since our own last transaction
waiting = {}  # peer -> its transactions that have arrived and wait for what they depend on


@node.on_init
def connect():
    for peer in node.peers:
        links[peer], known[peer], waiting[peer] = Link(), 0, deque()


@node.on("txn")
def txn(message):
    writes, done = {}, []
    for f, key, value in message.body["txn"]:
        if f == "w":
            writes[key] = value  # for our own eyes until we commit
        done.append([f, key, writes[key] if key in writes else read(key)])
    if writes:
        share(tick(), list(writes.items()))
    return {"type": "txn_ok", "txn": done}


def read(key):
    return store[key][1] if key in store else None


def tick(seen=0):
    """Move the hybrid logical clock on: to the time of day, or past what it has seen."""
    global clock
    clock = max(clock + 1, seen, time.time_ns() // 1000)
    return clock


def share(stamp, writes):
    """Commit here, and let the peers commit after everything that we have committed before."""
    commit((stamp, node.node_id), writes)
    for link in links.values():
        link.push([stamp, dict(news), writes])
    news.clear()


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
    waiting[message.src] += links[message.src].accept(message.body, time.monotonic())
    while any(commit_next(peer) for peer in waiting):
        pass


def commit_next(peer):
    """Commit the oldest waiting transaction of `peer`, if all that it depends on is here."""
    if not waiting[peer]:
        return False
    stamp, after, writes = waiting[peer][0]
    if any(known[other] < count for other, count in after.items() if other != node.node_id):
        return False
    waiting[peer].popleft()
    tick(seen=stamp)
    commit((stamp, peer), writes)
    known[peer] = news[peer] = known[peer] + 1
    return True


if __name__ == "__main__":
    node.run()
