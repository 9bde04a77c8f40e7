"""Commits one write after the other: half a transaction is seen, which read committed allows.

A circle (G1c) cannot come of it: whoever has read a write of a transaction gets a later stamp.
"""

import asyncio

from glomers.node import Node, retry

PAUSE_S = 0.001  # between two operations: other transactions run meanwhile

node = Node()
store = {}  # key -> [stamp, value]; a stamp is [time, name of the node]
clock = 0


@node.on("txn")
async def txn(message):
    done, writes = [], {}
    for f, key, value in message.body["txn"]:
        if f == "w":
            writes[key] = value
        else:
            value = writes[key] if key in writes else committed(key)
        done.append([f, key, value])
        await asyncio.sleep(PAUSE_S)
    if writes:
        stamp = [clock + 1, node.node_id]
        await commit(stamp, writes.items())
        for peer in node.peers:
            node.spawn(deliver(peer, stamp, [*writes.items()]))
    return {"type": "txn_ok", "txn": done}


def committed(key):
    return store[key][1] if key in store else None


async def commit(stamp, writes):
    """Make all writes of a transaction visible at once."""
    global clock
    clock = max(clock, stamp[0])
    for key, value in writes:
        if key not in store or store[key][0] < stamp:
            store[key] = [stamp, value]
        await asyncio.sleep(PAUSE_S)


async def deliver(peer, stamp, writes):
    await retry(lambda: node.rpc(peer, {"type": "commit", "stamp": stamp, "writes": writes}))


@node.on("commit")
async def accept(message):
    await commit(message.body["stamp"], message.body["writes"])
    return {"type": "commit_ok"}


if __name__ == "__main__":
    node.run()
