"""Many nodes, large messages, endless logs, strange JSON, forks, clocks, two benches at once."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from glomers import lab
from glomers.bench.hosts import host
from glomers.bench.hosts.host import MAX_DEPTH
from glomers.bench.store import Store
from tests.helpers.bench import ECHO, SHORT
from tests.helpers.places import EXAMPLES
from tests.helpers.processes import command_line, wait_until

pytestmark = pytest.mark.slow  # many run on the real clock

BOTH_CLOCKS = pytest.mark.parametrize("clock", ["virtual", "real"])

GOSSIP = """
from glomers.node import Node

node = Node()
BLOB = "ü" * 500_000  # 1 MB


@node.on("echo")
def echo(message):
    for peer in node.peers:
        node.send(peer, {"type": "gossip", "blob": BLOB})
    return {"type": "echo_ok", "echo": message.body["echo"]}


@node.on("gossip")
def gossip(message):
    assert message.body["blob"] == BLOB


if __name__ == "__main__":
    node.run()
"""


def test_a_hundred_nodes_run_on_virtual_time(bench):
    source = GOSSIP.replace("500_000", "5")
    flags = ("--node-count", "100", "--time-limit", "1", "--rate", "50")
    outcome = bench.test(bench.node(source), *flags)
    assert outcome.status == 0, outcome.err
    assert ":servers {:send-count" in outcome.read("results.edn")
    assert len(list((outcome.store / "node-logs").iterdir())) == 100


def test_a_hundred_nodes_run_on_the_real_clock_and_end_with_it(bench):
    flags = ("--node-count", "100", "--time-limit", "1", "--rate", "100")
    outcome = bench.test(EXAMPLES / "echo.sh", *flags)
    assert outcome.status == 0, outcome.err
    logs = {path.read_text() for path in (outcome.store / "node-logs").iterdir()}
    assert logs == {f"I am n{i}\n" for i in range(100)}


@BOTH_CLOCKS
def test_messages_of_a_megabyte_arrive_whole(bench, clock):
    flags = ("--node-count", "3", "--time-limit", "1", "--rate", "6", "--clock", clock)
    outcome = bench.test(bench.node(GOSSIP), *flags)
    assert outcome.status == 0, outcome.err
    run = lab.Run.load(outcome.store)
    large = run.messages[run.messages["type"] == "gossip"]
    assert len(large) >= 4
    under_way = large["recv_s"].isna()
    assert under_way.sum() <= 2, "but for the last ones, when the test ended"
    assert all(len(body["blob"]) == 500_000 for body in large["body"])
    assert "AssertionError" not in outcome.read("node-logs/n0.log")
    assert len(lab.spacetime(run).svg) < 200_000, "bodies are cut in pictures"
    assert len(outcome.read("messages.svg")) < 200_000


SHOUT = f"""
import sys
{
    ECHO.replace(
        "if __name__",
        '''@node.every(0.05)
def shout():
    sys.stderr.write(("x" * 99 + chr(10)) * 5_000)


if __name__''',
    )
}
"""


@BOTH_CLOCKS
def test_ten_megabytes_a_second_on_stderr_hold_nothing_up(bench, monkeypatch, clock):
    monkeypatch.setattr(host, "MAX_LOG_CHARACTERS", 3_000_000)
    flags = ("--node-count", "1", "--time-limit", "1", "--rate", "20", "--clock", clock)
    outcome = bench.test(bench.node(SHOUT), *flags)
    assert outcome.status == 0, outcome.err
    log = outcome.read("node-logs/n0.log")
    assert 3_000_000 <= len(log) < 3_001_000
    assert log.endswith("(The rest is left out: a log takes 3,000,000 characters.)\n")
    assert lab.Run.load(outcome.store).ops["latency_ms"].max() < 1000


# Strange JSON

STRANGE = {
    "a thousand brackets": ("[" * 1_000 + "]" * 1_000, f"nested more than {MAX_DEPTH} deep"),
    "a million brackets": ("[" * 1_000_000 + "]" * 1_000_000, "which is not JSON"),
    "a million that never close": ("[" * 1_000_000, "which is not JSON"),
    "objects in objects": ('{"a":' * 100 + "1" + "}" * 100, f"nested more than {MAX_DEPTH} deep"),
    "a number without end": ("9" * 100_000, "which is not JSON"),
    "no number": ("NaN", "which is not JSON"),
}
HEAD = '{"src":"n0","dest":"c1","body":{"type":"echo_ok","in_reply_to":1,"echo":'


@BOTH_CLOCKS
def test_strange_json_silences_a_node_in_a_sentence(bench, tmp_path, clock):
    lines = [HEAD + text + "}}" for text, _ in STRANGE.values()]
    (tmp_path / "lines").write_text("\n".join(lines))
    path = str(tmp_path / "lines")
    emit = f"node._emit(open({path!r}, 'rb').read().splitlines()[int(node.node_id[1:])])"
    source = ECHO.replace("    return", f"    {emit}\n    return")
    flags = ("--node-count", str(len(STRANGE)), "--time-limit", "1", "--rate", "20")
    outcome = bench.test(bench.node(source), *flags, "--clock", clock)
    assert outcome.status == 1, "nobody answers any more"
    noted = [line for line in outcome.err.splitlines() if line.startswith("WARN n")]
    assert len(noted) == len(STRANGE)
    for line in noted:
        _, sentence = [*STRANGE.values()][int(line.removeprefix("WARN n")[0])]
        assert sentence in line
    assert max(map(len, noted)) < 1_000, "lines are cut in warnings"
    assert "is not heard any more" in outcome.out.partition("What went wrong:")[2]
    assert "Silenced:" not in outcome.out, "the findings say it already"


@BOTH_CLOCKS
def test_a_reply_as_deep_as_may_be_leaves_a_store_that_can_be_read(bench, clock):
    depth = MAX_DEPTH - 1
    source = ECHO.replace('message.body["echo"]', f'eval("[" * {depth} + "]" * {depth})')
    outcome = bench.test(bench.node(source), *SHORT, "--clock", clock)
    assert outcome.status == 1, "it is the wrong answer"
    run = lab.Run.load(outcome.store)
    assert run.valid is False
    assert len(run.ops) > 0
    assert run.problems == []
    assert ":echo [[[[" in outcome.read("history.edn")


# Forks


@pytest.mark.parametrize(
    "way",
    ["os.fork()", "subprocess.Popen(['true'])", "os.system('true')", "subprocess.run(['true'])"],
)
def test_a_node_that_forks_in_virtual_time_is_told_that_it_cannot(bench, way):
    source = "import os, subprocess\n" + ECHO.replace("    return", f"    {way}\n    return")
    outcome = bench.test(bench.node(source), *SHORT)
    assert outcome.status == 1
    history = outcome.read("history.edn")
    assert "processes do not exist in virtual time: do without, or run the node" in history
    assert history.count(":invoke") == len(lab.Run.load(outcome.store).ops)


def test_children_on_the_real_clock_end_with_the_test(bench, tmp_path):
    source = f"""
import os, subprocess, sys
pids = open({str(tmp_path / "pids")!r}, "w")
print(subprocess.Popen(["sleep", "600"]).pid, file=pids)
if (pid := os.fork()) == 0:
    os.execvp("sleep", ["sleep", "600"])
print(pid, file=pids, flush=True)
{ECHO}
"""
    outcome = bench.test(bench.program(source), *SHORT, "--clock", "real")
    assert outcome.status == 0
    pids = list(map(int, (tmp_path / "pids").read_text().split()))
    assert len(pids) == 2
    wait_until(lambda: not any("sleep" in command_line(pid) for pid in pids))


# Clocks


def test_a_wall_clock_that_goes_backwards_does_not_reach_the_history(bench, monkeypatch):
    began = time.time()
    times = (began - hour * 3600 for hour in range(10**9))
    monkeypatch.setattr(time, "time", lambda: next(times))
    monkeypatch.setattr(time, "time_ns", lambda: int(next(times) * 1e9))
    outcome = bench.test(bench.node(ECHO), *SHORT, "--rate", "50", "--clock", "real")
    assert outcome.status == 0, outcome.err
    run = lab.Run.load(outcome.store)
    assert len(run.ops) > 10
    assert run.ops["start_s"].is_monotonic_increasing
    assert run.ops["latency_ms"].between(0, 1000).all()
    assert run.messages["send_s"].is_monotonic_increasing


def test_stores_begun_in_one_instant_have_names_of_their_own(tmp_path):
    with ThreadPoolExecutor(8) as threads:
        stores = list(threads.map(lambda _: Store(tmp_path, "echo"), range(50)))
        list(threads.map(Store.finish, stores))
    assert len({store.path for store in stores}) == 50
    for link in ("latest", "current", "echo/latest"):
        assert (tmp_path / "store" / link).resolve() in {store.path for store in stores}
    assert not list(tmp_path.rglob(".*")), "no link is left half-made"


@BOTH_CLOCKS
def test_two_benches_in_one_folder_do_not_disturb_each_other(tmp_path, clock):
    (tmp_path / "node.py").write_text(ECHO)
    command = [sys.executable, "-m", "glomers", "bench", "test", "-w", "echo", "--bin", "node.py"]
    flags = ["--node-count", "1", "--time-limit", "1", "--rate", "50", "--clock", clock]
    benches = [
        subprocess.Popen(
            [*command, *flags, "--seed", str(seed)],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in range(2)
    ]
    said = [bench.communicate(timeout=60)[0] for bench in benches]
    assert [bench.returncode for bench in benches] == [0, 0], said
    stores = [tmp_path / text.split("Store: ")[1].split()[0] for text in said]
    assert len(set(stores)) == 2
    assert [lab.Run.load(store).seed for store in stores] == [0, 1]
    assert (tmp_path / "store" / "latest").resolve() in stores
