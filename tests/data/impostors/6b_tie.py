"""Of two writes at the same Lamport time each node keeps its own."""

from glomers.node import Node, retry

node = Node()
store = {}
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
        store[key] = (clock, value)
    return [f, key, store[key][1] if key in store else None]


@node.on("copy")
def accept(message):
    global clock
    for key, (time, value) in message.body["writes"]:
        clock = max(clock, time)
        if key not in store or store[key][0] < time:
            store[key] = (time, value)
    return {"type": "copy_ok"}


if __name__ == "__main__":
    node.run()
