import asyncio
import time

from glomers.node import Node, retry

PAUSE_S = 0  # between the operations of a transaction: as long as a slow store would take

node = Node()
versions = {}  # key -> its versions (arrival, stamp, value), as long as somebody may read them
arrived = 0  # how many commits there have been here
running = []  # of each transaction at work, how many of them it sees: its snapshot
clock = 0


@node.on("txn")
async def txn(message):
    snapshot, writes, done = arrived, {}, []
    running.append(snapshot)
    for f, key, value in message.body["txn"]:
        if f == "w":
            writes[key] = value  # for our own eyes until we commit
        done.append([f, key, writes[key] if key in writes else read(key, snapshot)])
        await asyncio.sleep(PAUSE_S)
    running.remove(snapshot)
    if writes:
        stamp = [tick(), node.node_id]
        commit(stamp, writes.items())
        for peer in node.peers:
            node.spawn(replicate(peer, stamp, list(writes.items())))
    return {"type": "txn_ok", "txn": done}


def read(key, snapshot):
    """The value of the latest version that the snapshot holds."""
    visible = [value for arrival, _, value in versions.get(key, []) if arrival <= snapshot]
    return visible[-1] if visible else None


def tick():
    """Move the hybrid logical clock on: to the time of day, unless it has seen a later one."""
    global clock
    clock = max(clock + 1, time.time_ns() // 1000)
    return clock


def commit(stamp, writes):
    """Make all writes of a transaction visible at once, to those that begin from now on."""
    global arrived, clock
    arrived, clock = arrived + 1, max(clock, stamp[0])
    oldest = min(running, default=arrived)
    for key, value in writes:
        line = versions.setdefault(key, [])
        if not line or line[-1][1] < stamp:  # else a later version is here already
            line.append((arrived, stamp, value))
        while len(line) > 1 and line[1][0] <= oldest:  # all that run see the one after the first
            line.pop(0)


async def replicate(peer, stamp, writes):
    await retry(lambda: node.rpc(peer, {"type": "commit", "stamp": stamp, "writes": writes}))


@node.on("commit")
def accept(message):
    commit(message.body["stamp"], message.body["writes"])
    return {"type": "commit_ok"}


if __name__ == "__main__":
    node.run()
