import asyncio

from glomers.node import Node, retry

node = Node()
store = {}  # key -> [stamp, value]; a stamp is [time, name of the node]
clock = 0  # counts transactions: larger than the time of every stamp seen


@node.on("txn")
async def txn(message):
    global clock
    clock += 1
    stamp = [clock, node.node_id]  # one for the whole transaction
    done, writes = [], {}
    for f, key, value in message.body["txn"]:
        if f == "w":
            store[key] = [stamp, value]
            writes[key] = [key, stamp, value]
        await asyncio.sleep(0.001)
        done.append([f, key, store[key][1] if key in store else None])
    if writes:
        body = {"type": "copy", "writes": [*writes.values()]}
        for peer in node.peers:
            node.spawn(deliver(peer, body))
    return {"type": "txn_ok", "txn": done}


async def deliver(peer, body):
    await retry(lambda: node.rpc(peer, body))


@node.on("copy")
def accept(message):
    global clock
    for key, stamp, value in message.body["writes"]:
        clock = max(clock, stamp[0])
        if key not in store or store[key][0] < stamp:
            store[key] = [stamp, value]
    return {"type": "copy_ok"}


if __name__ == "__main__":
    node.run()
