"""Nodes that harm whoever runs them, and nodes that want to pass without doing what is asked."""

from __future__ import annotations

ECHO = """
import ctypes, os, re, signal, sys
from glomers.node import Node

node = Node()
BEFORE


@node.on("echo")
def echo(message):
    IN_HANDLER
    return {"type": "echo_ok", "echo": message.body["echo"]}


if __name__ == "__main__":
    node.run()
"""


def _echo(before: str = "", in_handler: str = "pass") -> str:
    return ECHO.replace("BEFORE", before).replace("IN_HANDLER", in_handler)


HARMFUL = {
    "hangs": _echo("while True: pass"),
    "hangs-deaf": _echo(
        "signal.signal(signal.SIGALRM, signal.SIG_IGN)", "re.match('(a+)+$', 'a' * 60 + 'b')"
    ),
    "forks": _echo("while True: os.fork()"),
    "forks-in-c": _echo("assert all(ctypes.CDLL(None).fork() == 0 for _ in range(99))"),
    "floods-stderr": _echo("while True: sys.stderr.write('x' * 9999)"),
    "floods-messages": _echo(in_handler="[node.send('n0', {'type': 'x'}) for _ in iter(int, 1)]"),
    "fills-memory": _echo("hoard = [bytearray(1 << 20) for _ in iter(int, 1)]"),
    "fills-disk": _echo("open('/tmp/villain-was-here', 'w').write('x' * (1 << 30))"),
    "kills": _echo("os.kill(-1, 9)"),
    "stops-parent": _echo("os.kill(os.getppid(), 19)"),
    "reads-home": _echo("raise ValueError(open(SECRET).read())"),
    "names-file": _echo("sys.stderr.write(TRACEBACK)", "raise SystemExit(1)"),
    "prints-markup": _echo(in_handler="return {'type': MARKUP, 'echo': MARKUP}"),
    "is-no-python": "\0\1\2 this is no Python \U0001f600",
    "is-empty": "",
}
"""Nodes for challenge 1, none of which passes."""

_BROADCAST = """
import ctypes, gc, glob, os, signal, socket, sys, tempfile
from glomers.node import Node

node = Node()
HOW


@node.on("topology")
def topology(message):
    return {"type": "topology_ok"}


@node.on("broadcast")
def broadcast(message):
    put(message.body["message"])
    return {"type": "broadcast_ok"}


@node.on("read")
def read(message):
    return {"type": "read_ok", "messages": get()}


if __name__ == "__main__":
    node.run()
"""

_FOLDER = """
FOLDER = PLACE + "/shared-by-villains"
os.makedirs(FOLDER, exist_ok=True)
def put(value):
    open(f"{FOLDER}/{value}", "w").close()
def get():
    return [int(name) for name in os.listdir(FOLDER)]
"""
_LOCAL = """
values = set()
def put(value):
    values.add(value)
def get():
    return list(values)
"""


def _broadcast(how: str) -> str:
    return _BROADCAST.replace("HOW", how)


SHARES_INTERPRETER = _broadcast("""
shared = sys.__dict__.setdefault("villain", set())
@node.on_init
def forget_other_runs():
    shared.clear()
def put(value):
    shared.add(value)
def get():
    return list(shared)
""")

FORGERS = {
    "shares-interpreter": SHARES_INTERPRETER,
    "shares-tmp": _broadcast(_FOLDER.replace("PLACE", "'/tmp'")),
    "shares-dev-shm": _broadcast(_FOLDER.replace("PLACE", "'/dev/shm'")),
    "shares-own-folder": _broadcast(_FOLDER.replace("PLACE", "os.path.dirname(__file__)")),
    "shares-memory": _broadcast("""
libc = ctypes.CDLL(None)
libc.shmat.restype = ctypes.c_void_p
number = libc.shmget(4711, 1 << 16, 0o1666)
table = (ctypes.c_char * (1 << 16)).from_address(libc.shmat(number, None, 0))
def put(value):
    table[value] = 1
def get():
    return [value for value in range(1 << 16) if table[value] != b"\\0"]
"""),
    "shares-socket": _broadcast("""
values = set()
own = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
own.setblocking(False)
@node.on_init
def bind():
    own.bind("\\0villain" + node.node_id)
def put(value):
    values.add(value)
    for peer in node.peers:
        own.sendto(str(value).encode(), "\\0villain" + peer)
def get():
    while True:
        try:
            values.add(int(own.recv(99)))
        except BlockingIOError:
            return list(values)
"""),
    "signals-peers": _broadcast("""
values = set()
def put(value):
    values.add(value)
    for pid in range(2, 40):
        ctypes.CDLL(None).kill(pid, 10)
def get():
    raise RuntimeError("nobody can be asked")
"""),
    "finds-the-bench": _broadcast("""
def hosts():
    return [each for each in gc.get_objects() if type(each).__name__ == "Network"]
def put(value):
    for network in hosts():
        network.__dict__.setdefault("villain", set()).add(value)
def get():
    return [value for network in hosts() for value in network.__dict__.get("villain", ())]
"""),
    "patches-a-checker": _broadcast(
        "from glomers.bench import lifecycle\nlifecycle.check_run = lambda *a: {}\n" + _LOCAL
    ),
    "forges-results": _broadcast(
        "for name in ('results.json', '../results.json', '../../../grades.csv'):\n"
        "    try: open(os.path.join(os.path.dirname(__file__), name), 'w').write('pass')\n"
        "    except OSError: pass\n" + _LOCAL
    ),
    "knows-the-names": _broadcast(
        _LOCAL + "@node.on('share')\ndef share(message):\n    values.add(message.body['v'])\n"
        "def put(value):\n    values.add(value)\n"
        "    for peer in ('n0', 'n1', 'n2', 'n3', 'n4'):\n"
        "        if peer in node.node_ids: node.send(peer, {'type': 'share', 'v': value})\n"
    ),
    "answers-from-the-request": _broadcast(
        "last = []\ndef put(value):\n    last[:] = [value]\n"
        "def get():\n    return list(range(last[-1] + 1)) if last else []\n"
    ),
    "imports-a-solution": "from glomers.solutions import broadcast_all as it\nit.node.run()\n",
    "reads-a-solution": (
        "import glomers, os\nfolder = os.path.dirname(glomers.__file__) + '/solutions'\n"
        "exec(open(os.path.join(folder, 'broadcast_all.py')).read())\n"
    ),
    "reads-an-answer": (
        "import glomers, os\nfolder = os.path.dirname(glomers.__file__) + '/workshop'\n"
        "exec(open(os.path.join(folder, 'answers', 'my_3b.py')).read())\n"
    ),
    "speaks-as-a-client": _broadcast("""
values = set()
@node.on("share")
def share(message):
    values.add(message.body["v"])
def put(value):
    values.add(value)
    for peer in node.peers:
        own, node.node_id = node.node_id, "c0"
        node.send(peer, {"type": "share", "v": value})
        node.node_id = own
def get():
    return list(values)
"""),
    "writes-past-the-runtime": _broadcast(
        _LOCAL + "for number in range(3, 9):\n"
        "    try: os.write(number, b'{\"wake\":null}\\n')\n    except OSError: pass\n"
    ),
}
"""Nodes for challenge 3b that do not do what is asked, none of which passes."""
