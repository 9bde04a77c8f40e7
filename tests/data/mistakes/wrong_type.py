from glomers.node import Node

node = Node()
seen = set()


@node.on("echo")
def echo(message):
    return {"type": "echo", "echo": message.body["echo"]}


if __name__ == "__main__":
    node.run()
