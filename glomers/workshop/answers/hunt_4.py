# BUG
from glomers.node import Node
# MENDED
import asyncio

from glomers.node import ErrorCode, Node, RPCError
# END

node = Node()
elements = set()


@node.on("add")
# BUG
def add(message):
    elements.add(message.body["element"])
    return {"type": "add_ok"}
# MENDED
async def add(message):
    elements.add(message.body["element"])
    copy = {"type": "copy", "element": message.body["element"]}
    asked = [asyncio.ensure_future(node.rpc(peer, copy)) for peer in node.peers]
    for answer in asyncio.as_completed(asked):
        try:
            await answer
        except RPCError:
            continue
        return {"type": "add_ok"}  # another node has it, too
    if node.peers:
        raise RPCError(ErrorCode.TIMEOUT, "nobody has confirmed it")
    return {"type": "add_ok"}


@node.on("copy")
def keep(message):
    elements.add(message.body["element"])
    return {"type": "copy_ok"}
# END


@node.every(interval_s=0.2)
def gossip():
    for peer in node.peers:
        node.send(peer, {"type": "gossip", "elements": sorted(elements)})


@node.on("gossip")
def hear(message):
    elements.update(message.body["elements"])


@node.on("read")
def read(message):
    return {"type": "read_ok", "value": sorted(elements)}


if __name__ == "__main__":
    node.run()
