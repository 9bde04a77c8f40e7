import time

from glomers.node import Node

node = Node()
prefix = None  # what only the ids of this node begin with
count = 0  # how many ids it has given out


@node.on_init
def begin():
    global prefix
    # GAP choose a prefix that neither another node has nor an earlier life of this one
    started = time.time_ns()
    prefix = f"{node.node_id}-{started}"
    # END


@node.on("generate")
def generate(message):
    global count
    # GAP put an id together from the prefix and the next number, and answer with it
    count += 1
    id = f"{prefix}-{count}"
    return {"type": "generate_ok", "id": id}
    # END


if __name__ == "__main__":
    node.run()
