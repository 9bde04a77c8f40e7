"""Nodes with mistakes that learners make: each a body, its command, and what has to be named.

The line that is wrong is marked with `# <-`; a second file, `helper.py`, may lie beside a node.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

HEAD = """import asyncio
import functools
import time

from glomers.kv import KV
from glomers.node import ErrorCode, Node, RPCError, retry

node = Node()
seen = set()
"""
TAIL = """

if __name__ == "__main__":
    node.run()
"""
MARK = "# <-"

ECHO = "-w echo --node-count 1 --time-limit 5"
FIVE = "-w broadcast --node-count 5 --time-limit 8 --rate 10"
G_SET = "-w g-set --node-count 3 --time-limit 8 --rate 20"
COUNTER = "-w g-counter --node-count 3 --time-limit 8 --rate 20"
IDS = "-w unique-ids --node-count 3 --time-limit 3 --rate 20"
LOG = "-w kafka --node-count 1 --concurrency 2n --time-limit 5 --rate 50"
REGISTER = "-w lin-kv --node-count 3 --concurrency 4n --time-limit 5 --rate 40"
TXN = "-w txn-rw-register --node-count 1 --time-limit 3 --rate 40 --concurrency 2n"
CALM = "--consistency-models read-uncommitted"

READ = """

@node.on("read")
def read(message):
    return {"type": "read_ok", "messages": sorted(seen)}


@node.on("topology")
def topology(message):
    return {"type": "topology_ok"}
"""
BROADCAST = """

@node.on("broadcast")
def broadcast(message):
    value = message.body["message"]
    seen.add(value)
    for peer in node.peers:
        node.send(peer, {"type": "share", "value": value})
    return {"type": "broadcast_ok"}
"""
SHARE = """

@node.on("share")
def share(message):
    seen.add(message.body["value"])
"""
ANSWERED = r"no reply|never answered|returned nothing|not answered|without a reply"


@dataclass(frozen=True)
class Mistake:
    """A node with a mistake, and what a good explanation names, as regular expressions."""

    name: str
    flags: str
    body: str
    words: tuple[str, ...]
    helper: str = ""

    @property
    def source(self) -> str:
        return HEAD + self.body + TAIL

    @property
    def line(self) -> int | None:
        """The line that is wrong, in the node or in its helper; None: none alone is."""
        text = self.helper if MARK in self.helper else self.source
        at = text.find(MARK)
        return None if at < 0 else text.count("\n", 0, at) + 1

    @property
    def file(self) -> str:
        return "helper.py" if MARK in self.helper else f"{self.name}.py"

    def is_named_in(self, text: str) -> bool:
        """Whether an explanation has the words, and the place where there is one."""
        found = re.findall(rf"\b{re.escape(self.file)}:(\d+)", text)
        is_placed = self.line is None or any(abs(int(n) - self.line) <= 1 for n in found)
        return is_placed and all(re.search(word, text) for word in self.words)


def _m(name: str, flags: str, body: str, *words: str, helper: str = "") -> Mistake:
    return Mistake(name, flags, body, words, helper)


MISTAKES = [
    # A handler that answers nothing.
    _m(
        "nothing_of_class",
        ECHO,
        """

class Server:
    def __init__(self):
        node.on("echo")(self.echo)

    def echo(self, message):  # <-
        reply = {"type": "echo_ok", "echo": message.body["echo"]}


server = Server()
""",
        "echo",
        ANSWERED,
    ),
    _m(
        "nothing_async",
        IDS,
        """
counter = 0


@node.on("generate")
async def generate(message):  # <-
    global counter
    counter += 1
    await asyncio.sleep(0.01)
    {"type": "generate_ok", "id": f"{node.node_id}-{counter}"}
""",
        "generate",
        ANSWERED,
    ),
    _m(
        "nothing_of_lambda",
        COUNTER,
        """
total = 0
node.on("add")(lambda message: None)  # <-
node.on("read")(lambda message: {"type": "read_ok", "value": total})
""",
        "add",
        ANSWERED,
    ),
    _m(
        "nothing_of_helper",
        ECHO,
        """
import helper

helper.register(node)
""",
        "echo",
        ANSWERED,
        helper="""def register(node):
    @node.on("echo")
    def handle(message):  # <-
        make(message)


def make(message):
    return {"type": "echo_ok", "echo": message.body["echo"]}
""",
    ),
    _m(
        "nothing_decorated",
        LOG,
        """
logs = {}


def logged(handler):
    @functools.wraps(handler)
    def wrapper(*args, **kwargs):
        return handler(*args, **kwargs)

    return wrapper


@node.on("send")
@logged
def send(message):  # <-
    logs.setdefault(message.body["key"], []).append(message.body["msg"])


@node.on("poll")
def poll(message):
    return {"type": "poll_ok", "msgs": {}}


@node.on("commit_offsets")
def commit(message):
    return {"type": "commit_offsets_ok"}


@node.on("list_committed_offsets")
def committed(message):
    return {"type": "list_committed_offsets_ok", "offsets": {}}
""",
        "send",
        ANSWERED,
    ),
    _m(
        "nothing_in_one_branch",
        G_SET,
        """

@node.on("add")
def add(message):  # <-
    if message.body["element"] < 0:
        return {"type": "add_ok"}
    seen.add(message.body["element"])


@node.on("read")
def read(message):
    return {"type": "read_ok", "value": sorted(seen)}
""",
        "add",
        ANSWERED,
    ),
    _m(
        "waits_for_ever",
        f"{ECHO} --availability total",
        """
lock = asyncio.Lock()


@node.on("echo")
async def echo(message):
    await lock.acquire()  # <-
    return {"type": "echo_ok", "echo": message.body["echo"]}
""",
        "echo",
        "wait",
    ),
    # A reply of the wrong form.
    _m(
        "wrong_type_of_id",
        IDS,
        """

@node.on("generate")
def generate(message):
    return {"type": "generate_okay", "id": f"{node.node_id}-{message.body['msg_id']}"}  # <-
""",
        "generate_ok",
        "type",
    ),
    _m(
        "type_with_capitals",
        COUNTER,
        """

@node.on("add")
def add(message):
    return {"type": "Add_OK"}  # <-


@node.on("read")
def read(message):
    return {"type": "read_ok", "value": 0}
""",
        "add_ok",
        "type",
    ),
    _m(
        "text_for_a_sum",
        COUNTER,
        """
total = 0


@node.on("add")
def add(message):
    global total
    total += message.body["delta"]
    return {"type": "add_ok"}


@node.on("read")
def read(message):
    return {"type": "read_ok", "value": str(total)}  # <-
""",
        "value",
        "integer",
        "read",
    ),
    _m(
        "list_of_offsets",
        LOG,
        """
logs = {}


@node.on("send")
def send(message):
    log = logs.setdefault(message.body["key"], [])
    log.append(message.body["msg"])
    return {"type": "send_ok", "offset": str(len(log) - 1)}  # <-


@node.on("poll")
def poll(message):
    return {"type": "poll_ok", "msgs": {}}


@node.on("commit_offsets")
def commit(message):
    return {"type": "commit_offsets_ok"}


@node.on("list_committed_offsets")
def committed(message):
    return {"type": "list_committed_offsets_ok", "offsets": {}}
""",
        "offset",
        "integer",
        "send",
    ),
    _m(
        "no_type_in_txn",
        f"{TXN} {CALM}",
        """
store = {}


@node.on("txn")
def txn(message):
    done = []
    for f, key, value in message.body["txn"]:
        if f == "w":
            store[key] = value
        done.append([f, key, store.get(key)])
    return {"txn": done}  # <-
""",
        "type",
        "txn",
    ),
    _m(
        "extra_field",
        ECHO,
        """

@node.on("echo")
def echo(message):
    return {"type": "echo_ok", "echo": message.body["echo"], "time": 3}  # <-
""",
        "echo",
        "time",
    ),
    # Values of another type.
    _m(
        "texts_in_a_set",
        G_SET,
        """

@node.on("add")
def add(message):
    element = str(message.body["element"])
    seen.add(element)
    for peer in node.peers:
        node.send(peer, {"type": "new", "element": element})
    return {"type": "add_ok"}


@node.on("new")
def new(message):
    seen.add(message.body["element"])


@node.on("read")
def read(message):
    return {"type": "read_ok", "value": list(seen)}  # <-
""",
        "text|string|str",
        "number|integer|int",
    ),
    _m(
        "floats",
        FIVE,
        BROADCAST.replace("seen.add(value)", "seen.add(float(value))")
        + SHARE.replace('message.body["value"]', 'float(message.body["value"])')
        + READ,
        "fraction|float|type",
        "number|integer|int",
    ),
    _m(
        "pairs",
        FIVE,
        BROADCAST
        + SHARE
        + READ.replace("sorted(seen)", "[[value, node.node_id] for value in seen]"),
        "nobody added|type",
        "read",
    ),
    # What JSON cannot hold.
    _m(
        "sends_a_set",
        FIVE,
        BROADCAST.replace('"value": value}', '"values": seen}').replace("})", "})  # <-")
        + """

@node.on("share")
def share(message):
    seen.update(message.body["values"])
"""
        + READ,
        "set",
        "JSON",
        "broadcast",
    ),
    _m(
        "returns_keys",
        LOG,
        """
logs = {}


@node.on("send")
def send(message):
    log = logs.setdefault(message.body["key"], {})
    log[len(log)] = message.body["msg"]
    return {"type": "send_ok", "offset": len(log) - 1}


@node.on("poll")
def poll(message):
    offsets = message.body["offsets"]
    return {"type": "poll_ok", "msgs": {k: logs.get(k, {}).items() for k in offsets}}  # <-


@node.on("commit_offsets")
def commit(message):
    return {"type": "commit_offsets_ok"}


@node.on("list_committed_offsets")
def committed(message):
    return {"type": "list_committed_offsets_ok", "offsets": {}}
""",
        "dict_items",
        "JSON",
        "poll",
    ),
    _m(
        "bytes_id",
        IDS,
        """
import uuid


@node.on("generate")
def generate(message):
    return {"type": "generate_ok", "id": uuid.uuid4().bytes}  # <-
""",
        "bytes",
        "JSON",
        "generate",
    ),
    _m(
        "integer_keys",
        FIVE,
        BROADCAST.replace('"value": value}', '"value": value, "from": {value: 1}}').replace(
            "})", "})  # <-"
        )
        + SHARE
        + READ,
        "key",
        "JSON",
        "broadcast",
    ),
    _m(
        "timer_with_a_set",
        FIVE,
        BROADCAST.replace("for peer in node.peers:", "for peer in []:")
        + """

@node.every(0.5)
def gossip():
    for peer in node.peers:
        node.send(peer, {"type": "share", "values": seen})  # <-
"""
        + READ,
        "set",
        "JSON",
        "timer",
    ),
    # Values that go too short a way.
    _m(
        "one_hop_of_a_set",
        G_SET.replace("count 3", "count 5"),
        """

@node.on("add")
def add(message):
    seen.add(message.body["element"])
    ids = node.node_ids
    following = ids[(ids.index(node.node_id) + 1) % len(ids)]
    node.send(following, {"type": "new", "element": message.body["element"]})
    return {"type": "add_ok"}


@node.on("new")
def new(message):
    seen.add(message.body["element"])


@node.on("read")
def read(message):
    return {"type": "read_ok", "value": sorted(seen)}
""",
        "acknowledged",
        "never",
    ),
    _m(
        "tells_nobody",
        COUNTER,
        """
total = 0


@node.on("add")
def add(message):
    global total
    total += message.body["delta"]
    return {"type": "add_ok"}


@node.on("read")
def read(message):
    return {"type": "read_ok", "value": total}
""",
        r"right is \d+",
        "never told",
    ),
    _m(
        "forgets_its_own",
        FIVE,
        BROADCAST.replace("    seen.add(value)\n", "") + SHARE + READ,
        "acknowledged",
        "never",
    ),
    _m(
        "told_once_in_a_partition",
        f"{FIVE} --nemesis partition --nemesis-interval 2",
        BROADCAST + SHARE + READ,
        "acknowledged",
        "cut off",
        "never",
    ),
    _m(
        "random_peer",
        FIVE,
        """
import random


@node.on("broadcast")
def broadcast(message):
    value = message.body["message"]
    seen.add(value)
    node.send(random.choice(node.peers), {"type": "share", "value": value})
    return {"type": "broadcast_ok"}
"""
        + SHARE
        + READ,
        "acknowledged",
        "never",
    ),
    # Requests of nodes that nobody answers.
    _m(
        "rpc_to_class",
        FIVE,
        """

class Store:
    async def share(self, message):  # <-
        seen.add(message.body["value"])


store = Store()
node.on("share")(store.share)


@node.on("broadcast")
async def broadcast(message):
    value = message.body["message"]
    seen.add(value)
    for peer in node.peers:
        await node.rpc(peer, {"type": "share", "value": value}, timeout_s=10)
    return {"type": "broadcast_ok"}
"""
        + READ,
        "share",
        ANSWERED,
    ),
    _m(
        "sends_for_a_reply",
        FIVE,
        """

@node.on("broadcast")
async def broadcast(message):
    value = message.body["message"]
    seen.add(value)
    for peer in node.peers:
        await retry(lambda: node.rpc(peer, {"type": "share", "value": value}))
    return {"type": "broadcast_ok"}


@node.on("share")
def share(message):
    seen.add(message.body["value"])
    node.send(message.src, {"type": "share_ok"})  # <-
"""
        + READ,
        "share",
        "in_reply_to",
    ),
    _m(
        "gathers_for_ever",
        COUNTER,
        """
total = 0


@node.on("add")
def add(message):
    global total
    total += message.body["delta"]
    return {"type": "add_ok"}


@node.on("read")
async def read(message):
    parts = await asyncio.gather(
        *[retry(lambda peer=peer: node.rpc(peer, {"type": "part"})) for peer in node.peers]
    )
    return {"type": "read_ok", "value": total + sum(part["value"] for part in parts)}


@node.on("part")
def part(message):  # <-
    {"type": "part_ok", "value": total}
""",
        "part",
        ANSWERED,
    ),
    _m(
        "spawned_without_retry",
        f"{FIVE} --nemesis partition --nemesis-interval 2",
        """

@node.on("broadcast")
def broadcast(message):
    value = message.body["message"]
    seen.add(value)
    for peer in node.peers:
        node.spawn(tell(peer, value))
    return {"type": "broadcast_ok"}


async def tell(peer, value):
    await node.rpc(peer, {"type": "share", "value": value})  # <-


@node.on("share")
def share(message):
    seen.add(message.body["value"])
    return {"type": "share_ok"}
"""
        + READ,
        "timeout",
        "task",
    ),
    # Blocking.
    _m(
        "sleeps_in_timer",
        FIVE,
        BROADCAST.replace("for peer in node.peers:", "for peer in []:")
        + """

@node.every(0.5)
def gossip():
    time.sleep(0.1)  # <-
    for peer in node.peers:
        for value in seen:
            node.send(peer, {"type": "share", "value": value})
"""
        + SHARE
        + READ,
        "time.sleep",
        "asyncio.sleep",
    ),
    _m(
        "sleeps_and_hides_it",
        FIVE,
        BROADCAST
        + """

@node.on("share")
def share(message):
    try:
        time.sleep(0.1)  # <-
        seen.add(message.body["value"])
    except Exception:
        pass
"""
        + READ,
        "time.sleep",
        "asyncio.sleep",
    ),
    _m(
        "sleeps_at_start",
        ECHO,
        """
time.sleep(1)  # <-


@node.on("echo")
def echo(message):
    return {"type": "echo_ok", "echo": message.body["echo"]}
""",
        "time.sleep",
        "asyncio.sleep",
    ),
    _m(
        "thread",
        ECHO,
        """
import threading


@node.on("echo")
def echo(message):
    threading.Thread(target=print).start()  # <-
    return {"type": "echo_ok", "echo": message.body["echo"]}
""",
        "threads",
        "echo",
    ),
    _m(
        "sleeps_in_helper",
        ECHO,
        """
import helper


@node.on("echo")
def echo(message):
    helper.wait()
    return {"type": "echo_ok", "echo": message.body["echo"]}
""",
        "time.sleep",
        "asyncio.sleep",
        helper="""import time


def wait():
    time.sleep(0.2)  # <-
""",
    ),
    _m(
        "asks_for_input",
        ECHO,
        """

@node.on("echo")
def echo(message):
    input()  # <-
    return {"type": "echo_ok", "echo": message.body["echo"]}
""",
        "input",
        "echo",
    ),
    _m(
        "runs_asyncio",
        ECHO,
        """

async def answer(message):
    return {"type": "echo_ok", "echo": message.body["echo"]}


@node.on("echo")
def echo(message):
    return asyncio.run(answer(message))  # <-
""",
        "asyncio.run",
        "echo",
    ),
    # Exceptions.
    _m(
        "index_error_in_class",
        FIVE,
        BROADCAST
        + """

class Peer:
    def share(self, message):
        values = []
        seen.add(values[0])  # <-


node.on("share")(Peer().share)
"""
        + READ,
        "IndexError",
        "share",
    ),
    _m(
        "attribute_error_async",
        G_SET,
        """

@node.on("add")
async def add(message):
    seen.append(message.body["element"])  # <-
    return {"type": "add_ok"}


@node.on("read")
def read(message):
    return {"type": "read_ok", "value": sorted(seen)}
""",
        "AttributeError",
        "append",
    ),
    _m(
        "division_in_timer",
        FIVE,
        BROADCAST.replace("for peer in node.peers:", "for peer in []:")
        + """

@node.every(1)
def gossip():
    share = len(seen) / 0  # <-
    for peer in node.peers:
        node.send(peer, {"type": "share", "value": share})
"""
        + READ,
        "ZeroDivisionError",
        "timer",
    ),
    _m(
        "value_error_in_task",
        FIVE,
        BROADCAST.replace(
            '        node.send(peer, {"type": "share", "value": value})',
            "        node.spawn(tell(peer, value))",
        )
        + """

async def tell(peer, value):
    first, second = (value,)  # <-
    node.send(peer, {"type": "share", "value": first})
"""
        + SHARE
        + READ,
        "ValueError",
        "task",
    ),
    _m(
        "type_error_nested",
        ECHO,
        """

@node.on("echo")
def echo(message):
    def count():
        return len(3)  # <-

    return {"type": "echo_ok", "echo": message.body["echo"], "n": count()}
""",
        "TypeError",
        "echo",
    ),
    _m(
        "key_error_in_helper",
        ECHO,
        """
import helper


@node.on("echo")
def echo(message):
    return {"type": "echo_ok", "echo": helper.text_of(message.body)}
""",
        "KeyError",
        "echo",
        helper="""def text_of(body):
    return body["text"]  # <-
""",
    ),
    _m(
        "chained",
        ECHO,
        """

@node.on("echo")
def echo(message):
    try:
        return {"type": "echo_ok", "echo": message.body["text"]}
    except KeyError as error:
        raise ValueError("no text") from error  # <-
""",
        "ValueError",
        "no text",
    ),
    _m(
        "changed_while_iterating",
        FIVE,
        BROADCAST
        + """

@node.on("share")
def share(message):
    for value in seen:  # <-
        seen.remove(value)
    seen.add(message.body["value"])
"""
        + READ,
        "RuntimeError",
        "share",
    ),
    _m(
        "endless_recursion",
        ECHO,
        """

def again(text):
    return again(text)  # <-


@node.on("echo")
def echo(message):
    return {"type": "echo_ok", "echo": again(message.body["echo"])}
""",
        "RecursionError",
        "echo",
    ),
    _m(
        "task_group",
        ECHO,
        """

async def work():
    raise LookupError("nothing there")  # <-


@node.on("echo")
async def echo(message):
    async with asyncio.TaskGroup() as group:
        group.create_task(work())
    return {"type": "echo_ok", "echo": message.body["echo"]}
""",
        "LookupError",
        "nothing there",
    ),
    _m(
        "lost_task",
        FIVE,
        BROADCAST.replace(
            '        node.send(peer, {"type": "share", "value": value})',
            "        asyncio.create_task(tell(peer, value))",
        ).replace("def broadcast", "async def broadcast")
        + """

async def tell(peer, value):
    node.send(peer, {"type": "share", "value": vlaue})  # <-
"""
        + SHARE
        + READ,
        "NameError",
        "vlaue",
    ),
    _m(
        "assertion_in_lambda",
        ECHO,
        """
node.on("echo")(
    lambda message: {"type": "echo_ok", "echo": message.body["echo"].upper().missing}  # <-
)
""",
        "AttributeError",
        "missing",
    ),
    _m(
        "wrong_signature",
        ECHO,
        """

@node.on("echo")
def echo(message, body):  # <-
    return {"type": "echo_ok", "echo": body["echo"]}
""",
        "TypeError",
        "body",
    ),
    _m(
        "no_parameter",
        IDS,
        """

@node.on("generate")
async def generate():  # <-
    return {"type": "generate_ok", "id": 1}
""",
        "TypeError",
        "generate",
    ),
    _m(
        "wrong_keyword",
        COUNTER,
        """
kv = KV(node, "seq-kv")


@node.on("add")
async def add(message):
    await kv.cas("sum", 0, message.body["delta"], create_if_not_exists=True)  # <-
    return {"type": "add_ok"}


@node.on("read")
async def read(message):
    return {"type": "read_ok", "value": await kv.read("sum", 0)}
""",
        "TypeError",
        "create_if_not_exists",
    ),
    _m(
        "name_error_in_init",
        ECHO,
        """

@node.on_init
def begin():
    seen.add(nodeid)  # <-


@node.on("echo")
def echo(message):
    return {"type": "echo_ok", "echo": message.body["echo"]}
""",
        "NameError",
        "nodeid",
    ),
    _m(
        "unbound_in_async",
        IDS,
        """
last = 0


@node.on("generate")
async def generate(message):
    last = last + 1  # <-
    return {"type": "generate_ok", "id": f"{node.node_id}-{last}"}
""",
        "UnboundLocalError",
        "last",
    ),
    _m(
        "attribute_of_module",
        ECHO,
        """

@node.on("echo")
def echo(message):
    return {"type": "echo_ok", "echo": message.bdoy["echo"]}  # <-
""",
        "AttributeError",
        "bdoy",
    ),
    _m(
        "crash_at_start",
        ECHO,
        """
table = {}
table["missing"]  # <-


@node.on("echo")
def echo(message):
    return {"type": "echo_ok", "echo": message.body["echo"]}
""",
        "KeyError",
        "start",
    ),
    _m(
        "broken_helper",
        ECHO,
        """
import helper


@node.on("echo")
def echo(message):
    return {"type": "echo_ok", "echo": message.body["echo"]}
""",
        "SyntaxError",
        helper="""def begin(:  # <-
    pass
""",
    ),
    _m(
        "exits",
        ECHO,
        """
import sys


@node.on("echo")
def echo(message):
    sys.exit(3)  # <-
""",
        "exit",
    ),
    # Handlers for another type.
    _m(
        "misspelt_request",
        FIVE,
        BROADCAST.replace('"broadcast")', '"brodcast")') + SHARE + READ,
        "broadcast",
        "no handler",
        "brodcast",
    ),
    _m(
        "case_of_handler",
        G_SET,
        """

@node.on("add")
def add(message):
    seen.add(message.body["element"])
    for peer in node.peers:
        node.send(peer, {"type": "Replicate", "element": message.body["element"]})
    return {"type": "add_ok"}


@node.on("replicate")
def replicate(message):  # <-
    seen.add(message.body["element"])


@node.on("read")
def read(message):
    return {"type": "read_ok", "value": sorted(seen)}
""",
        "Replicate",
        "no handler",
    ),
    _m(
        "rpc_without_handler",
        FIVE,
        """

@node.on("broadcast")
async def broadcast(message):
    value = message.body["message"]
    seen.add(value)
    for peer in node.peers:
        await node.rpc(peer, {"type": "gossip", "value": value})
    return {"type": "broadcast_ok"}
"""
        + SHARE
        + READ,
        "gossip",
        "no handler",
    ),
    _m(
        "no_topology",
        FIVE,
        BROADCAST + SHARE + READ.split('\n\n\n@node.on("topology")')[0] + "\n",
        "topology",
        "no handler",
    ),
    _m(
        "class_with_misspelt",
        ECHO,
        """

class Server:
    handlers = {"Echo": lambda message: {"type": "echo_ok", "echo": message.body["echo"]}}


for kind, handler in Server.handlers.items():
    node.on(kind)(handler)
""",
        "echo",
        "no handler",
    ),
    # Coroutines that nobody awaits.
    _m(
        "forgot_in_timer",
        FIVE,
        BROADCAST.replace("for peer in node.peers:", "for peer in []:")
        + """

async def gossip_to(peer):
    for value in seen:
        node.send(peer, {"type": "share", "value": value})


@node.every(0.5)
def gossip():
    for peer in node.peers:
        gossip_to(peer)  # <-
"""
        + SHARE
        + READ,
        "await",
        "gossip_to",
    ),
    _m(
        "forgot_kv_write",
        COUNTER,
        """
kv = KV(node, "seq-kv")


@node.on("add")
async def add(message):
    kv.write("sum", message.body["delta"])  # <-
    return {"type": "add_ok"}


@node.on("read")
async def read(message):
    return {"type": "read_ok", "value": await kv.read("sum", 0)}
""",
        "await",
        "write",
    ),
    _m(
        "forgot_in_variable",
        FIVE,
        """

@node.on("broadcast")
async def broadcast(message):
    value = message.body["message"]
    seen.add(value)
    replies = [node.rpc(peer, {"type": "share", "value": value}) for peer in node.peers]  # <-
    return {"type": "broadcast_ok"}


@node.on("share")
def share(message):
    seen.add(message.body["value"])
    return {"type": "share_ok"}
"""
        + READ,
        "await",
        "rpc",
    ),
    _m(
        "forgot_and_used",
        COUNTER,
        """
kv = KV(node, "seq-kv")


@node.on("add")
async def add(message):
    await kv.update("sum", lambda total: total + message.body["delta"], 0)
    return {"type": "add_ok"}


@node.on("read")
async def read(message):
    total = kv.read("sum", 0)
    return {"type": "read_ok", "value": total + 0}  # <-
""",
        "TypeError|await",
        "coroutine",
    ),
    _m(
        "forgot_helper_of_own",
        ECHO,
        """

async def answer(message):
    return {"type": "echo_ok", "echo": message.body["echo"]}


@node.on("echo")
def echo(message):
    return answer(message)  # <-
""",
        "await",
        "echo",
        "coroutine",
    ),
    # Loops that bind late.
    _m(
        "late_def",
        FIVE,
        """

@node.on("broadcast")
def broadcast(message):
    value = message.body["message"]
    seen.add(value)
    for peer in node.peers:

        async def tell():  # <-
            await retry(lambda: node.rpc(peer, {"type": "share", "value": value}))

        node.spawn(tell())
    return {"type": "broadcast_ok"}


@node.on("share")
def share(message):
    seen.add(message.body["value"])
    return {"type": "share_ok"}
"""
        + READ,
        "peer",
        "never",
    ),
    _m(
        "late_in_gather",
        G_SET.replace("count 3", "count 5"),
        """

@node.on("add")
async def add(message):
    element = message.body["element"]
    seen.add(element)
    tasks = [
        retry(lambda: node.rpc(peer, {"type": "new", "element": element}))  # <-
        for peer in node.peers
    ]
    await asyncio.gather(*tasks)
    return {"type": "add_ok"}


@node.on("new")
def new(message):
    seen.add(message.body["element"])
    return {"type": "new_ok"}


@node.on("read")
def read(message):
    return {"type": "read_ok", "value": sorted(seen)}
""",
        "peer",
        "never",
    ),
    # Replies that fit no request.
    _m(
        "text_in_reply_to",
        ECHO,
        """

@node.on("echo")
def echo(message):
    body = {"type": "echo_ok", "echo": message.body["echo"]}
    body["in_reply_to"] = str(message.body["msg_id"])
    node.send(message.src, body)
""",
        "in_reply_to",
        "text",
    ),
    _m(
        "own_number_in_reply_to",
        IDS,
        """
count = 0


@node.on("generate")
def generate(message):
    global count
    count += 1
    body = {"type": "generate_ok", "id": f"{node.node_id}-{count}", "in_reply_to": count + 100}
    node.send(message.src, body)
""",
        "in_reply_to",
    ),
    _m(
        "msg_id_for_in_reply_to",
        COUNTER,
        """

@node.on("add")
def add(message):
    node.send(message.src, {"type": "add_ok", "msg_id": message.body["msg_id"]})


@node.on("read")
def read(message):
    return {"type": "read_ok", "value": 0}
""",
        "in_reply_to",
        "add",
    ),
    _m(
        "answers_too_late",
        ECHO,
        """

@node.on("echo")
async def echo(message):
    await asyncio.sleep(6)
    return {"type": "echo_ok", "echo": message.body["echo"]}
""",
        "echo",
        "given up|after 6|not answered|never answered|not heard",
    ),
    # Something else than a body.
    _m(
        "returns_list",
        FIVE,
        BROADCAST
        + SHARE
        + READ.replace(
            'return {"type": "read_ok", "messages": sorted(seen)}', "return sorted(seen)  # <-"
        ),
        "read",
        "dict|body|mapping|object",
    ),
    _m(
        "returns_true",
        G_SET,
        """

@node.on("add")
def add(message):
    seen.add(message.body["element"])
    return True  # <-


@node.on("read")
def read(message):
    return {"type": "read_ok", "value": sorted(seen)}
""",
        "add",
        "dict|body|mapping|object",
    ),
    _m(
        "returns_pair",
        IDS,
        """

@node.on("generate")
async def generate(message):
    return "generate_ok", {"id": 3}  # <-
""",
        "generate",
        "dict|body|mapping|object",
    ),
    _m(
        "replies_with_text",
        ECHO,
        """

@node.on("echo")
def echo(message):
    node.reply(message, message.body["echo"])  # <-
""",
        "echo",
        "dict|body|mapping|object",
    ),
    # Loops without end.
    _m(
        "spins_in_timer",
        FIVE,
        BROADCAST
        + SHARE
        + """

@node.every(1)
def wait_for_all():
    while len(seen) < 10_000:  # <-
        pass
"""
        + READ,
        "await|loop",
        "hangs",
    ),
    _m(
        "spins_on_the_clock",
        ECHO,
        """

@node.on("echo")
def echo(message):
    begin = time.time()
    while time.time() < begin + 0.1:  # <-
        pass
    return {"type": "echo_ok", "echo": message.body["echo"]}
""",
        "echo",
        "await|loop",
    ),
    _m(
        "spins_with_sleep_zero",
        ECHO,
        """
ready = False


@node.on("echo")
async def echo(message):
    while not ready:
        await asyncio.sleep(0)  # <-
    return {"type": "echo_ok", "echo": message.body["echo"]}
""",
        "echo",
        "await|loop",
    ),
    _m(
        "waits_on_a_lock",
        ECHO,
        """
import threading

lock = threading.Lock()


@node.on("echo")
def echo(message):
    lock.acquire()  # <-
    return {"type": "echo_ok", "echo": message.body["echo"]}
""",
        "echo",
        "hangs",
    ),
    _m(
        "spins_in_helper",
        ECHO,
        """
import helper


@node.on("echo")
def echo(message):
    helper.spin()
    return {"type": "echo_ok", "echo": message.body["echo"]}
""",
        "echo",
        "await|loop",
        helper="""def spin():
    count = 0
    while True:  # <-
        count += 1
""",
    ),
    # Storms.
    _m(
        "storm_of_shares",
        FIVE,
        BROADCAST
        + """

@node.on("share")
def share(message):
    seen.add(message.body["value"])
    for peer in node.peers:
        node.send(peer, message.body)  # <-
"""
        + READ,
        "share",
        "under way|flood",
    ),
    _m(
        "ping_pong",
        FIVE,
        BROADCAST
        + """

@node.on("share")
def share(message):
    seen.add(message.body["value"])
    node.send(message.src, {"type": "share", "value": message.body["value"]})
"""
        + READ,
        "share",
        "under way|flood",
    ),
    _m(
        "repeats_what_was_answered",
        FIVE,
        """
from glomers.node import RPCError


async def deliver(peer, value):
    while True:
        try:
            await node.rpc(peer, {"type": "share", "value": value})  # <-
        except RPCError:
            await asyncio.sleep(0.5)


@node.on("broadcast")
def broadcast(message):
    seen.add(message.body["message"])
    for peer in node.peers:
        node.spawn(deliver(peer, message.body["message"]))
    return {"type": "broadcast_ok"}


@node.on("share")
def share(message):
    seen.add(message.body["value"])
    return {"type": "share_ok"}
"""
        + READ,
        "share",
        "reply to a `share`",
    ),
    _m(
        "storm_async",
        G_SET,
        """

@node.on("add")
def add(message):
    seen.add(message.body["element"])
    for peer in node.peers:
        node.send(peer, {"type": "new", "element": message.body["element"]})
    return {"type": "add_ok"}


@node.on("new")
async def new(message):
    element = message.body["element"]
    seen.add(element)
    await asyncio.sleep(0.001)
    for peer in node.peers:
        node.send(peer, {"type": "new", "element": element})


@node.on("read")
def read(message):
    return {"type": "read_ok", "value": sorted(seen)}
""",
        "new",
        "under way|flood",
    ),
    _m(
        "sends_without_end",
        ECHO,
        """

@node.on("echo")
def echo(message):
    while True:
        node.send(node.node_id, {"type": "more"})  # <-
""",
        "more",
        "under way|flood",
    ),
    # Bodies that are shared.
    _m(
        "reused_body_of_add",
        G_SET,
        """

@node.on("add")
def add(message):
    body = message.body
    seen.add(body["element"])
    body["type"] = "add_ok"
    return body  # <-


@node.on("read")
def read(message):
    return {"type": "read_ok", "value": sorted(seen)}
""",
        "add",
        "element",
    ),
    _m(
        "reused_body_of_txn",
        f"{TXN} {CALM}",
        """
store = {}


@node.on("txn")
def txn(message):
    body = dict(message.body)
    for step in body["txn"]:
        if step[0] == "w":
            store[step[1]] = step[2]
        else:
            step[2] = store.get(step[1])
    body["node"] = node.node_id
    body["type"] = "txn_ok"
    return body  # <-
""",
        "txn",
        "node",
    ),
    # Promises of other workloads.
    _m(
        "same_ids",
        IDS,
        """
count = 0


@node.on("generate")
def generate(message):
    global count
    count += 1
    return {"type": "generate_ok", "id": count}  # <-
""",
        "gave the id",
        "more than once",
    ),
    _m(
        "wrong_echo",
        ECHO,
        """

@node.on("echo")
def echo(message):
    return {"type": "echo_ok", "echo": message.body["echo"].upper()}  # <-
""",
        "echoed",
        "PLEASE",
    ),
    _m(
        "local_registers",
        REGISTER,
        """
store = {}


@node.on("read")
async def read(message):
    await asyncio.sleep(0.05)
    key = message.body["key"]
    if key not in store:
        raise RPCError(ErrorCode.KEY_DOES_NOT_EXIST, "no such key")
    return {"type": "read_ok", "value": store[key]}


@node.on("write")
async def write(message):
    await asyncio.sleep(0.05)
    store[message.body["key"]] = message.body["value"]
    return {"type": "write_ok"}


@node.on("cas")
async def cas(message):
    await asyncio.sleep(0.05)
    key = message.body["key"]
    if store.get(key) != message.body["from"]:
        raise RPCError(ErrorCode.PRECONDITION_FAILED, "it is another")
    store[key] = message.body["to"]
    return {"type": "cas_ok"}
""",
        "[Nn]o order explains",
        "acknowledged|answered",
    ),
    _m(
        "offsets_from_one",
        LOG,
        """
logs = {}


@node.on("send")
def send(message):
    log = logs.setdefault(message.body["key"], [])
    log.append(message.body["msg"])
    return {"type": "send_ok", "offset": len(log)}


@node.on("poll")
def poll(message):
    msgs = {
        key: [[i, m] for i, m in enumerate(logs.get(key, [])) if i >= offset]
        for key, offset in message.body["offsets"].items()
    }
    return {"type": "poll_ok", "msgs": msgs}


@node.on("commit_offsets")
def commit(message):
    return {"type": "commit_offsets_ok"}


@node.on("list_committed_offsets")
def committed(message):
    return {"type": "list_committed_offsets_ok", "offsets": {}}
""",
        "[Oo]ffset",
        "several messages|stands in",
    ),
    _m(
        "forgets_what_it_wrote",
        f"{TXN} --consistency-models serializable",
        """

@node.on("txn")
def txn(message):
    return {"type": "txn_ok", "txn": message.body["txn"]}
""",
        "did not see|read",
        "internal",
    ),
]
