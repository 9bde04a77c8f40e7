from glomers.node import Node

node = Node()
seen = set()


@node.on("echo")
def echo(message):
    {"type": "echo_ok", "echo": message.body["echo"]}


if __name__ == "__main__":
    node.run()
