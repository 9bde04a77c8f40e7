import asyncio
from itertools import takewhile

from glomers.kv import KV
from glomers.node import Node

node = Node()
kv = KV(node, "lin-kv", timeout_s=10)
kept = {}  # messages that were read or written here: an offset never gets another one


@node.on("send")
async def send(message):
    key, msg = message.body["key"], message.body["msg"]
    length = await kv.update(f"length {key}", lambda length: length + 1, default=0)
    offset = length - 1
    node.spawn(kv.write(f"message {key} {offset}", msg))
    kept[key, offset] = msg
    return {"type": "send_ok", "offset": offset}


@node.on("poll")
async def poll(message):
    offsets = message.body["offsets"]
    found = await asyncio.gather(*[read_from(key, first) for key, first in offsets.items()])
    return {"type": "poll_ok", "msgs": dict(zip(offsets, found, strict=True))}


async def read_from(key, first):
    """The pairs [offset, message] of a log, from an offset on."""
    length = await kv.read(f"length {key}", default=0)
    fetched = [fetch(key, offset) for offset in range(first, length)]
    messages = await asyncio.gather(*fetched)
    written = takewhile(lambda msg: msg is not None, messages)
    return list(enumerate(written, first))


async def fetch(key, offset):
    """The message at an offset, or None; what has been read once is not asked for again."""
    if (key, offset) not in kept:
        msg = await kv.read(f"message {key} {offset}", default=None)
        if msg is None:
            return None
        kept[key, offset] = msg
    return kept[key, offset]


@node.on("commit_offsets")
async def commit(message):
    offsets = message.body["offsets"]
    await asyncio.gather(*[commit_key(key, offset) for key, offset in offsets.items()])
    return {"type": "commit_offsets_ok"}


async def commit_key(key, offset):
    while (known := await kv.read(f"committed {key}", default=-1)) < offset:
        if await kv.cas(f"committed {key}", known, offset, create=True):
            return


@node.on("list_committed_offsets")
async def list_committed(message):
    keys = message.body["keys"]
    found = await asyncio.gather(*[kv.read(f"committed {key}", default=None) for key in keys])
    known = {key: offset for key, offset in zip(keys, found, strict=True) if offset is not None}
    return {"type": "list_committed_offsets_ok", "offsets": known}


if __name__ == "__main__":
    node.run()
