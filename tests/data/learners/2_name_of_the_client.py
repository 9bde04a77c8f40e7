from glomers.node import Node

node = Node()


@node.on("generate")
def generate(message):
    return {"type": "generate_ok", "id": f"{message.src}-{message.body['msg_id']}"}


if __name__ == "__main__":
    node.run()
