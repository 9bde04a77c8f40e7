"""The bench where nothing but Python is: in WebAssembly it does what it does here, to the byte."""

import base64
import io
import zipfile

import pytest

from tests.helpers.places import SOLUTIONS
from tests.helpers.webassembly import answers_here, answers_in_webassembly

HANGS = """
from glomers.node import Node

node = Node()


@node.on("echo")
def echo(message):
    while True:
        pass


node.run()
"""
WRONG_REPLY = (SOLUTIONS / "echo.py").read_text(encoding="utf-8").replace("echo_ok", "eco_ok")
CRASHES = HANGS.replace("while True:\n        pass", "return undefined")
COMMANDS = {
    "echo": ("echo", "-w echo --node-count 1 --time-limit 4"),
    "ids": ("unique_ids", "-w unique-ids --node-count 3 --rate 200 --time-limit 2"),
    "ids that are sorted": (
        "unique_ids_ordered",
        "-w unique-ids --node-count 3 --rate 100 --time-limit 3 --nemesis partition",
    ),
    "gossip that survives": (
        "broadcast_retry",
        "-w broadcast --node-count 5 --rate 10 --time-limit 8 --nemesis partition",
    ),
    "gossip that does not": (
        "broadcast_all",
        "-w broadcast --node-count 5 --rate 10 --time-limit 8 --nemesis partition",
    ),
    "many nodes": (
        "broadcast_rounds",
        "-w broadcast --node-count 25 --rate 50 --time-limit 3 --latency 100",
    ),
    "a counter": (
        "counter_delta",
        "-w g-counter --node-count 3 --rate 50 --time-limit 5 --nemesis partition,kill",
    ),
    "a log": ("log_ordered", "-w kafka --node-count 2 --concurrency 2n --rate 100 --time-limit 3"),
    "transactions": (
        "txn_causal",
        "-w txn-rw-register --node-count 3 --concurrency 2n --rate 100 --time-limit 3 "
        "--consistency-models read-committed --nemesis partition --final-reads",
    ),
}
CHANGING = ("jepsen.log",)
"""Files with the time of day in them, in the name of the store."""


def _run(source, flags):
    return {
        "kind": "run",
        "files": {"nodes/node.py": source},
        "command": f"test {flags} --bin nodes/node.py",
        "seed": 3,
        "challenge": None,
    }


REQUESTS = [
    *[
        request
        for name, flags in COMMANDS.values()
        for request in (
            _run((SOLUTIONS / f"{name}.py").read_text(encoding="utf-8"), flags),
            {"kind": "store"},
        )
    ],
    _run(HANGS, "-w echo --node-count 1 --time-limit 2"),
    _run(CRASHES, "-w echo --node-count 1 --time-limit 2"),
    {
        "kind": "explore",
        "files": {"node.py": (SOLUTIONS / "broadcast_all.py").read_text(encoding="utf-8")},
        "command": "test -w broadcast --node-count 3 --time-limit 4 --nemesis partition "
        "--bin node.py",
        "seeds": 3,
    },
    {
        "kind": "check",
        "files": {"node.py": (SOLUTIONS / "echo.py").read_text(encoding="utf-8")},
        "node": "node.py",
        "challenge": "1",
        "seeds": 3,
    },
    {
        "kind": "check",
        "files": {"node.py": WRONG_REPLY},
        "node": "node.py",
        "challenge": "1",
        "seeds": 3,
    },
]


@pytest.fixture(scope="module")
def replies(tmp_path_factory):
    there = answers_in_webassembly(REQUESTS, tmp_path_factory.mktemp("there"))
    return there, answers_here(REQUESTS, tmp_path_factory.mktemp("here"))


def _files(reply):
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(reply["zip"]))) as archive:
        names = [name.partition("/")[2] for name in archive.namelist()]
        contents = map(archive.read, archive.namelist())
        return {n: c for n, c in zip(names, contents, strict=True) if n not in CHANGING}


@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(COMMANDS)), ids=COMMANDS)
def test_history_journal_and_pictures_are_the_same_to_the_byte(replies, number):
    there, here = (each[2 * number : 2 * number + 2] for each in replies)
    assert _files(there[1]) == _files(here[1])
    assert {"history.edn", "messages.svg", "net-journal/messages.jsonl"} <= set(_files(here[1]))
    for reply in (there[0], here[0]):
        reply.pop("printed")  # which names the store
    assert there[0] == here[0]


@pytest.mark.slow
def test_a_node_that_hangs_is_interrupted_and_the_finding_says_where(replies):
    for reply in (each[2 * len(COMMANDS)] for each in replies):
        assert reply["valid"] is None
        finding = reply["findings"][0]
        assert "hangs" in finding["sentence"]
        assert finding["place"][0] == "node.py"
        assert finding["place"][1] in (9, 10)


@pytest.mark.slow
@pytest.mark.parametrize(
    "number", [1, 2, 3, 4], ids=["crash", "exploration", "check", "failed check"]
)
def test_other_requests_are_answered_alike(replies, number):
    there, here = (each[2 * len(COMMANDS) + number] for each in replies)
    for reply in (there, here):
        reply.pop("printed", None)
    if "told" in here:
        assert here["told"]["passed"] is (number == 3)
        assert bool(here["told"]["advice"]) is (number == 4)
        for name in ("stages", "findings", "advice", "proof"):
            assert there["told"][name] == here["told"][name]
    elif "rows" in here:
        assert there == here
        assert any(row["outcome"] == "fail" for row in here["rows"])
        assert here["picture"]["svg"].startswith("<svg")
    else:
        assert there["findings"] == here["findings"]
        assert ["node.py", 9] in [finding["place"] for finding in here["findings"]]
