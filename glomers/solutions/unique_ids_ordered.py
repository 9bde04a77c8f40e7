import time
from random import SystemRandom

from glomers.node import Node

EPOCH_MS = 1_704_067_200_000  # 1 January 2024; 41 bits of milliseconds last until 2093
TICK_BITS = 4  # 16 ids in a millisecond; a burst borrows from the milliseconds to come
LIFE_BITS = 18  # shared out among the nodes: whose id it is, and from which of its lives

node = Node()
life = 0
last = 0  # the tick of the latest id


@node.on_init
def begin():
    global life
    share = 2**LIFE_BITS // len(node.node_ids)
    life = node.node_ids.index(node.node_id) * share + SystemRandom().randrange(share)


@node.on("generate")
def generate(message):
    global last
    now = time.time_ns() // 1_000_000 - EPOCH_MS
    last = max(last + 1, now << TICK_BITS)  # never back, whatever the clock does
    return {"type": "generate_ok", "id": last << LIFE_BITS | life}


if __name__ == "__main__":
    node.run()
