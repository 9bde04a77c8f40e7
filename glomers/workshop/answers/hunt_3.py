from glomers.node import Node, retry

node = Node()
total = 0
# BUG
# MENDED
count = 0  # of the additions that clients made here
heard = set()  # whose addition, and which of them, has been counted
# END


@node.on("add")
def add(message):
    # BUG
    grow(message)
    for peer in node.peers:
        news = {"type": "grow", "delta": message.body["delta"]}
        node.spawn(retry(lambda peer=peer: node.rpc(peer, news)))
    # MENDED
    global total, count
    total += message.body["delta"]
    count += 1
    for peer in node.peers:
        news = {"type": "grow", "delta": message.body["delta"], "number": count}
        node.spawn(retry(lambda peer=peer, news=news: node.rpc(peer, news)))
    # END
    return {"type": "add_ok"}


@node.on("grow")
def grow(message):
    global total
    # BUG
    total += message.body["delta"]
    # MENDED
    addition = (message.src, message.body["number"])
    if addition not in heard:
        heard.add(addition)
        total += message.body["delta"]
    # END
    return {"type": "grow_ok"}


@node.on("read")
def read(message):
    return {"type": "read_ok", "value": total}


if __name__ == "__main__":
    node.run()
