import os
import time

from glomers.node import Node

node = Node()


@node.on("generate")
def generate(message):
    id = f"{time.time_ns()}-{node.node_id}-{os.urandom(4).hex()}"
    return {"type": "generate_ok", "id": id}


if __name__ == "__main__":
    node.run()
