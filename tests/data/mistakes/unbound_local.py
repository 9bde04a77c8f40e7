from glomers.node import Node

node = Node()
seen = set()


count = 0


@node.on("echo")
def echo(message):
    count += 1
    return {"type": "echo_ok", "echo": message.body["echo"]}


if __name__ == "__main__":
    node.run()
