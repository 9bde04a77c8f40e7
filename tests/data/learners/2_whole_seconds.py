import time

from glomers.node import Node

node = Node()
prefix = None  # what only the ids of this node begin with
count = 0  # how many ids it has given out


@node.on_init
def begin():
    global prefix
    prefix = f"{node.node_id}-{int(time.time())}"


@node.on("generate")
def generate(message):
    global count
    count += 1
    return {"type": "generate_ok", "id": f"{prefix}-{count}"}


if __name__ == "__main__":
    node.run()
