import time

from glomers.node import Node

node = Node()
prefix = None  # what only the ids of this node begin with
count = 0  # how many ids it has given out


@node.on_init
def begin():
    global prefix
    started = time.time_ns()
    prefix = f"{node.node_id}-{started}"


@node.on("generate")
def generate(message):
    global count
    count += 1
    id = f"{prefix}-{count}"
    return {"type": "generate_ok", "id": id}


if __name__ == "__main__":
    node.run()
