import asyncio
from collections import defaultdict

from glomers.kv import KV
from glomers.node import Node
from glomers.ring import HashRing

PATIENCE_S = 10  # longer than any client waits: whoever gives up first knows least
ANSWER_S = 4.9  # a client waits for 5 s and is gone: who answers later is not heard again
EMPTY = {"messages": [], "committed": -1}

node = Node()
kv = KV(node, "lin-kv", PATIENCE_S)
entries = {}  # of the keys owned here
locks = defaultdict(asyncio.Lock)


@node.on_init
def build_ring():
    global ring
    ring = HashRing(node.node_ids)


async def load(keys):
    """Have the entries of owned keys at hand; an earlier life may have left them in lin-kv."""
    unknown = [key for key in keys if key not in entries]
    found = await asyncio.gather(*[kv.read(key, EMPTY) for key in unknown])
    for key, entry in zip(unknown, found, strict=True):
        entries.setdefault(key, entry)


async def change(key, edit):
    """Apply `edit` to an owned entry, in lin-kv first and then here; returns the new entry."""
    async with locks[key]:
        while True:
            old = entries.get(key, EMPTY)
            new = {**old, **edit(old)}
            if new == old:
                return old
            if await kv.cas(key, old, new, create=True):
                entries[key] = new
                return new
            entries[key] = await kv.read(key)  # an earlier life, or another node, owned the key


async def ask_owners(body, field, arguments):
    """Send each owner the share of a request that is about its keys; yields mine and replies."""
    shares = defaultdict(dict)
    for key, argument in arguments.items():
        shares[ring.owner(key)][key] = argument
    mine = shares.pop(node.node_id, {})
    asked = [(peer, {**body, field: share}) for peer, share in shares.items()]
    requests = [node.rpc(peer, request, PATIENCE_S) for peer, request in asked]
    return mine, await asyncio.gather(*requests)


@node.on("send", ANSWER_S)
async def send(message):
    key, msg = message.body["key"], message.body["msg"]
    if ring.owner(key) != node.node_id:
        return await node.rpc(ring.owner(key), message.body, PATIENCE_S)
    entry = await change(key, lambda entry: {"messages": [*entry["messages"], msg]})
    return {"type": "send_ok", "offset": len(entry["messages"]) - 1}


@node.on("poll", ANSWER_S)
async def poll(message):
    mine, replies = await ask_owners({"type": "poll"}, "offsets", message.body["offsets"])
    await load(mine)
    polled = {key: list(enumerate(entries[key]["messages"]))[start:] for key, start in mine.items()}
    for reply in replies:
        polled |= reply["msgs"]
    return {"type": "poll_ok", "msgs": {key: news for key, news in polled.items() if news}}


@node.on("commit_offsets", ANSWER_S)
async def commit(message):
    offsets = message.body["offsets"]
    mine, _ = await ask_owners({"type": "commit_offsets"}, "offsets", offsets)
    for key, offset in mine.items():
        await change(key, lambda entry, to=offset: {"committed": max(entry["committed"], to)})
    return {"type": "commit_offsets_ok"}


@node.on("list_committed_offsets", ANSWER_S)
async def list_committed(message):
    keys = dict.fromkeys(message.body["keys"])
    mine, replies = await ask_owners({"type": "list_committed_offsets"}, "keys", keys)
    await load(mine)
    known = {key: entries[key]["committed"] for key in mine if entries[key]["committed"] >= 0}
    for reply in replies:
        known |= reply["offsets"]
    return {"type": "list_committed_offsets_ok", "offsets": known}


if __name__ == "__main__":
    node.run()
