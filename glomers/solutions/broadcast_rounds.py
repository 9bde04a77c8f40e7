import asyncio
import sys
import time
from types import SimpleNamespace

from glomers.link import Link
from glomers.node import Node

PERIOD_S = float(sys.argv[1]) if sys.argv[1:] else 0.45  # from a round of the hub to the next
node = Node()
seen, links = set(), {}  # a leaf has a link to the hub, the hub has one to each leaf
lags_s = {}  # at the hub, by leaf: from the leaf's clock when it sends to ours when that arrives
rhythm = SimpleNamespace(leads=False, beat=None, pause=None, phase_s=None, last_s=0.0)


@node.on_init
def begin():
    rhythm.leads = node.node_id == node.node_ids[0]  # it is the hub
    neighbours = node.peers if rhythm.leads else node.node_ids[:1]
    links.update({peer: Link(lambda: sorted(seen), overdue_s=5) for peer in neighbours})
    rhythm.beat = node.spawn(rounds(time.monotonic()))


def keep_time(phase_s):  # have a round then, and every period before and after
    if rhythm.phase_s is None:
        rhythm.last_s = 0.0  # what was before the rhythm does not count
    rhythm.phase_s = phase_s
    rhythm.beat.cancel()
    rhythm.beat = node.spawn(rounds(phase_s))


async def rounds(phase_s):
    while True:
        soonest_s = max(time.monotonic(), rhythm.last_s + PERIOD_S / 2)
        due_s = soonest_s + (phase_s - soonest_s) % PERIOD_S
        await asyncio.sleep(due_s - time.monotonic())
        rhythm.last_s = due_s
        have_round() if rhythm.leads else flush()


def have_round():  # at the hub, once no more of the leaves' news has come for 25 ms
    if rhythm.pause:
        rhythm.pause.cancel()
    rhythm.pause = asyncio.get_running_loop().call_later(0.025, flush)


def flush():
    for peer, link in links.items():
        if batch := link.batch(time.monotonic()):
            told = {"sent_s": time.monotonic(), "in_step": rhythm.phase_s is not None}
            if rhythm.phase_s is not None and peer in lags_s:
                told["due_s"] = rhythm.phase_s - lags_s[peer]
            node.send(peer, {"type": "share", **told, **batch})


@node.on("share")
def share(message):
    body, now_s = message.body, time.monotonic()
    if rhythm.leads:
        lag_s = now_s - body["sent_s"]
        lags_s[message.src] = (7 * lags_s.get(message.src, lag_s) + lag_s) / 8
    elif "due_s" in body:
        keep_time(body["due_s"])
    news = accept(links[message.src].accept(body, now_s), source=message.src)
    if news and rhythm.leads and body["in_step"] and now_s < rhythm.last_s + PERIOD_S / 2:
        have_round()  # a little later, or one more: to wait for the next costs a whole period


@node.on("broadcast")
def broadcast(message):
    accept([message.body["message"]])
    if rhythm.phase_s is None:
        flush()
    return {"type": "broadcast_ok"}


def accept(values, source=None):
    if values and rhythm.leads and rhythm.phase_s is None:
        keep_time(time.monotonic() + PERIOD_S * 3 / 4)  # the first news: begin to have rounds
    news = [value for value in values if value not in seen]
    seen.update(news)
    for peer in links.keys() - {source}:
        for value in news:
            links[peer].push(value)
    return news


@node.on("read")
def read(message):
    return {"type": "read_ok", "messages": sorted(seen)}


@node.on("topology")
def topology(message):
    return {"type": "topology_ok"}


if __name__ == "__main__":
    node.run()
