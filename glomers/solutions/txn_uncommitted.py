import asyncio
import time

from glomers.node import Node, retry

node = Node()
store = {}  # key -> (time, node, value): time and node tell which of two writes is later
lock = asyncio.Lock()
clock = time.time_ns() // 1000  # counts on from when this life began: the one before was behind


@node.on("txn")
async def txn(message):
    global clock
    async with lock:  # no write of another transaction between two of ours
        clock += 1
        done = [run(*operation) for operation in message.body["txn"]]
        writes = {key: store[key] for f, key, _ in done if f == "w"}
    for peer in node.peers if writes else []:
        node.spawn(replicate(peer, list(writes.items())))
    return {"type": "txn_ok", "txn": done}


def run(f, key, value):
    if f == "w":
        store[key] = (clock, node.node_id, value)
    return [f, key, store[key][2] if key in store else None]


async def replicate(peer, writes):
    await retry(lambda: node.rpc(peer, {"type": "replicate", "writes": writes}))


@node.on("replicate")
async def accept(message):
    global clock
    async with lock:
        for key, (time, writer, value) in message.body["writes"]:
            clock = max(clock, time)
            if key not in store or store[key][:2] < (time, writer):
                store[key] = (time, writer, value)
    return {"type": "replicate_ok"}


if __name__ == "__main__":
    node.run()
