from glomers.node import Node

node = Node()
store = {}


@node.on("txn")
def txn(message):
    done = []
    for f, key, value in message.body["txn"]:
        # GAP carry the operation out, and append it to `done` with the value that it read or wrote
        if f == "w":
            store[key] = value
        done.append([f, key, store.get(key)])
        # END
    return {"type": "txn_ok", "txn": done}


if __name__ == "__main__":
    node.run()
