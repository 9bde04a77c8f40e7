"""Nodes that do legal or strange things that a careless bench would trip over."""

import subprocess
import sys
from pathlib import Path

import pytest

from glomers.bench import lifecycle
from glomers.bench.generator import Generator
from glomers.bench.hosts.process import ending
from tests.helpers.bench import ECHO, SHORT

pytestmark = pytest.mark.slow  # many run on the real clock

ANSWER = '    return {"type": "echo_ok", "echo": message.body["echo"]}'
LOG = """
from glomers.node import Node

node = Node()


@node.on("poll")
def poll(message):
    return {"type": "poll_ok", "msgs": {"foo": [[0, 1]]}}


@node.on("send")
def send(message):
    return {"type": "send_ok", "offset": 0}


@node.on("commit_offsets")
def commit(message):
    return {"type": "commit_offsets_ok"}


@node.on("list_committed_offsets")
def list_committed(message):
    return {"type": "list_committed_offsets_ok", "offsets": {}}


node.run()
"""
ALONE = """
from glomers.node import Node
from state import seen

node = Node()


@node.on("topology")
def topology(message):
    return {"type": "topology_ok"}


@node.on("broadcast")
def broadcast(message):
    seen.append(message.body["message"])
    return {"type": "broadcast_ok"}


@node.on("read")
def read(message):
    return {"type": "read_ok", "messages": seen}


node.run()
"""
BIRTH = "import sys\n\nseen = []\nprint('a life begins', file=sys.stderr)\n"


@pytest.mark.parametrize("clock", ["virtual", "real"])
def test_an_error_without_a_code_is_a_malformed_reply(bench, clock):
    node = bench.node(ECHO.replace(ANSWER, '    return {"type": "error", "code": [1]}'))
    outcome = bench.test(node, *SHORT, "--clock", clock)
    assert outcome.status == 1  # nothing was ever ok
    assert "its 'code' is [1], not an integer" in outcome.read("history.edn")


NO_CODE = 'raise RPCError("not ready")'
NO_TEXT = 'raise RPCError(14, ValueError("too busy"))'
RAISED = [
    ("def", NO_CODE, "'not ready' is no code"),
    ("async def", NO_CODE, "'not ready' is no code"),
    ("def", NO_TEXT, "too busy"),
    ("async def", NO_TEXT, "too busy"),
    ("def", "raise asyncio.CancelledError", "CancelledError"),
]


@pytest.mark.parametrize(("head", "line", "text"), RAISED)
def test_whatever_a_handler_raises_is_answered_with_an_error(bench, head, line, text):
    source = ECHO.replace("import Node", "import Node, RPCError").replace(ANSWER, f"    {line}")
    node = bench.node("import asyncio\n" + source.replace("def echo", f"{head} echo"))
    outcome = bench.test(node, *SHORT)
    assert outcome.status == 1
    assert text in outcome.read("history.edn")


def test_an_error_in_the_last_operation_is_not_lost(bench, monkeypatch):
    async def fail(self, thread, f, value):
        raise ValueError("of the bench")

    monkeypatch.setattr(Generator, "_outcome", fail)
    outcome = bench.test(bench.node(ECHO), *SHORT, "--rate", "0.1")
    assert outcome.status == 255
    assert "The bench itself failed (ValueError: of the bench)" in outcome.err


def test_a_failure_of_the_bench_itself_is_no_verdict(bench, monkeypatch):
    def fail(self):
        raise KeyError("checker")

    monkeypatch.setattr(lifecycle.Test, "check", fail)
    outcome = bench.test(bench.node(ECHO), *SHORT)
    assert outcome.status == 255
    assert "Traceback" not in outcome.err
    assert "Traceback" in outcome.read("jepsen.log")


def test_a_log_that_invents_keys_is_judged_like_any_other(bench):
    outcome = bench.test(bench.node(LOG), *SHORT, workload="kafka")
    assert outcome.status in (1, 2)


def test_nodes_do_not_share_a_package_beside_their_file(bench):
    (bench.folder / "state").mkdir()
    (bench.folder / "state" / "__init__.py").write_text("seen = []\n")
    flags = ["--node-count", "3", "--time-limit", "3"]
    outcome = bench.test(bench.node(ALONE), *flags, workload="broadcast")
    assert outcome.status == 1
    assert ":lost-count 0" not in outcome.read("results.edn")


def test_a_link_to_a_node_finds_what_lies_beside_the_node(bench):
    folder = bench.folder / "far"
    folder.mkdir()
    (folder / "helper.py").write_text("WORD = 'echo_ok'\n")
    (folder / "node.py").write_text("from helper import WORD\n" + ECHO)
    link = bench.folder / "link.py"
    link.symlink_to(folder / "node.py")
    assert bench.test(link, *SHORT).status == 0


def test_a_node_called_like_a_library_does_not_take_its_place(tmp_path, monkeypatch):
    monkeypatch.delenv("PYTHONHASHSEED", raising=False)
    (tmp_path / "random.py").write_text(ECHO)
    glomers = Path(sys.executable).with_name("glomers")
    command = [glomers, "bench", "test", "-w", "echo", "--bin", "random.py", *SHORT]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_log_of_a_node_holds_all_its_lives(bench):
    flags = ["--nemesis", "kill", "--nemesis-interval", "2", "--node-count", "1"]
    node = bench.node(ALONE.replace("from state import seen\n", BIRTH))
    outcome = bench.test(node, *flags, "--time-limit", "10", workload="broadcast")
    restarts = outcome.read("history.edn").count(":f :stop-kill, :value nil")
    log = outcome.read("node-logs/n0.log")
    assert restarts > 1
    assert log.count("a life begins") >= restarts
    assert "\0" not in log


def test_an_exception_in_a_callback_is_in_the_nodes_log_and_not_on_the_console(bench):
    callback = "    asyncio.get_running_loop().call_soon(int, '\\x1b[31mno number')\n"
    source = "import asyncio\n" + ECHO.replace(ANSWER, callback + ANSWER)
    outcome = bench.test(bench.node(source), *SHORT)
    assert "invalid literal for int()" in outcome.read("node-logs/n0.log")
    assert "invalid literal" not in outcome.err


def test_a_launcher_of_a_folder_is_no_node(bench):
    launcher = bench.node("#!/bin/sh\n# glomers node: .\nexit 3\n", "launch")
    launcher.chmod(0o755)
    outcome = bench.test(launcher, *SHORT)
    assert outcome.status == 255
    assert "crashed: it exited with status 3" in outcome.err


def test_a_folder_that_is_gone_is_named(bench, monkeypatch):
    node = bench.node(ECHO)

    def gone(cls):
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(Path, "cwd", classmethod(gone))
    outcome = bench.test(node, *SHORT)
    assert outcome.status == 255
    assert "The current folder is gone" in outcome.err


def test_a_signal_without_a_name_is_told_by_its_number():
    assert ending(-9) == "signal SIGKILL ended it"
    assert ending(-35) == "signal 35 ended it"
