from collections import defaultdict

from glomers.node import Node

node = Node()
logs = defaultdict(list)  # the messages of each key; an offset is a position in its list
committed = {}


@node.on("send")
def send(message):
    log = logs[message.body["key"]]
    log.append(message.body["msg"])
    offset = len(log) - 1
    return {"type": "send_ok", "offset": offset}


@node.on("poll")
def poll(message):
    msgs = {}
    for key, first in message.body["offsets"].items():
        pairs = list(enumerate(logs[key]))
        msgs[key] = pairs[first:]
    return {"type": "poll_ok", "msgs": msgs}


@node.on("commit_offsets")
def commit(message):
    return {"type": "commit_offsets_ok"}


@node.on("list_committed_offsets")
def list_committed(message):
    offsets = {key: committed[key] for key in message.body["keys"] if key in committed}
    return {"type": "list_committed_offsets_ok", "offsets": offsets}


if __name__ == "__main__":
    node.run()
