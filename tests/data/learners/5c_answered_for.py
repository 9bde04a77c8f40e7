from collections import defaultdict

from glomers.node import Node, RPCError
from glomers.ring import HashRing

node = Node()
logs = defaultdict(list)  # of the keys that this node owns
committed = {}


@node.on_init
def build_ring():
    global ring
    ring = HashRing(node.node_ids)


async def ask_owners(kind, wanted):
    """Ask the owner of each key for its part of a request; both maps are by key."""
    shares = defaultdict(dict)
    for key, value in wanted.items():
        shares[ring.owner(key)][key] = value
    answers = {}
    for owner, share in shares.items():
        reply = await node.rpc(owner, {"type": kind, "share": share}, timeout_s=4)
        answers.update(reply["answers"])
    return answers


@node.on("send")
async def send(message):
    key = message.body["key"]
    owner = ring.owner(key)
    if owner != node.node_id:
        try:
            return await node.rpc(owner, message.body, timeout_s=1)
        except RPCError:
            pass  # then it is kept here
    logs[key].append(message.body["msg"])
    return {"type": "send_ok", "offset": len(logs[key]) - 1}


@node.on("poll")
async def poll(message):
    return {"type": "poll_ok", "msgs": await ask_owners("tail", message.body["offsets"])}


@node.on("tail")
def tail(message):
    """What a peer asks an owner for: the pairs [offset, message] of some logs."""
    tails = {}
    for key, first in message.body["share"].items():
        pairs = list(enumerate(logs[key]))
        tails[key] = pairs[first:]
    return {"type": "tail_ok", "answers": tails}


@node.on("commit_offsets")
async def commit(message):
    await ask_owners("mark", message.body["offsets"])
    return {"type": "commit_offsets_ok"}


@node.on("mark")
def mark(message):
    for key, offset in message.body["share"].items():
        committed[key] = max(offset, committed.get(key, 0))
    return {"type": "mark_ok", "answers": {}}


@node.on("list_committed_offsets")
async def list_committed(message):
    offsets = await ask_owners("marks", dict.fromkeys(message.body["keys"]))
    return {"type": "list_committed_offsets_ok", "offsets": offsets}


@node.on("marks")
def marks(message):
    known = {key: committed[key] for key in message.body["share"] if key in committed}
    return {"type": "marks_ok", "answers": known}


if __name__ == "__main__":
    node.run()
