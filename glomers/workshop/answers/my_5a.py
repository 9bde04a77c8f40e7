from collections import defaultdict

from glomers.node import Node

node = Node()
logs = defaultdict(list)  # the messages of each key; an offset is a position in its list
committed = {}


@node.on("send")
def send(message):
    log = logs[message.body["key"]]
    # GAP append the message to the log, and answer with the offset at which it stands now
    log.append(message.body["msg"])
    offset = len(log) - 1
    return {"type": "send_ok", "offset": offset}
    # END


@node.on("poll")
def poll(message):
    # GAP answer with the pairs [offset, message] of each key, from the offset asked for on
    msgs = {}
    for key, first in message.body["offsets"].items():
        pairs = list(enumerate(logs[key]))
        msgs[key] = pairs[first:]
    return {"type": "poll_ok", "msgs": msgs}
    # END


@node.on("commit_offsets")
def commit(message):
    # GAP keep each offset as committed, unless a larger one is, and acknowledge that
    for key, offset in message.body["offsets"].items():
        committed[key] = max(offset, committed.get(key, 0))
    return {"type": "commit_offsets_ok"}
    # END


@node.on("list_committed_offsets")
def list_committed(message):
    offsets = {key: committed[key] for key in message.body["keys"] if key in committed}
    return {"type": "list_committed_offsets_ok", "offsets": offsets}


if __name__ == "__main__":
    node.run()
