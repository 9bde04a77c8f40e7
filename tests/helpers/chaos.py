"""A node that reads every clock and rolls every die that Python has."""

CHAOS = """
import asyncio
import datetime
import os
import random
import secrets
import time
import uuid

from glomers.node import Node

node = Node()
seen = set()


@node.on("topology")
def topology(message):
    return {"type": "topology_ok"}


@node.on("broadcast")
async def broadcast(message):
    seen.add(message.body["message"])
    mood = {
        "type": "gossip",
        "message": message.body["message"],
        "stamps": [time.time(), time.monotonic_ns(), str(datetime.datetime.now())],
        "dice": [random.random(), random.Random().random(), secrets.token_hex(4)],
        "rare": [time.clock_gettime(time.CLOCK_REALTIME), time.asctime(), os.getrandom(4).hex()],
        "ids": [str(uuid.uuid4()), str(uuid.uuid1()), os.urandom(8).hex()],
        "set": list({"a", "b", "c", str(time.time_ns())}),
        "hash": hash("word"),
        "object": hash(object()) * 0,
    }
    await asyncio.sleep(random.expovariate(100))
    tasks = {asyncio.ensure_future(node.rpc(peer, mood)) for peer in node.peers}
    for task in tasks:
        task.cancel() if random.random() < 0.1 else None
    await asyncio.wait(tasks)
    return {"type": "broadcast_ok"}


@node.on("gossip")
def gossip(message):
    seen.add(message.body["message"])
    return {"type": "gossip_ok"}


@node.on("read")
def read(message):
    return {"type": "read_ok", "messages": list(seen)}


if __name__ == "__main__":
    node.run()
"""
