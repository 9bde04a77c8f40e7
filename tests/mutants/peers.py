"""A node that asks and tells its peers, right by itself, wrong as its second argument names.

Where `node.py` tells everybody everything again and again, this one tells news once, with
retries until it is acknowledged, and leaves keys to one owner: the mistakes are those of messages
that are lost, late, or there twice.  `-- g-counter recounts` runs the mutant `recounts`.
"""

import asyncio
import sys
from collections import defaultdict

from glomers.node import ErrorCode, Node, RPCError

WORKLOAD, MUTATION = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else ""
RETRY_S = 0.3

node = Node()
elements = set()
total = 0
seen = set()  # the news that have been taken in
clock = 0


def mutant(*names):
    return MUTATION in names


def owner_of(key):
    return node.node_ids[int(key) % len(node.node_ids)]


# News: told to all peers, taken in once.


def tell(news):
    """Take news in, and tell all peers."""
    global clock
    clock += 1
    identity = f"{node.node_id}-{clock}"
    take_in(identity, news)
    for peer in [] if mutant("alone") else node.peers:
        node.spawn(tell_peer(peer, {"type": "news", "id": identity, **news}))


async def tell_peer(peer, body):
    while True:
        try:
            return await node.rpc(peer, body, RETRY_S)
        except RPCError:
            if mutant("gives-up"):
                return None


def take_in(identity, news):
    global total
    if identity in seen and not mutant("recounts"):
        return
    seen.add(identity)
    if "element" in news:
        elements.add(news["element"])
    total += news.get("delta", 0)
    for key, value, *stamp in news.get("writes", []):
        if key not in store or mutant("as-they-come") or store[key][1] < stamp:
            store[key] = (value, stamp)


@node.on("news")
def hear(message):
    global clock
    clock = max(clock, message.body.get("time", 0))
    take_in(message.body["id"], message.body)
    return {"type": "news_ok"}


# broadcast, g-set, counters


@node.on("topology")
def topology(message):
    return {"type": "topology_ok"}


@node.on("broadcast")
def broadcast(message):
    tell({"element": message.body["message"]})
    return {"type": "broadcast_ok"}


@node.on("add")
def add(message):
    tell({name: message.body[name] for name in ("element", "delta") if name in message.body})
    return {"type": "add_ok"}


@node.on("read")
async def read(message):
    if WORKLOAD == "lin-kv":
        return await ask_owner(message)
    if WORKLOAD == "broadcast":
        return {"type": "read_ok", "messages": sorted(elements)}
    return {"type": "read_ok", "value": sorted(elements) if WORKLOAD == "g-set" else total}


# lin-kv: a key has one owner, whom the others ask.

registers = {}
cache = {}  # what the owners of other keys answered last


@node.on("write")
@node.on("cas")
async def ask_owner(message):
    body = {name: value for name, value in message.body.items() if name != "msg_id"}
    owner = owner_of(body["key"])
    if owner == node.node_id:
        return carry_out(body)
    try:
        answer = await node.rpc(owner, {"type": "own", "request": body}, RETRY_S)
    except RPCError:
        if mutant("stale") and body["type"] == "read" and body["key"] in cache:
            return {"type": "read_ok", "value": cache[body["key"]]}
        raise RPCError(ErrorCode.TIMEOUT, "the owner does not answer") from None
    if "value" in answer["answer"]:
        cache[body["key"]] = answer["answer"]["value"]
    return answer["answer"]


@node.on("own")
def own(message):
    return {"type": "own_ok", "answer": carry_out(message.body["request"])}


def carry_out(request):
    f, key = request["type"], request["key"]
    if f == "write":
        registers[key] = request["value"]
        return {"type": "write_ok"}
    if key not in registers:
        return {"type": "error", "code": 20, "text": "there is no such key"}
    if f == "read":
        return {"type": "read_ok", "value": registers[key]}
    if registers[key] != request["from"]:
        return {"type": "error", "code": 22, "text": "it has another value"}
    registers[key] = request["to"]
    return {"type": "cas_ok"}


# kafka: a log has one owner, to whom the others forward messages.

logs = defaultdict(list)
offsets = {}  # of messages that were forwarded, by their identity
committed = {}


@node.on("send")
async def send(message):
    global clock
    key, msg = message.body["key"], message.body["msg"]
    clock += 1
    body = {"type": "append", "key": key, "msg": msg, "id": f"{node.node_id}-{clock}"}
    if owner_of(key) == node.node_id:
        return {"type": "send_ok", "offset": append(body)}
    if mutant("acks-early"):
        node.spawn(node.rpc(owner_of(key), body, RETRY_S))
        return {"type": "send_ok", "offset": clock}
    answer = await tell_peer(owner_of(key), body)
    if answer is None:
        raise RPCError(ErrorCode.TIMEOUT, "the owner does not answer")
    return {"type": "send_ok", "offset": answer["offset"]}


@node.on("append")
def take_message(message):
    return {"type": "append_ok", "offset": append(message.body)}


def append(body):
    if body["id"] not in offsets or mutant("resends"):
        offsets[body["id"]] = len(logs[body["key"]])
        logs[body["key"]].append(body["msg"])
    return offsets[body["id"]]


@node.on("poll")
async def poll(message):
    polled = {}
    for key, first in message.body["offsets"].items():
        if owner_of(key) == node.node_id:
            pairs = list(enumerate(logs[key]))[first:]
            polled[key] = pairs[:-1] if mutant("hides-last") else pairs
        elif "asked" not in message.body:
            body = {"type": "poll", "offsets": {key: first}, "asked": True}
            polled |= (await node.rpc(owner_of(key), body, RETRY_S))["msgs"]
    return {"type": "poll_ok", "msgs": {key: pairs for key, pairs in polled.items() if pairs}}


@node.on("commit_offsets")
def commit(message):
    for key, offset in message.body["offsets"].items():
        committed[key] = max(offset, committed.get(key, 0))
    return {"type": "commit_offsets_ok"}


@node.on("list_committed_offsets")
def list_committed(message):
    known = {key: committed[key] for key in message.body["keys"] if key in committed}
    return {"type": "list_committed_offsets_ok", "offsets": known}


# transactions over registers: carried out here at once, and told the others as news.

store = {}  # of each key: the value, and when and where it was written


@node.on("txn")
async def txn(message):
    done, writes = [], {}
    for f, key, value in message.body["txn"]:
        if f == "w":
            stamp = [clock + 1, node.node_id]
            writes[key] = [key, value, *stamp]
            done.append([f, key, value])
        else:
            known = writes[key][1] if key in writes else store.get(key, (None,))[0]
            done.append([f, key, known])
    if writes and mutant("forgets-own"):
        asyncio.get_running_loop().call_later(0.05, publish, [*writes.values()])
    elif writes:
        publish([*writes.values()])
    return {"type": "txn_ok", "txn": done}


def publish(writes):
    tell({"writes": writes, "time": clock + 1})


if __name__ == "__main__":
    node.run()
