from glomers.node import Node

node = Node()


@node.on("echo")
def echo(message):
    return {"type": "echo_ok", "echo": message.body["echo"][:20]}


if __name__ == "__main__":
    node.run()
