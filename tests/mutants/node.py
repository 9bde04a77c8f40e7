"""A node for every workload, right by itself and wrong in the way that its second argument names.

`-w broadcast --bin tests/mutants/node.py … -- broadcast forgets` runs the mutant `forgets`.  State
is shared by telling all of it to everybody, again and again, so that the right node survives
partitions.
"""

import asyncio
import random
import sys
import time
from collections import defaultdict

from glomers.kv import KV
from glomers.node import ErrorCode, Node, RPCError

WORKLOAD, MUTATION = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else ""

node = Node()
lin_kv = KV(node, "lin-kv")
requests = 0
chances = defaultdict(int)


def mutant(name):
    return name == MUTATION


def now_and_then(name, every=10):
    """Whether this request is one of those that the mutant `name` gets wrong."""
    chances[name] += 1
    return mutant(name) and chances[name] % every == 0


# echo

last_text = ""


@node.on("echo")
def echo(message):
    global last_text
    text = message.body["echo"]
    said, last_text = (last_text if mutant("previous") else text), text
    kind = "echo" if mutant("wrong-type") else "echo_ok"
    return {"type": kind, "echo": said.upper() if now_and_then("loud") else said}


# unique-ids

born = time.time_ns()


@node.on("generate")
def generate(message):
    global requests
    requests += 1
    if mutant("counts"):
        return {"type": "generate_ok", "id": requests}
    if mutant("short"):
        return {"type": "generate_ok", "id": random.getrandbits(10)}
    if mutant("repeats"):
        return {"type": "generate_ok", "id": f"{node.node_id}-{requests // 2}"}
    return {"type": "generate_ok", "id": f"{node.node_id}-{born}-{requests}"}


# broadcast, g-set

elements = set()


@node.on("topology")
def topology(message):
    return {"type": "topology_ok"}


@node.on("broadcast")
def broadcast(message):
    add_element(message.body["message"])
    return {"type": "broadcast_ok"}


def add_element(element):
    if now_and_then("drops", 5):
        return
    elements.add(element)
    if mutant("forgets") and element % 7 == 0:
        asyncio.get_running_loop().call_later(1.0, elements.discard, element)
    if mutant("tells-once"):
        share()


# g-counter, pn-counter

counts = defaultdict(lambda: [0, 0])  # of each node: what was added, what was taken away


def add_delta(delta):
    if now_and_then("loses"):
        return
    own = counts[node.node_id]
    times = 2 if now_and_then("doubles") else 1
    own[delta < 0] += times * abs(delta)


@node.on("add")
def add(message):
    if "element" in message.body:
        add_element(message.body["element"])
    else:
        add_delta(message.body["delta"])
    return {"type": "add_ok"}


# What elements and counts have in common: everybody tells everybody everything.


@node.every(0.1)
def gossip():
    if not mutant("deaf") and not mutant("tells-once"):
        share()


def share():
    for peer in node.peers:
        node.send(peer, {"type": "state", "elements": sorted(elements), "counts": counts})


@node.on("state")
def hear(message):
    if not mutant("forgets"):
        elements.update(message.body["elements"])
    else:
        elements.update(e for e in message.body["elements"] if e % 7)
    for name, (more, less) in message.body["counts"].items():
        known = counts[name]
        counts[name] = [max(known[0], more), max(known[1], less)]


# read: of a set, a broadcast, a counter, or a key


@node.on("read")
async def read(message):
    if "key" in message.body:
        return {"type": "read_ok", "value": await read_key(message.body["key"])}
    if WORKLOAD == "broadcast":
        return {"type": "read_ok", "messages": sorted(elements)}
    total = sum(more - less for more, less in counts.values())
    return {"type": "read_ok", "value": sorted(elements) if WORKLOAD == "g-set" else total}


# lin-kv

cache = {}


async def read_key(key):
    if mutant("caches") and key in cache and random.random() < 0.5:
        return cache[key]
    if mutant("local"):
        return cache.get(key)
    cache[key] = await lin_kv.read(key)
    return cache[key]


@node.on("write")
async def write(message):
    key, value = message.body["key"], message.body["value"]
    cache[key] = value
    if not mutant("local") and not now_and_then("drops-writes", 4):
        await lin_kv.write(key, value)
    return {"type": "write_ok"}


@node.on("cas")
async def cas(message):
    key, old, new = (message.body[name] for name in ("key", "from", "to"))
    if mutant("unchecked"):
        await lin_kv.write(key, new)
    elif mutant("local"):
        raise RPCError(ErrorCode.PRECONDITION_FAILED, "not here")
    elif not await lin_kv.cas(key, old, new):
        raise RPCError(ErrorCode.PRECONDITION_FAILED, "another value")
    return {"type": "cas_ok"}


# kafka

logs = defaultdict(list)
committed = {}


@node.on("send")
async def send(message):
    log = logs[message.body["key"]]
    offset = len(log)
    if mutant("torn-offsets"):
        await asyncio.sleep(0.005)
    if not now_and_then("loses-messages"):
        log.append(message.body["msg"])
    elif log:
        log.append(log[-1])
    return {"type": "send_ok", "offset": offset}


@node.on("poll")
def poll(message):
    polled = {}
    for key, first in message.body["offsets"].items():
        pairs = list(enumerate(logs[key]))[first:]
        if mutant("skips"):
            pairs = [pair for pair in pairs if pair[0] % 4 != 1]
        if mutant("backwards"):
            pairs = pairs[::-1]
        if pairs:
            polled[key] = pairs
    return {"type": "poll_ok", "msgs": polled}


@node.on("commit_offsets")
def commit(message):
    for key, offset in message.body["offsets"].items():
        committed[key] = max(offset, committed.get(key, 0))
    return {"type": "commit_offsets_ok"}


@node.on("list_committed_offsets")
def list_committed(message):
    known = {key: committed[key] for key in message.body["keys"] if key in committed}
    return {"type": "list_committed_offsets_ok", "offsets": known}


# transactions

store = {}


@node.on("txn")
async def txn(message):
    done, before = [], dict(store)
    for f, key, value in message.body["txn"]:
        if f == "w":
            store[key] = value
        elif f == "append" and not now_and_then("loses-appends"):
            store[key] = [*store.get(key, []), value]
        seen = before.get(key) if mutant("blind") else store.get(key)
        if mutant("shuffles") and f == "r" and seen:
            seen = sorted(seen, key=lambda _: random.random())
        done.append([f, key, seen if f == "r" else value])
        if mutant("torn"):
            await asyncio.sleep(0.002)
    if now_and_then("aborts"):
        raise RPCError(ErrorCode.ABORT, "the transaction was aborted")
    return {"type": "txn_ok", "txn": done}


if __name__ == "__main__":
    node.run()
