"""One bad line silences a node for good, as on Maelstrom; what is legal there is legal here.

What Maelstrom's reader takes was tried with it (Clojure 1.11, Cheshire 5.11, Schema 1.2).
"""

import json
import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glomers.bench.clock import VirtualClock
from glomers.bench.closing import silenced_lines
from glomers.bench.hosts import Outgoing, Silenced
from glomers.bench.hosts.node_lines import BadLine, read_message
from glomers.bench.hosts.process import _split
from glomers.bench.workloads.workload import Workload
from glomers.formats.edn import kw
from glomers.formats.edn_reader import loads as edn_loads
from glomers.formats.history import read_history
from glomers.formats.journal import read_journal
from glomers.protocol import loads
from tests.helpers import programs
from tests.helpers.bench import ECHO, SHORT

BOTH_CLOCKS = pytest.mark.parametrize("clock", ["virtual", "real"])
ANSWER = '    return {"type": "echo_ok", "echo": message.body["echo"]}'
HEAD = '{"src":"n0","dest":"c1"'
BIG = 2**100
JOURNAL = "net-journal/messages.jsonl"


def body_of(line):
    """The body of the message in a line; what is passed on has the same one."""
    src, dest, body, passed_on = read_message(line if isinstance(line, bytes) else line.encode())
    assert (src, dest) == ("n0", "c1")
    again = loads(passed_on)
    assert again["body"] == body
    assert again.keys() == {"src", "dest", "body"}
    return body


LEGAL = {
    HEAD + ',"body":{"x":1}}': {"x": 1},
    " \t" + HEAD + ',"body":{}} \r': {},
    HEAD + "}": {},
    HEAD + ',"body":null}': {},
    HEAD + ',"body":[]}': {},
    HEAD + ',"body":""}': {},
    HEAD + ',"body":{},"id":7}': {},
    HEAD + f',"body":{{"x":{BIG}}},"id":{BIG}}}': {"x": BIG},
    HEAD + ',"body":{}} {"src":5}': {},
    HEAD + ',"body":{"x":1}}}': {"x": 1},
    HEAD + ',"body":{}}garbage': {},
    HEAD + ',"body":{"a":1,"a":2}}': {"a": 2},
    HEAD + ',"body":{"x":"a\tb\x01"}}': {"x": "a\tb\x01"},
    HEAD + ',"body":{"x":"\\ud800"}}': {"x": "?"},
    HEAD + ',"body":{"x":-0}}': {"x": 0},
}
ILLEGAL = {
    "": "which is not JSON",
    "  ": "which is not JSON",
    "debug": "which is not JSON",
    "NaN": "which is not JSON",
    "\ufeff" + HEAD + "}": "which is not JSON",
    "\xa0" + HEAD + "}": "which is not JSON",
    HEAD: "which is not JSON",
    HEAD + ",}": "which is not JSON",
    HEAD + ',"body":{"x":NaN}}': "which is not JSON",
    HEAD + ',"body":{"x":-Infinity}}': "which is not JSON",
    HEAD + ',"body":{"x":01}}': "which is not JSON",
    HEAD + f',"body":{{"x":{10**1000}}}}}': "which is not JSON",
    HEAD.replace('"', "'") + "}": "which is not JSON",
    "null": "it is not a JSON object",
    "5": "it is not a JSON object",
    "[]": "it is not a JSON object",
    '"text"': "it is not a JSON object",
    "{}": "its 'src' is missing or not a string",
    '{"src":"n0"}': "its 'dest' is missing or not a string",
    '{"src":null,"dest":"c1","body":{}}': "its 'src' is missing or not a string",
    '{"src":"n0","dest":["c1"],"body":{}}': "its 'dest' is missing or not a string",
    HEAD + ',"body":5}': "its 'body' is not an object",
    HEAD + ',"body":false}': "its 'body' is not an object",
    HEAD + ',"body":0}': "its 'body' is not an object",
    HEAD + ',"body":"text"}': "its 'body' is not an object",
    HEAD + ',"body":[1]}': "its 'body' is not an object",
    HEAD + ',"body":{},"time":7}': "it has 'time' beside 'src', 'dest', 'body' and 'id'",
    HEAD + ',"body":{},"ID":7}': "it has 'ID' beside",
    HEAD + ',"body":{},"id":7.0}': "its 'id' is not an integer",
    HEAD + ',"body":{},"id":null}': "its 'id' is not an integer",
    HEAD + ',"body":{},"id":true}': "its 'id' is not an integer",
    HEAD + ',"body":{},"id":"7"}': "its 'id' is not an integer",
}


@pytest.mark.parametrize("line", LEGAL)
def test_what_is_legal_on_maelstrom_is_legal(line):
    assert repr(body_of(line)) == repr(LEGAL[line])


def test_bytes_that_are_no_text_become_question_marks_in_a_message():
    assert body_of(HEAD.encode() + b',"body":{"x":"\xff"}}') == {"x": "\ufffd"}


@pytest.mark.parametrize("line", ILLEGAL)
def test_what_is_illegal_on_maelstrom_is_illegal_and_says_why(line):
    with pytest.raises(BadLine, match="which is") as refused:
        read_message(line.encode())
    assert ILLEGAL[line] in str(refused.value)


LINES = st.lists(st.sampled_from(["", "n0> hello", HEAD + "}", HEAD + ',"body":{"x":1}}']))


@given(LINES)
def test_what_comes_after_the_first_bad_line_is_never_looked_at(lines):
    sent, warned = [], []
    times = iter(range(100))
    outgoing = Outgoing("n0", lambda *parts: sent.append(parts), warned.append, lambda: next(times))
    for line in lines:
        outgoing.line(line.encode())
    good = [line.startswith(HEAD) for line in lines]
    first_bad = good.index(False) if False in good else len(good)
    assert len(sent) == first_bad
    assert len(warned) == (first_bad < len(lines))
    assert next(times) == len(warned)  # the time is asked for once, when it happens
    if warned:
        assert outgoing.silenced is not None
        assert warned == [str(outgoing.silenced)]


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_lines_end_as_in_java(ends):
    data = ends.join(["one", "two", "", "three"]).encode() + b"\n"
    assert _split(data + b"fo\rur") == ([b"one", b"two", b"", b"three"], b"fo\rur")


# Whole runs

GARBAGE = "print('debugging', file=sys.__stdout__, flush=True)"
BAD_IN_THE_MIDDLE = {
    "an unknown destination": "node.send('n99', {'type': 'hello'})",
    "no name at all": "node.send(None, {'type': 'hello'})",
    "no object": "node.send(node.node_id, [1])",
    "another name of its own": "node.node_id = 'n7'; node.send('n0', {'type': 'hello'})",
    "an empty line": "node._emit(b'')",
    "an extra key": 'node._emit(b\'{"src":"n0","dest":"n0","body":{},"at":1}\')',
}


def counts_of(outcome):
    """How often operations ended in which way."""
    history = read_history(outcome.store / "history.edn")
    return {kind: sum(op.type == kind for op in history) for kind in ("invoke", "ok", "info")}


@pytest.mark.slow
@BOTH_CLOCKS
@pytest.mark.parametrize("kind", BAD_IN_THE_MIDDLE)
def test_a_node_is_silent_from_its_first_bad_line_on(bench, monkeypatch, clock, kind):
    monkeypatch.setattr(Workload, "timeout_s", 1.0)
    source = f"count = 0\n{ECHO}".replace(
        "def echo(message):",
        "def echo(message):\n    global count\n    count += 1\n"
        f"    if count == 5:\n        {BAD_IN_THE_MIDDLE[kind]}",
    )
    flags = ("--node-count", "1", "--time-limit", "2", "--rate", "20", "--clock", clock)
    outcome = bench.test(bench.node(source), *flags)
    counts = counts_of(outcome)
    assert counts["ok"] == 4
    assert counts["info"] == counts["invoke"] - 4 > 0
    warned = [line for line in outcome.err.splitlines() if "is not heard any more" in line]
    assert len(warned) == 1
    sentence = re.sub(r" \(node\.py:\d+\)$", "", warned[0].removeprefix("WARN "))
    assert sentence.startswith("n0 is not heard any more from ")
    assert f"Silenced: {sentence}" in outcome.out
    assert outcome.read("jepsen.log").count(sentence) == 2
    (kept,) = json.loads(outcome.read("bench.json"))["silenced"]
    assert str(Silenced(**kept)) == sentence
    sent = (event for event in read_journal(outcome.store / JOURNAL) if event.message)
    times_ns = [event.time_ns for event in sent if event.message["src"] == "n0"]
    assert max(times_ns) < kept["time_ns"]


def test_its_requests_still_reach_a_node_that_is_silent(bench, monkeypatch):
    monkeypatch.setattr(Workload, "timeout_s", 0.2)
    source = ECHO.replace(ANSWER, f"    node._emit(b'')\n    print('read it')\n{ANSWER}")
    outcome = bench.test(bench.node(source), *SHORT, "--rate", "10")
    assert outcome.read("node-logs/n0.log").count("read it") == counts_of(outcome)["invoke"] > 1


def test_of_many_nodes_that_are_silent_the_first_are_named():
    lines = silenced_lines([Silenced(f"n{i}", i, "x", "which is not JSON") for i in range(7)])
    assert lines[0].startswith("Silenced: n0 is not heard any more from 0.000 s on")
    assert lines[5:] == ["Silenced: 2 more; jepsen.log names them all"]


@pytest.mark.slow
@BOTH_CLOCKS
def test_a_print_before_the_node_runs_goes_to_stdout_and_one_in_a_handler_does_not(
    bench, monkeypatch, clock
):
    monkeypatch.setattr("glomers.bench.cluster.INIT_TIMEOUT_S", 1.0)
    flags = (*SHORT, "--clock", clock)
    for early in ("print('starting')", "print('starting', end='')"):
        outcome = bench.test(bench.node(f"{early}\n{ECHO}"), *flags)
        assert outcome.status == 255
        assert "Node n0 did not answer" in outcome.err
        assert outcome.err.count("it wrote 'starting") == 1  # at once
        assert "starting" in outcome.out.partition("What went wrong:")[2]
    fine = f"import sys\nprint('starting', file=sys.stderr)\n{ECHO}"
    outcome = bench.test(bench.node(fine.replace(ANSWER, f"    print('ok')\n{ANSWER}")), *flags)
    assert outcome.status == 0
    assert "starting" in outcome.read("node-logs/n0.log")


LATE = """
import asyncio
from glomers.node import Node

node = Node()
count = 0


@node.on("KIND")
async def answer(message):
    global count
    count += 1
    mine = count
    if mine == 5:
        await asyncio.sleep(DELAY)
    return {"type": "KIND_ok", **REST}


node.run()
"""


def late(kind, delay_s, rest):
    return LATE.replace("KIND", kind).replace("DELAY", str(delay_s)).replace("REST", rest)


LATE_ECHO = late("echo", 0.7, '{"echo": message.body["echo"]}')
LATE_ID = late("generate", 0.7, '{"id": mine}')


@pytest.mark.slow
@BOTH_CLOCKS
def test_a_reply_to_a_client_that_has_gone_silences(bench, monkeypatch, clock):
    monkeypatch.setattr(Workload, "timeout_s", 1.0)
    flags = ("--node-count", "1", "--time-limit", "4", "--rate", "20", "--concurrency", "2n")
    source = LATE_ECHO.replace("sleep(0.7)", "sleep(1.6)")
    outcome = bench.test(bench.node(source), *flags, "--clock", clock)
    assert "a client leaves it when its request has timed out" in outcome.err
    counts = counts_of(outcome)
    assert counts["info"] > 2
    assert counts["ok"] > 8


def test_a_client_stays_until_the_next_process_begins(bench, monkeypatch):
    monkeypatch.setattr(Workload, "timeout_s", 0.4)
    flags = ("--node-count", "1", "--time-limit", "60", "--rate", "0.3")
    outcome = bench.test(bench.node(LATE_ECHO), *flags)
    counts = counts_of(outcome)
    assert (outcome.status, counts["info"]) == (0, 1)
    assert "is not heard any more" not in outcome.err


def test_clients_of_workloads_that_keep_them_take_late_replies(bench, monkeypatch):
    monkeypatch.setattr(Workload, "timeout_s", 0.4)
    flags = ("--node-count", "1", "--time-limit", "2", "--rate", "20")
    outcome = bench.test(bench.node(LATE_ID), *flags, workload="unique-ids")
    counts = counts_of(outcome)
    assert (outcome.status, counts["info"]) == (0, 1)
    processes = [op.process for op in read_history(outcome.store / "history.edn")]
    assert set(processes) == {0, 1}, "the process is another one all the same"


TWICE = """
from glomers.node import Node

node = Node()
seen = []


@node.on("topology")
def topology(message):
    node.reply(message, {"type": "topology_ok"})
    node.spawn(again(message))


async def again(message):
    import asyncio
    await asyncio.sleep(1)
    node.reply(message, {"type": "topology_ok"})


@node.on("broadcast")
def broadcast(message):
    seen.append(message.body["message"])
    return {"type": "broadcast_ok"}


@node.on("read")
def read(message):
    return {"type": "read_ok", "messages": seen or None}


node.run()
"""


def test_the_clients_that_set_up_stay_to_the_end(bench):
    flags = ("--node-count", "1", "--time-limit", "3", "--rate", "20")
    outcome = bench.test(bench.node(TWICE), *flags, workload="broadcast")
    assert outcome.status == 0, outcome.out
    assert "is not heard any more" not in outcome.err


# Shapes of replies

SHAPES = {
    '"msg_id": None': "'msg_id' is null, not an integer",
    '"msg_id": "7"': "'msg_id' is \\\"7\\\", not an integer",
    '"msg_id": 1.0': "'msg_id' is 1.0, not an integer",
    '"msg_id": True': "'msg_id' is true, not an integer",
    '"msg_id": [1]': "'msg_id' is [1], not an integer",
}


@pytest.mark.parametrize("field", SHAPES)
def test_a_msg_id_that_is_no_integer_makes_a_reply_malformed(bench, field):
    answer = ANSWER.replace("{", f"{{{field}, ", 1)
    outcome = bench.test(bench.node(ECHO.replace(ANSWER, answer)), *SHORT)
    assert outcome.status == 1
    assert SHAPES[field] in outcome.read("history.edn")


@pytest.mark.parametrize("field", [f'"msg_id": {BIG}', '"msg_id": 0', '"msg_id": -1'])
def test_any_integer_will_do_for_a_msg_id(bench, field):
    answer = ANSWER.replace("{", f"{{{field}, ", 1)
    assert bench.test(bench.node(ECHO.replace(ANSWER, answer)), *SHORT).status == 0


NO_ANSWERS = ["float({})", "str({})", "{} == 1", "[{}]", "None", "{} + 2**80"]


@pytest.mark.parametrize("answered", NO_ANSWERS)
def test_only_the_same_integer_answers_a_request(bench, monkeypatch, answered):
    monkeypatch.setattr(Workload, "timeout_s", 0.2)
    number = answered.format('message.body["msg_id"]')
    answer = ANSWER.replace(
        "return {", f'return node.send(message.src, {{"in_reply_to": {number}, '
    )
    outcome = bench.test(bench.node(ECHO.replace(ANSWER, answer + ")")), *SHORT)
    assert outcome.status == 1
    assert counts_of(outcome)["ok"] == 0
    assert ":net-timeout" in outcome.read("history.edn")


@pytest.mark.parametrize("code", ["None", '"14"', "14.0", "True", "[1]"])
def test_an_error_whose_code_is_no_integer_may_mean_anything(bench, code):
    node = bench.node(ECHO.replace(ANSWER, f'    return {{"type": "error", "code": {code}}}'))
    outcome = bench.test(node, *SHORT)
    assert outcome.status == 1
    assert counts_of(outcome)["info"] > 0
    assert ":error [:unknown " in outcome.read("history.edn")


def test_of_the_answer_to_init_only_the_type_is_judged(bench):
    answer = 'node._emit(b\'{"src":"n0","dest":"c0","body":{"type":"init_ok",'
    source = ECHO.replace(
        "node = Node()",
        "node = Node()\n\n\n@node.on_init\ndef early():\n"
        f'    {answer}"in_reply_to":1,"msg_id":null,"colour":7}}}}\')',
    )
    assert bench.test(bench.node(source), *SHORT).status == 0


LOG = """
from glomers.node import Node

node = Node()


@node.on("send")
def send(message):
    return {"type": "send_ok", "offset": OFFSET}


@node.on("poll")
def poll(message):
    return {"type": "poll_ok", "msgs": MSGS}


@node.on("commit_offsets")
def commit(message):
    return {"type": "commit_offsets_ok"}


@node.on("list_committed_offsets")
def list_committed(message):
    return {"type": "list_committed_offsets_ok", "offsets": COMMITTED}


node.run()
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OFFSET", "1.0"),
        ("OFFSET", "None"),
        ("MSGS", "None"),
        ("MSGS", '{"0": [[0.0, 1]]}'),
        ("MSGS", '{"0": [[0, 1, 2]]}'),
        ("MSGS", '{"0": [None]}'),
        ("COMMITTED", '{key: None for key in message.body["keys"]}'),
        ("COMMITTED", '{key: True for key in message.body["keys"]}'),
        ("COMMITTED", '{key: 0.0 for key in message.body["keys"]}'),
        ("COMMITTED", "None"),
    ],
)
def test_nested_values_of_a_log_are_checked(bench, name, value):
    good = {"OFFSET": str(BIG), "MSGS": '{"0": None}', "COMMITTED": f'{{"0": {BIG}}}'}
    for fields, is_malformed in ((good, False), (good | {name: value}, True)):
        source = LOG
        for field, text in fields.items():
            source = source.replace(field, text)
        outcome = bench.test(bench.node(source), *SHORT, "--rate", "200", workload="kafka")
        assert ("Malformed reply" in outcome.read("history.edn")) is is_malformed


COUNTER = """
from glomers.node import Node

node = Node()


@node.on("add")
def add(message):
    return {"type": "add_ok"}


@node.on("read")
def read(message):
    return {"type": "read_ok", "value": VALUE}


node.run()
"""


@pytest.mark.parametrize("value", ["0.0", "False", "2**63", "None"])
def test_a_counter_reads_as_an_integer_of_64_bits(bench, value):
    source = COUNTER.replace("VALUE", value)
    outcome = bench.test(bench.node(source), *SHORT, workload="g-counter")
    assert "not an integer of 64 bits" in outcome.read("history.edn")


# Integers of any size

BIG_IDS = f"""
from glomers.node import Node

node = Node()
count = 0


@node.on("generate")
def generate(message):
    global count
    count += 1
    return {{"type": "generate_ok", "id": {BIG} + (int(node.node_id[1:]) << 32) + count}}


node.run()
"""


@pytest.mark.slow
@BOTH_CLOCKS
def test_ids_of_any_size_are_told_apart_and_kept(bench, clock):
    flags = ("--node-count", "3", "--time-limit", "1", "--rate", "40", "--clock", clock)
    outcome = bench.test(bench.node(BIG_IDS), *flags, workload="unique-ids")
    assert outcome.status == 0, outcome.out
    assert f":value {BIG + 1}N" in outcome.read("history.edn")
    ids = [op.value for op in read_history(outcome.store / "history.edn") if op.type == "ok"]
    assert len(set(ids)) == len(ids) > 10
    assert f":range [{min(ids)}N" in outcome.read("results.edn")
    sent = (event.message for event in read_journal(outcome.store / JOURNAL))
    read = {message["body"].get("id") for message in sent if message}
    assert set(ids) <= read


STORED = f"""
from glomers.kv import KV
from glomers.node import Node

node = Node()
kv = KV(node, "SERVICE")


@node.on("echo")
async def echo(message):
    await kv.write({BIG}, [{BIG}, {-BIG}])
    assert await kv.cas({BIG}, [{BIG}, {-BIG}], {BIG + 1})
    assert await kv.read({BIG}) == {BIG + 1}
    assert not await kv.cas({BIG}, {BIG + 2}, 0)
    return {{"type": "echo_ok", "echo": message.body["echo"], "msg_id": {BIG}}}


node.run()
"""


@BOTH_CLOCKS
@pytest.mark.parametrize("service", ["lin-kv", "seq-kv"])
def test_services_keep_integers_of_any_size(bench, clock, service):
    source = STORED.replace("SERVICE", service)
    outcome = bench.test(bench.node(source), *SHORT, "--rate", "1", "--clock", clock)
    assert outcome.status == 0, outcome.read("history.edn")


UNEQUAL = [("1", "1.0", 2), ("1", "True", None), ("1.0", "True", None), ("[1]", "[1.0]", 2)]


@pytest.mark.parametrize(("first", "second", "ids"), UNEQUAL)
def test_one_and_its_likes_are_different_ids(bench, first, second, ids):
    source = BIG_IDS.replace("count += 1", f"count += 1\n    kinds = [{first}, {second}]")
    source = source[: source.index("    return")] + (
        '    return {"type": "generate_ok", "id": kinds[count % 2]}\n\n\nnode.run()\n'
    )
    flags = ("--node-count", "1", "--time-limit", "1", "--rate", "4")
    outcome = bench.test(bench.node(source), *flags, workload="unique-ids")
    if ids is None:
        assert outcome.status == 2, "Clojure does not compare numbers with booleans"
        return
    results = edn_loads(outcome.read("results.edn"))[kw("workload")]
    assert results[kw("duplicated-count")] == len(results[kw("duplicated")]) == ids


# The pace


def test_what_the_clock_sleeps_too_long_is_not_added_up(bench, monkeypatch):
    sleep = VirtualClock.sleep_until

    async def oversleep(self, when_ns):
        await sleep(self, when_ns + 700_000 if when_ns > self.now_ns() else when_ns)

    monkeypatch.setattr(VirtualClock, "sleep_until", oversleep)
    flags = ("--node-count", "5", "--time-limit", "5", "--rate", "1000")
    outcome = bench.test(bench.node(ECHO), *flags)
    assert 800 * 5 < counts_of(outcome)["invoke"] < 1010 * 5


# The end

HELD = """
import json, os, sys, time

for line in sys.stdin:
    message = json.loads(line)
    body = message["body"]
    answer = {"type": body["type"] + "_ok", "in_reply_to": body["msg_id"]}
    if body["type"] == "init":
        me = body["node_id"]
    else:
        answer["echo"] = body["echo"]
        blob = {"src": me, "dest": "n1", "body": {"blob": "x" * 300_000}}
        print(json.dumps(blob), flush=True)
    print(json.dumps({"src": me, "dest": message["src"], "body": answer}), flush=True)
    if me == "n1":
        if os.fork() == 0:  # a stranger who has left the group, and holds the pipes
            os.setsid()
            time.sleep(6)
            os._exit(0)
        time.sleep(60)
"""


@pytest.mark.slow
def test_no_traceback_comes_after_a_verdict_when_a_node_has_not_read_all(tmp_path):
    node = tmp_path / "node"
    node.write_text(f"{programs.PYTHON}{HELD}")
    node.chmod(0o755)
    command = [sys.executable, "-m", "glomers", "bench", "test", "-w", "echo", "--bin", str(node)]
    flags = ["--node-count", "2", "--time-limit", "1", "--rate", "5"]
    done = subprocess.run([*command, *flags], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode in (0, 1)
    assert done.stdout.strip().endswith(("ヽ(‘ー`)ノ", "┻━┻"))
    assert done.stderr == ""
