from collections import defaultdict

from glomers.node import Node

node = Node()
logs = defaultdict(list)  # the messages of each key; an offset is a position
committed = {}


@node.on("send")
def send(message):
    log = logs[message.body["key"]]
    log.append(message.body["msg"])
    return {"type": "send_ok", "offset": len(log) - 1}


@node.on("poll")
def poll(message):
    offsets = message.body["offsets"]
    polled = {key: list(enumerate(logs[key]))[offset:] for key, offset in offsets.items()}
    return {"type": "poll_ok", "msgs": {key: news for key, news in polled.items() if news}}


@node.on("commit_offsets")
def commit(message):
    for key, offset in message.body["offsets"].items():
        committed[key] = max(offset, committed.get(key, 0))
    return {"type": "commit_offsets_ok"}


@node.on("list_committed_offsets")
def list_committed(message):
    known = {key: committed[key] for key in message.body["keys"] if key in committed}
    return {"type": "list_committed_offsets_ok", "offsets": known}


if __name__ == "__main__":
    node.run()
