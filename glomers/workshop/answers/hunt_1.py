import time

from glomers.node import Node

node = Node()
last = 0
number = 0  # of the ids within this step


@node.on("generate")
def generate(message):
    global last, number
    # BUG
    now = int(time.time() * 100)  # in steps of 10 ms
    # MENDED
    now = max(last, int(time.time() * 100))  # in steps of 10 ms, and never back
    # END
    number = number + 1 if now == last else 0
    last = now
    return {"type": "generate_ok", "id": f"{node.node_id}-{now}-{number}"}


if __name__ == "__main__":
    node.run()
