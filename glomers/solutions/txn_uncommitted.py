import asyncio

from glomers.node import Node, retry

node = Node()
store = {}  # key -> ((time, node), value): the version tells which of two writes is later
lock = asyncio.Lock()
clock = 0


@node.on("txn")
async def txn(message):
    async with lock:  # one transaction at a time: no write of another between two of ours
        done = [run(*operation) for operation in message.body["txn"]]
        written = {key: store[key] for f, key, _ in done if f == "w"}
    if written:
        for peer in node.peers:
            node.spawn(replicate(peer, list(written.items())))
    return {"type": "txn_ok", "txn": done}


def run(f, key, value):
    global clock
    if f == "w":
        clock += 1
        store[key] = ((clock, node.node_id), value)
    return [f, key, store[key][1] if key in store else None]


async def replicate(peer, writes):
    await retry(lambda: node.rpc(peer, {"type": "replicate", "writes": writes}))


@node.on("replicate")
async def accept(message):
    global clock
    async with lock:
        for key, ((time, writer), value) in message.body["writes"]:
            clock = max(clock, time)
            if key not in store or store[key][0] < (time, writer):
                store[key] = ((time, writer), value)
    return {"type": "replicate_ok"}


if __name__ == "__main__":
    node.run()
