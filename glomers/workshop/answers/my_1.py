from glomers.node import Node

node = Node()


@node.on("echo")
def echo(message):
    # GAP answer with a body of type echo_ok that carries the text of the request
    text = message.body["echo"]
    return {"type": "echo_ok", "echo": text}
    # END


if __name__ == "__main__":
    node.run()
