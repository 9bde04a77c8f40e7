from glomers.node import Node

node = Node()
store = {}


@node.on("txn")
def txn(message):
    done = []
    for f, key, value in message.body["txn"]:
        done.append([f, key, store.get(key)])
        if f == "w":
            store[key] = value
    return {"type": "txn_ok", "txn": done}


if __name__ == "__main__":
    node.run()
