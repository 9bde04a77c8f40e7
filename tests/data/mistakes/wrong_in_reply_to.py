from glomers.node import Node

node = Node()
seen = set()


@node.on("echo")
def echo(message):
    node.send(message.src, {"type": "echo_ok", "echo": message.body["echo"], "in_reply_to": 7})


if __name__ == "__main__":
    node.run()
