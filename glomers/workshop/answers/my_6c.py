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
        commit(stamp, writes.items())
        for peer in node.peers:
            node.spawn(deliver(peer, stamp, [*writes.items()]))
    return {"type": "txn_ok", "txn": done}


def committed(key):
    return store[key][1] if key in store else None


def commit(stamp, writes):
    """Make all writes of a transaction visible at once."""
    global clock
    clock = max(clock, stamp[0])
    for key, value in writes:
        if key not in store or store[key][0] < stamp:
            store[key] = [stamp, value]


async def deliver(peer, stamp, writes):
    await retry(lambda: node.rpc(peer, {"type": "commit", "stamp": stamp, "writes": writes}))


@node.on("commit")
def accept(message):
    commit(message.body["stamp"], message.body["writes"])
    return {"type": "commit_ok"}


if __name__ == "__main__":
    node.run()
