import time
from bisect import bisect_left, insort
from collections import defaultdict

from glomers.link import Link
from glomers.node import Node

node = Node()
logs = defaultdict(list)  # of each key [offset, message] in order; offset = counter * n + index
committed = {}
links = {}  # the hub has one to everybody, everybody else has one to the hub
marks = {}  # of each node: its messages up to this counter are all known here
news = {"messages": [], "committed": {}}  # what happened here since the last flush
told = -1  # the last mark of this node that the others were told


@node.on_init
def connect():
    hub = node.node_ids[0]
    links.update({peer: Link() for peer in node.peers if hub in (node.node_id, peer)})
    marks.update(dict.fromkeys(node.node_ids, -1))


@node.on("send")
def send(message):
    """Append with a counter above the own mark, in the residue class of this node."""
    key, msg = message.body["key"], message.body["msg"]
    n, log = len(node.node_ids), logs[key]
    counter = 1 + max(marks[node.node_id], log[-1][0] // n if log else -1)
    offset = counter * n + node.node_ids.index(node.node_id)
    log.append([offset, msg])
    news["messages"].append([key, offset, msg])
    return {"type": "send_ok", "offset": offset}


@node.on("poll")
def poll(message):
    """Show what lies below the watermark: nothing will ever be inserted there."""
    end = (1 + min(marks.values())) * len(node.node_ids)
    polled = {}
    for key, start in message.body["offsets"].items():
        log = logs[key]
        if shown := log[bisect_left(log, [start]) : bisect_left(log, [end])]:
            polled[key] = shown
    return {"type": "poll_ok", "msgs": polled}


@node.every(interval_s=0.1)
def flush():
    """Promise that later messages get higher counters, and tell the news with the promise."""
    global news, told
    counters = [offset // len(node.node_ids) for _, offset, _ in news["messages"]]
    mark = marks[node.node_id] = max([marks[node.node_id], *counters])
    if mark > told or news["committed"]:
        pass_on({**news, "mark": mark, "origin": node.node_id})
        news, told = {"messages": [], "committed": {}}, mark
    for peer, link in links.items():
        if batch := link.batch(time.monotonic()):
            node.send(peer, {"type": "share", **batch})


def pass_on(item, source=None):
    for peer, link in links.items():
        if peer != source:
            link.push(item)


@node.on("share")
def hear(message):
    for item in links[message.src].accept(message.body, time.monotonic()):
        for key, offset, msg in item["messages"]:
            insort(logs[key], [offset, msg])
        raise_to(committed, item["committed"])
        raise_to(marks, {item["origin"]: item["mark"], node.node_id: item["mark"]})
        pass_on(item, source=message.src)


def raise_to(known, offered):
    """The larger number of each key."""
    for key, number in offered.items():
        known[key] = max(number, known.get(key, number))


@node.on("commit_offsets")
def commit(message):
    for key, offset in message.body["offsets"].items():
        if offset > committed.get(key, -1):
            committed[key] = news["committed"][key] = offset
    return {"type": "commit_offsets_ok"}


@node.on("list_committed_offsets")
def list_committed(message):
    known = {key: committed[key] for key in message.body["keys"] if key in committed}
    return {"type": "list_committed_offsets_ok", "offsets": known}


if __name__ == "__main__":
    node.run()
