from glomers.node import Node, retry

node = Node()
store = {}  # key -> (time, value)
clock = 0


@node.on("txn")
def txn(message):
    global clock
    clock += 1
    done = [run(*operation) for operation in message.body["txn"]]
    writes = {key: store[key] for f, key, _ in done if f == "w"}
    for peer in node.peers if writes else []:
        copy = {"type": "copy", "writes": list(writes.items())}
        node.spawn(retry(lambda peer=peer: node.rpc(peer, copy)))
    return {"type": "txn_ok", "txn": done}


def run(f, key, value):
    if f == "w":
        # BUG
        store[key] = (clock, value)
        # MENDED
        store[key] = ([clock, node.node_id], value)  # no two nodes have the same stamp
        # END
    return [f, key, store[key][1] if key in store else None]


@node.on("copy")
def accept(message):
    global clock
    # BUG
    for key, (time, value) in message.body["writes"]:
        clock = max(clock, time)
        if key not in store or store[key][0] < time:
            store[key] = (time, value)
    # MENDED
    for key, (stamp, value) in message.body["writes"]:
        clock = max(clock, stamp[0])
        if key not in store or store[key][0] < stamp:
            store[key] = (stamp, value)
    # END
    return {"type": "copy_ok"}


if __name__ == "__main__":
    node.run()
