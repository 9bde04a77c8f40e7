"""Ids of the node's place among all nodes, a random number for this life, and a count."""

import random

from glomers.node import Node

node = Node()
life = random.getrandbits(62)
count = 0


@node.on("generate")
def generate(message):
    global count
    count += 1
    return {"type": "generate_ok", "id": f"{node.node_ids.index(node.node_id)}-{life}-{count}"}


if __name__ == "__main__":
    node.run()
