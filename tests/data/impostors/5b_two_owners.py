"""Leaves even keys to the first node and odd ones to the second: a third owns nothing, and asks."""

from collections import defaultdict

from glomers.node import Node

node = Node()
logs = defaultdict(list)
committed = {}


def owner_of(key):
    return node.node_ids[int(key) % 2]


async def passed_on(message, key, answer):
    if owner_of(key) == node.node_id:
        return answer()
    return await node.rpc(owner_of(key), message.body, timeout_s=4)


@node.on("send")
async def send(message):
    key = message.body["key"]

    def append():
        logs[key].append(message.body["msg"])
        return {"type": "send_ok", "offset": len(logs[key]) - 1}

    return await passed_on(message, key, append)


@node.on("poll")
async def poll(message):
    msgs = {}
    for key, first in message.body["offsets"].items():
        if owner_of(key) == node.node_id:
            msgs[key] = list(enumerate(logs[key]))[first:]
        else:
            body = {"type": "poll", "offsets": {key: first}}
            msgs |= (await node.rpc(owner_of(key), body, timeout_s=4))["msgs"]
    return {"type": "poll_ok", "msgs": {key: pairs for key, pairs in msgs.items() if pairs}}


@node.on("commit_offsets")
def commit(message):
    committed.update(message.body["offsets"])
    return {"type": "commit_offsets_ok"}


@node.on("list_committed_offsets")
def list_committed(message):
    known = {key: committed[key] for key in message.body["keys"] if key in committed}
    return {"type": "list_committed_offsets_ok", "offsets": known}


if __name__ == "__main__":
    node.run()
