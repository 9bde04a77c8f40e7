"""The node runtime as a process between two pipes: what goes in, what comes out."""

import json
import os
import shlex
import subprocess
import sys

import pytest

from glomers.bench.flags import parse_options
from glomers.bench.once import run_once
from glomers.formats.journal import Journal
from tests.helpers.programs import bin_of

HEAD = "from glomers.node import ErrorCode, Node, RPCError, retry\nimport asyncio\nnode = Node()\n"
TAIL = "\nnode.run()\n"


def line(body, src="c1", dest="n1"):
    return json.dumps({"src": src, "dest": dest, "body": body})


INIT = line({"type": "init", "msg_id": 1, "node_id": "n1", "node_ids": ["n0", "n1", "n2"]})


def converse(tmp_path, source, *lines, env=None):
    """Run a node on `lines` until stdin ends; returns the bodies it sent and its stderr."""
    (tmp_path / "node.py").write_text(HEAD + source + TAIL)
    done = subprocess.run(
        [sys.executable, "node.py"],
        input="\n".join(lines),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=30,
        env=env,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(sent) for sent in done.stdout.splitlines()], done.stderr


def bodies(sent):
    return [message["body"] for message in sent]


ASK = "@node.on('ask')\ndef ask(message):\n    "


def test_init_tells_the_names_and_is_answered(tmp_path):
    source = ASK + "return {'type': 'ask_ok', 'me': node.node_id, 'peers': node.peers}"
    sent, _ = converse(tmp_path, source, INIT, line({"type": "ask", "msg_id": 2}))
    assert sent[0] == {
        "src": "n1",
        "dest": "c1",
        "body": {"type": "init_ok", "in_reply_to": 1},
    }
    assert sent[1]["body"] == {
        "type": "ask_ok",
        "me": "n1",
        "peers": ["n0", "n2"],
        "in_reply_to": 2,
    }


def test_an_unknown_type_gets_error_10(tmp_path):
    sent, _ = converse(tmp_path, "", INIT, line({"type": "what", "msg_id": 5}))
    error = sent[1]["body"]
    assert (error["type"], error["code"], error["in_reply_to"]) == ("error", 10, 5)


@pytest.mark.parametrize("prefix", ["def", "async def"])
def test_an_exception_gets_error_13_and_its_text_goes_to_stderr(tmp_path, prefix):
    source = ASK.replace("def", prefix, 1) + "return 1 / 0"
    sent, stderr = converse(tmp_path, source, INIT, line({"type": "ask", "msg_id": 2}))
    error = sent[1]["body"]
    assert error["code"] == 13
    assert "ZeroDivisionError" in error["text"]
    assert "Traceback" in stderr


@pytest.mark.parametrize("prefix", ["def", "async def"])
def test_an_answer_that_json_cannot_hold_gets_error_13(tmp_path, prefix):
    source = ASK.replace("def", prefix, 1) + "return {'type': 'ask_ok', 'it': {1, 2}}"
    sent, _ = converse(tmp_path, source, INIT, line({"type": "ask", "msg_id": 2}))
    assert sent[1]["body"]["code"] == 13


def test_an_rpc_error_is_sent_with_its_code(tmp_path):
    source = ASK + "raise RPCError(ErrorCode.ABORT, 'not now')"
    sent, stderr = converse(tmp_path, source, INIT, line({"type": "ask", "msg_id": 2}))
    assert sent[1]["body"]["code"] == 14
    assert stderr == ""


@pytest.mark.slow
@pytest.mark.parametrize(
    "garbage", ["garbage", "[]", "{}", '{"body": 3}', '{"src":"a","dest":"b","body":{"type":[]}}']
)
def test_a_line_that_is_no_message_is_noted_and_skipped(tmp_path, garbage):
    source = ASK + "return {'type': 'ask_ok'}"
    sent, stderr = converse(tmp_path, source, INIT, garbage, line({"type": "ask", "msg_id": 2}))
    assert [body["type"] for body in bodies(sent)] == ["init_ok", "ask_ok"]
    assert stderr.count("\n") == 1
    assert garbage in stderr


def test_print_does_not_reach_stdout_and_is_explained_once(tmp_path):
    source = ASK + "print('hello'); print('again'); return {'type': 'ask_ok'}"
    sent, stderr = converse(tmp_path, source, INIT, line({"type": "ask", "msg_id": 2}))
    assert len(sent) == 2
    assert stderr.count("stdout is for messages") == 1
    assert "hello\nagain" in stderr


RPC = """
@node.on("ask")
async def ask(message):
    try:
        reply = await node.rpc("n2", {"type": "question"}, timeout_s=0.2)
    except RPCError as error:
        return {"type": "ask_ok", "code": error.code, "definite": error.definite}
    return {"type": "ask_ok", "reply": reply}
"""


def interact(tmp_path, source, script):
    """Run a node and let `script(tell, hear)` talk with it, line by line."""
    (tmp_path / "node.py").write_text(HEAD + source + TAIL)
    with subprocess.Popen(
        [sys.executable, "node.py"],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    ) as process:
        script(
            lambda text: print(text, file=process.stdin, flush=True),
            lambda: json.loads(process.stdout.readline()),
        )
        process.stdin.close()
        assert process.wait(timeout=10) == 0


def test_rpc_returns_the_reply_to_its_own_request(tmp_path):
    def script(tell, hear):
        tell(INIT)
        hear()
        tell(line({"type": "ask", "msg_id": 2}))
        question = hear()
        assert question["dest"] == "n2"
        msg_id = question["body"]["msg_id"]
        tell(line({"type": "noise", "in_reply_to": msg_id + 77}, src="n2"))
        tell(line({"type": "answer", "value": 42, "in_reply_to": msg_id}, src="n2"))
        assert hear()["body"]["reply"]["value"] == 42

    interact(tmp_path, RPC, script)


def test_a_reply_to_an_earlier_life_is_no_reply_to_this_one(tmp_path):
    asked = []

    def script(tell, hear):
        tell(INIT)
        hear()
        tell(line({"type": "ask", "msg_id": 2}))
        msg_id = hear()["body"]["msg_id"]
        for earlier in asked:
            tell(line({"type": "late", "in_reply_to": earlier}, src="n2"))
        asked.append(msg_id)
        tell(line({"type": "answer", "in_reply_to": msg_id}, src="n2"))
        assert hear()["body"]["reply"]["type"] == "answer"

    interact(tmp_path, RPC, script)
    interact(tmp_path, RPC, script)


def test_rpc_raises_the_error_that_it_gets(tmp_path):
    def script(tell, hear):
        tell(INIT)
        hear()
        tell(line({"type": "ask", "msg_id": 2}))
        msg_id = hear()["body"]["msg_id"]
        tell(line({"type": "error", "code": 22, "in_reply_to": msg_id}, src="n2"))
        answer = hear()["body"]
        assert (answer["code"], answer["definite"]) == (22, True)

    interact(tmp_path, RPC, script)


def test_rpc_times_out_indefinitely_and_a_late_reply_is_dropped(tmp_path):
    def script(tell, hear):
        tell(INIT)
        hear()
        tell(line({"type": "ask", "msg_id": 2}))
        msg_id = hear()["body"]["msg_id"]
        answer = hear()["body"]
        assert (answer["code"], answer["definite"]) == (0, False)
        tell(line({"type": "answer", "in_reply_to": msg_id}, src="n2"))
        tell(line({"type": "nothing", "msg_id": 3}))
        assert hear()["body"]["code"] == 10

    interact(tmp_path, RPC, script)


def test_retry_repeats_until_the_first_success(tmp_path):
    source = """
@node.on("ask")
async def ask(message):
    reply = await retry(lambda: node.rpc("n2", {"type": "q"}, timeout_s=0.05), pause_s=0.01)
    return {"type": "ask_ok", "reply": reply["type"]}
"""

    def script(tell, hear):
        tell(INIT)
        hear()
        tell(line({"type": "ask", "msg_id": 2}))
        hear(), hear()
        msg_id = hear()["body"]["msg_id"]
        tell(line({"type": "there", "in_reply_to": msg_id}, src="n2"))
        while (message := hear())["dest"] == "n2":
            pass
        assert message["body"]["reply"] == "there"

    interact(tmp_path, source, script)


def test_every_runs_from_init_on_and_survives_an_exception(tmp_path):
    source = """
ticks = 0
@node.every(0.02)
def tick():
    global ticks
    ticks += 1
    node.send("n2", {"type": "tick", "number": ticks})
    if ticks == 2:
        raise ValueError("a bad day")
"""

    def script(tell, hear):
        tell(INIT)
        hear()
        assert [hear()["body"]["number"] for _ in range(4)] == [1, 2, 3, 4]

    interact(tmp_path, source, script)


def test_what_was_asked_before_the_end_of_stdin_is_answered(tmp_path):
    source = (
        ASK.replace("def", "async def", 1) + "await asyncio.sleep(0.2); return {'type': 'late'}"
    )
    sent, _ = converse(tmp_path, source, INIT, line({"type": "ask", "msg_id": 2}))
    assert [body["type"] for body in bodies(sent)] == ["init_ok", "late"]


def test_a_node_runs_without_orjson(tmp_path):
    (tmp_path / "orjson.py").write_text("raise ImportError('not here')")
    source = ASK + "return {'type': 'ask_ok', 'echo': message.body['echo']}"
    sent, _ = converse(
        tmp_path,
        source,
        INIT,
        line({"type": "ask", "msg_id": 2, "echo": "schön ✓"}),
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )
    assert sent[1]["body"]["echo"] == "schön ✓"


def test_a_node_program_imports_little(tmp_path):
    heavy = "{'pandas', 'matplotlib', 'rich', 'glomers.bench', 'glomers.lab'}"
    source = (
        ASK + f"import sys; return {{'type': 'ok', 'heavy': sorted({heavy} & set(sys.modules))}}"
    )
    sent, _ = converse(tmp_path, source, INIT, line({"type": "ask", "msg_id": 2}))
    assert sent[1]["body"]["heavy"] == []


def test_a_request_that_cannot_be_sent_is_forgotten(tmp_path):
    source = (
        "@node.on('ask')\nasync def ask(message):\n"
        "    try:\n        await node.rpc('n0', {'type': 'x', 'bad': {1, 2}})\n"
        "    except TypeError:\n        return {'type': 'ask_ok', 'open': len(node._pending)}"
    )
    sent, _ = converse(tmp_path, source, INIT, line({"type": "ask", "msg_id": 2}))
    assert sent[1]["body"]["open"] == 0


LATE = """
import asyncio

from glomers.node import Node

node = Node()


@node.on("echo", answer_within_s=0.5)
async def echo(message):
    await asyncio.sleep(0.2 * int(message.body["echo"].split()[-1]) % 1)
    return {"type": "echo_ok", "echo": message.body["echo"]}


if __name__ == "__main__":
    node.run()
"""


def test_a_handler_with_a_limit_answers_in_time_or_not_at_all(tmp_path):
    (tmp_path / "node.py").write_text(LATE)
    words = f"-w echo {bin_of(tmp_path / 'node.py')} --node-count 1 --time-limit 30 --rate 5"
    outcome = run_once(parse_options(shlex.split(words)), Journal())
    asked = [op.value for op in outcome.history if op.type == "invoke"]
    slow = [echo for echo in asked if 0.2 * int(echo.split()[-1]) % 1 > 0.5]
    assert [op.value for op in outcome.history if op.type == "info"] == slow != []
    assert not outcome.silenced
