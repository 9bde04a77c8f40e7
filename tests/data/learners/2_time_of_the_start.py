# Nothing in an id tells apart two nodes that are started in the same nanosecond.
import time

from glomers.node import Node

node = Node()
prefix = None
count = 0


@node.on_init
def begin():
    global prefix
    prefix = time.time_ns()


@node.on("generate")
def generate(message):
    global count
    count += 1
    return {"type": "generate_ok", "id": f"{prefix}-{count}"}


if __name__ == "__main__":
    node.run()
