from glomers.node import Node

node = Node()
count = 0


@node.on("generate")
def generate(message):
    global count
    count += 1
    return {"type": "generate_ok", "id": f"{node.node_id}-{count}"}


if __name__ == "__main__":
    node.run()
