from glomers.node import Node, retry

KEPT = 4  # versions of a key

node = Node()
versions = {}  # key -> its latest committed (time, node, value), oldest first
clock = 0


@node.on("txn")
def txn(message):
    global clock
    snapshot, writes, done = (clock, "~"), {}, []  # "~" sorts after every node's name
    for f, key, value in message.body["txn"]:
        if f == "w":
            writes[key] = value  # for our own eyes until we commit
        done.append([f, key, writes[key] if key in writes else read(key, snapshot)])
    if writes:
        clock += 1
        commit(clock, node.node_id, writes.items())
        for peer in node.peers:
            node.spawn(replicate(peer, clock, list(writes.items())))
    return {"type": "txn_ok", "txn": done}


def read(key, snapshot):
    """The value of the latest version that the snapshot holds."""
    visible = [value for time, writer, value in versions.get(key, []) if (time, writer) <= snapshot]
    return visible[-1] if visible else None


def commit(time, writer, writes):
    """Make all writes of a transaction visible at once, as versions of one time."""
    for key, value in writes:
        versions[key] = sorted([*versions.get(key, []), (time, writer, value)])[-KEPT:]


async def replicate(peer, time, writes):
    await retry(lambda: node.rpc(peer, {"type": "commit", "time": time, "writes": writes}))


@node.on("commit")
def accept(message):
    global clock
    time = message.body["time"]
    clock = max(clock, time)
    commit(time, message.src, map(tuple, message.body["writes"]))
    return {"type": "commit_ok"}


if __name__ == "__main__":
    node.run()
