import asyncio
from collections import defaultdict

from glomers.kv import KV, Reservation
from glomers.link import Links
from glomers.node import Node

node = Node()
links = Links(node, "share", lambda: everything())
counters = Reservation(KV(node, "lin-kv", timeout_s=10))  # none that an earlier life has used
logs = defaultdict(dict)  # the messages of each key by offset; offset = counter * n + index
committed = {}
marks = {}  # of each node: its messages up to this counter are all known here
clock = -1  # the highest counter that was used here or heard of


@node.on_init
async def begin():
    hub = node.node_ids[0]
    links.open(node.peers if node.node_id == hub else [hub])
    marks.update(dict.fromkeys(node.node_ids, -1))
    learn(["mark", node.node_id, await counters.begin(node.node_id), None])


@node.on("send")
async def send(message):
    """Append with a counter above the own mark, in the residue class of this node."""
    global clock
    key, own, n = message.body["key"], node.node_id, len(node.node_ids)
    while (counter := 1 + max(marks[own], max(logs[key], default=-1) // n)) > counters.limit:
        await asyncio.sleep(0.1)  # until `flush` has reserved more
    clock, offset = max(clock, counter), counter * n + node.node_ids.index(own)
    learn(["message", key, offset, message.body["msg"]])
    return {"type": "send_ok", "offset": offset}


@node.on("poll")
def poll(message):
    """Show what lies below the watermark: nothing will ever be inserted there."""
    end = (1 + min(marks.values())) * len(node.node_ids)
    polled = {}
    for key, start in message.body["offsets"].items():
        if shown := sorted(entry for entry in logs[key].items() if start <= entry[0] < end):
            polled[key] = shown
    return {"type": "poll_ok", "msgs": polled}


@node.every(interval_s=0.1)
async def flush():
    """Promise that later messages get higher counters, and tell the news with the promise."""
    mark = max(clock, marks[node.node_id])
    await counters.reach(mark)
    learn(["mark", node.node_id, mark, None])
    links.flush()


@node.on("share")
def hear(message):
    global clock
    for item in links.accept(message):
        learn(item, source=message.src)
    clock = max(clock, *marks.values())


def learn(item, source=None):
    """Take a message, a committed offset or a mark, and pass it on if it is news."""
    kind, name, number, msg = item
    if kind == "message":
        is_news = number not in logs[name]
        logs[name][number] = msg
    else:
        numbers = marks if kind == "mark" else committed
        is_news = number > numbers.get(name, -1)
        numbers[name] = max(number, numbers.get(name, -1))
    if is_news:
        links.push(item, but=source)


def everything():
    yield from (["message", key, *entry] for key, log in logs.items() for entry in log.items())
    yield from (["committed", key, offset, None] for key, offset in committed.items())
    yield from (["mark", name, mark, None] for name, mark in marks.items())


@node.on("commit_offsets")
def commit(message):
    for key, offset in message.body["offsets"].items():
        learn(["committed", key, offset, None])
    return {"type": "commit_offsets_ok"}


@node.on("list_committed_offsets")
def list_committed(message):
    known = {key: committed[key] for key in message.body["keys"] if key in committed}
    return {"type": "list_committed_offsets_ok", "offsets": known}


if __name__ == "__main__":
    node.run()
