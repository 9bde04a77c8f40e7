"""What is recorded of nodes: every step with its cause, and nothing becomes otherwise by it."""

import json

import pytest

from glomers.bench.flags import parse_options
from glomers.bench.variables import Variables
from glomers.challenges import CHALLENGES
from glomers.formats.journal import read_journal
from glomers.formats.node_state import NODE_STATE, NodeStateError, read_node_states
from glomers.reading.node_states import Members, states_after

pytestmark = pytest.mark.slow  # runs are recorded as a whole

FILES = ("history.edn", "net-journal/messages.jsonl", "results.edn")
VERSIONS = {
    version.name: (challenge, version)
    for challenge in CHALLENGES.values()
    for version in challenge.versions
}
FAULTS = "--nemesis partition,kill,pause,loss,duplicate --nemesis-interval 0.5"
SHORT = "--time-limit 2 --rate 40"


def steps_of(outcome):
    return [*read_node_states(outcome.store / NODE_STATE)]


def test_every_solution_is_among_the_versions():
    from glomers.challenges import SOLUTIONS

    names = {path.stem for path in SOLUTIONS.glob("*.py")} - {"__init__"}
    assert names == {version.solution for _, version in VERSIONS.values()}


@pytest.mark.parametrize("name", VERSIONS)
def test_recording_changes_no_byte_of_a_run(bench, name):
    challenge, version = VERSIONS[name]
    words = [*challenge.flags.split(), *SHORT.split(), *FAULTS.split()]
    rest = ["--", *version.args] if version.args else []
    plain, recorded = (
        bench.test(version.path, *words, *flag, *rest, workload=challenge.workload).store.resolve()
        for flag in ([], ["--record-state"])
    )
    for file in FILES:
        assert (plain / file).read_bytes() == (recorded / file).read_bytes()
    assert not (plain / NODE_STATE).exists()
    states_after(read_node_states(recorded / NODE_STATE), 10**9)  # all changes fit


NODE = """
import asyncio
from glomers.node import Node

node = Node()
seen = set()
asked = {}
ticks = 0


@node.on("broadcast")
def broadcast(message):
    seen.add(message.body["message"])
    for peer in node.peers:
        node.spawn(tell(peer, message.body["message"]))
    return {"type": "broadcast_ok"}


async def tell(peer, value):
    asked[value] = "asked"
    await node.rpc(peer, {"type": "share", "value": value})
    asked[value] = "answered"


@node.on("share")
async def share(message):
    await asyncio.sleep(0.01)
    seen.add(message.body["value"])
    return {"type": "share_ok"}


@node.on("read")
def read(message):
    return {"type": "read_ok", "messages": sorted(seen)}


@node.on("topology")
def topology(message):
    return {"type": "topology_ok"}


@node.every(0.5)
def tick():
    global ticks
    ticks += 1


node.run()
"""


@pytest.fixture
def outcome(bench):
    flags = ["--node-count", "2", "--time-limit", "2", "--rate", "5", "--record-state"]
    outcome = bench.test(bench.node(NODE), *flags, workload="broadcast")
    assert outcome.status == 0, outcome.out
    return outcome


def test_steps_say_where_the_program_was_at_work_and_what_made_them_due(outcome):
    steps = steps_of(outcome)
    messages = {
        event.id: event.message
        for event in read_journal(outcome.store / "net-journal" / "messages.jsonl")
        if event.kind == "send"
    }
    number, taken = next(
        (number, step)
        for number, step in enumerate(steps)
        if step.kind == "message" and messages[step.message]["body"]["type"] == "broadcast"
    )
    assert taken.place[::2] == ("node.py", "broadcast")
    value = messages[taken.message]["body"]["message"]
    assert taken.changes == {"seen": {"+": [str(value)]}}
    spawned = steps[number + 1]
    assert (spawned.kind, spawned.cause, spawned.place.function) == ("task", number, "tell")
    assert spawned.changes["asked"] == {"+": [str(value)]}
    assert spawned.changes[f"asked[{value}]"] == {"=": "'asked'"}
    [share] = spawned.sends
    assert messages[share]["body"]["type"] == "share"
    took = next(i for i, s in enumerate(steps) if s.message == share)
    slept = next(step for step in steps[took + 1 :] if step.cause == took)
    assert (slept.kind, slept.changes) == ("timer", {"seen": {"+": [str(value)]}})
    [share_ok] = slept.sends
    answered = next(step for step in steps if step.message == share_ok)
    assert (answered.kind, answered.cause) == ("reply", number + 1)
    assert answered.changes == {f"asked[{value}]": {"=": "'answered'"}}
    line = NODE.splitlines()[answered.place.line - 1]
    assert "await node.rpc" in line


def test_timers_are_steps_too(outcome):
    ticks = [step for step in steps_of(outcome) if step.changes.get("ticks")]
    assert {step.kind for step in ticks if step.kind != "start"} == {"timer"}
    assert {step.place.function for step in ticks if step.kind != "start"} == {"tick"}


def test_states_are_what_the_nodes_answer(outcome):
    states = states_after(steps_of(outcome), 10**9)
    texts = {path: value for path, value in states["n0"].items() if path != "seen"}
    assert isinstance(states["n0"]["seen"], Members)
    assert sorted(states["n0"]["seen"].items) == sorted(states["n1"]["seen"].items)
    assert "node" not in texts
    assert "asyncio" not in texts


def test_what_is_sent_stands_at_exactly_one_step(outcome):
    events = [*read_journal(outcome.store / "net-journal" / "messages.jsonl")]
    from_nodes = {e.id for e in events if e.kind == "send" and e.message["src"] in ("n0", "n1")}
    sends = [number for step in steps_of(outcome) for number in step.sends]
    assert sorted(sends) == sorted(from_nodes)


def test_a_node_that_is_killed_begins_anew(bench):
    flags = "--node-count 2 --time-limit 4 --rate 20 --nemesis kill --nemesis-interval 1"
    outcome = bench.test(bench.node(NODE), *flags.split(), "--record-state", workload="broadcast")
    steps = steps_of(outcome)
    starts = [number for number, step in enumerate(steps) if step.kind == "start"]
    assert len(starts) > 2
    state = states_after(steps, starts[-1])[steps[starts[-1]].node]
    assert state["seen"] == Members("set", (), 0)


HOSTILE = """
from glomers.node import Node

node = Node()


class Liar:
    def __repr__(self):
        while True:
            pass

    __eq__ = __hash__ = __len__ = __iter__ = __getattr__ = __repr__


liars = [Liar()]
locals()["<script>alert(1)</script>"] = "<b>" * 1000
text = "x" * 10_000_000
table = {}
table["self"] = table
for number in range(10_000):
    globals()[f"v{number}"] = number


@node.on("echo")
def echo(message):
    liars.append(Liar())
    return {**message.body, "type": "echo_ok"}


node.run()
"""


def test_a_hostile_node_is_recorded_in_few_bytes_and_runs_as_it_does(bench):
    node = bench.node(HOSTILE)
    flags = ["--node-count", "1", "--time-limit", "2", "--rate", "20"]
    plain = bench.test(node, *flags).read("history.edn")
    outcome = bench.test(node, *flags, "--record-state")
    assert outcome.read("history.edn") == plain
    assert (outcome.store / NODE_STATE).stat().st_size < 100_000
    steps = steps_of(outcome)
    assert sum(step.changes.get("liars", {}).get("+") == ["Liar"] for step in steps) > 20


def test_only_runs_in_virtual_time_are_recorded(bench, capsys):
    program = bench.program("import time\ntime.sleep(1)\n")
    outcome = bench.test(program, "--record-state", workload="echo")
    assert "--record-state needs virtual time" in outcome.err
    node = bench.node(NODE)
    outcome = bench.test(node, "--clock", "real", "--what-if", "drop:1", workload="broadcast")
    assert "--what-if needs virtual time" in outcome.err


def test_a_damaged_file_of_states_is_refused_and_one_that_is_cut_off_is_read(outcome, tmp_path):
    lines = (outcome.store / NODE_STATE).read_bytes().splitlines(keepends=True)
    path = tmp_path / NODE_STATE
    path.write_bytes(b"".join(lines[:5])[:-3])
    assert len([*read_node_states(path)]) == 3
    for damage in (b"{}\n", b'[1,"n0","dance",null,null,null,[],{}]\n', b"[1]\n"):
        path.write_bytes(lines[0] + damage + lines[1])
        with pytest.raises(NodeStateError, match="line 2"):
            [*read_node_states(path)]
    path.write_text(json.dumps({}))
    with pytest.raises(NodeStateError, match="no file of nodes' states"):
        [*read_node_states(path)]


def test_flags_of_recording_can_be_written_from_options():
    words = ["-w", "echo", "--bin", "x", "--record-state", "--what-if", "kill:n1:1.5"]
    options = parse_options(words)
    assert options.record_state
    assert str(options.what_if) == "kill:n1:1.5"
    assert Variables({}).changes() == {}
