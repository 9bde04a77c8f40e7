import asyncio
import time
from itertools import takewhile

from glomers.kv import KV
from glomers.node import Node

PATIENCE_S = 2  # how long a reader leaves an offset to the node that took it

node = Node()
kv = KV(node, "lin-kv", timeout_s=10)  # a send that gives up leaves an empty offset behind
known = {}  # [message] by key and offset, or []: what is written once may be kept for ever
gaps = {}  # when each empty offset was first seen


@node.on("send")
async def send(message):
    key, msg = message.body["key"], message.body["msg"]
    while True:
        length = await kv.update(f"latest {key}", lambda length: length + 1, default=0)
        if await fill(key, length - 1, [msg]):  # else a reader took us for dead
            return {"type": "send_ok", "offset": length - 1}


async def fill(key, offset, entry):
    """Put a message, or none, where nothing is yet; whoever comes second is refused."""
    is_first = await kv.cas(f"message {key} {offset}", None, entry, create=True)
    if is_first:
        known[key, offset] = entry
    return is_first


@node.on("poll")
async def poll(message):
    offsets = message.body["offsets"]
    polled = await asyncio.gather(*[poll_key(key, first) for key, first in offsets.items()])
    news = {key: messages for key, messages in zip(offsets, polled, strict=True) if messages}
    return {"type": "poll_ok", "msgs": news}


async def poll_key(key, first):
    """Messages up to the first gap: an offset may be taken while its message is still written."""
    length = await kv.read(f"latest {key}", default=0)
    offsets = range(first, length)
    await asyncio.gather(*[fetch(key, at) for at in offsets if (key, at) not in known])
    found = [known.get((key, at)) for at in offsets]
    entries = takewhile(lambda entry: entry is not None, found)
    return [[offset, message] for offset, entry in enumerate(entries, first) for message in entry]


async def fetch(key, offset):
    entry, now_s = await kv.read(f"message {key} {offset}", default=None), time.monotonic()
    if entry is not None:
        known[key, offset] = entry
    elif now_s - gaps.setdefault((key, offset), now_s) > PATIENCE_S:
        await fill(key, offset, [])


@node.on("commit_offsets")
async def commit(message):
    offsets = message.body["offsets"]
    await asyncio.gather(*[commit_key(key, offset) for key, offset in offsets.items()])
    return {"type": "commit_offsets_ok"}


async def commit_key(key, offset):
    """Committed offsets only grow, whoever is faster."""
    while (old := await kv.read(f"committed {key}", default=-1)) < offset:
        if await kv.cas(f"committed {key}", old, offset, create=True):
            return


@node.on("list_committed_offsets")
async def list_committed(message):
    keys = message.body["keys"]
    found = await asyncio.gather(*[kv.read(f"committed {key}", default=None) for key in keys])
    offsets = {key: found for key, found in zip(keys, found, strict=True) if found is not None}
    return {"type": "list_committed_offsets_ok", "offsets": offsets}


if __name__ == "__main__":
    node.run()
