"""Takes the number in its name for one digit."""

from glomers.node import Node

node = Node()
count = 0


@node.on("generate")
def generate(message):
    global count
    count += 1
    return {"type": "generate_ok", "id": count * 10 + int(node.node_id[1:])}


if __name__ == "__main__":
    node.run()
