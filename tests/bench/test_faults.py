"""Faults beyond Maelstrom's do what they promise, and end when they are healed."""

import random
from dataclasses import replace

import pytest

from glomers.bench import lifecycle
from glomers.bench.faults import FAULTS, fault_table
from glomers.bench.flags import parse_options
from glomers.bench.nemesis import FaultEvent
from glomers.bench.once import run_once
from glomers.bench.script import Script, ScriptedOp
from glomers.explore.events import Events
from glomers.explore.tally import Tally
from tests.helpers.bench import SHORT
from tests.helpers.places import ROOT

MS = 1_000_000
S = 1_000 * MS
CLOCK = """
import time

from glomers.node import Node

node = Node()
seen = []


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


@node.every(0.1)
def tick():
    for peer in node.peers:
        node.send(peer, {"type": "tick", "wall": time.time(), "steady": time.monotonic()})


@node.on("tick")
def hear(message):
    pass


if __name__ == "__main__":
    node.run()
"""


@pytest.fixture
def options(tmp_path):
    (tmp_path / "node.py").write_text(CLOCK)
    words = ["-w", "broadcast", "--bin", str(tmp_path / "node.py"), "--node-count", "3"]
    return parse_options([*words, "--time-limit", "6"])


def play(options, fault, target, ops=(), start_ns=1 * S, stop_ns=3 * S):
    """Play a fault back, and one last operation that keeps the run going until 5 s."""
    events = (
        FaultEvent(start_ns, fault, True, None, target),
        FaultEvent(stop_ns, fault, False, None, None),
    )
    last = ScriptedOp(5 * S, 2, "read", None)
    journal = Events()
    outcome = run_once(options, journal, script=Script((*ops, last), events))
    assert outcome.results is not None, outcome.broken
    return outcome, journal.events


def ticks(events, src, dest=None):
    """What became of the ticks from `src`: (time sent, kind of end, time of end, body)."""
    sent, ends = {}, []
    for event in events:
        if event.kind == "send":
            sent[event.id] = event
        elif event.id in sent:
            begun = sent[event.id]
            message = begun.message
            is_tick = message["body"]["type"] == "tick" and message["src"] == src
            if is_tick and dest in (None, message["dest"]):
                ends.append((begun.time_ns, event.kind, event.time_ns, message["body"]))
    return ends


def test_a_killed_node_says_nothing_and_has_forgotten_everything_when_it_is_back(options):
    write = ScriptedOp(0, 0, "broadcast", 7)
    before, after = ScriptedOp(100 * MS, 0, "read", None), ScriptedOp(4 * S, 0, "read", None)
    outcome, events = play(options, "kill", {"node": "n0"}, (write, before, after))
    reads = [op.value for op in outcome.history if op.type == "ok" and op.f == "read"]
    assert reads[:2] == [[7], []]
    sent = [at_ns for at_ns, *_ in ticks(events, "n0")]
    assert not [at_ns for at_ns in sent if 1.1 * S < at_ns < 3 * S]
    assert [at_ns for at_ns in sent if at_ns > 3 * S]
    dropped = [at for _, kind, at, _ in ticks(events, "n1", "n0") if kind == "drop"]
    assert dropped
    assert all(1 * S <= at <= 3.1 * S for at in dropped)


def test_a_killed_node_gets_its_whole_set_up_again(options):
    _, events = play(options, "kill", {"node": "n0"})
    types = [
        (event.time_ns > 3 * S, event.message["body"]["type"])
        for event in events
        if event.kind == "send" and event.message["dest"] == "n0"
    ]
    for kind in ("init", "topology"):
        assert types.count((False, kind)) == types.count((True, kind)) == 1


STUCK = """
@node.on_init
async def begin():
    if node.node_id == "n0" and time.monotonic() > 1:
        await asyncio.sleep(10**6)


"""


def test_a_node_that_never_comes_back_breaks_the_test_although_another_is_killed(options):
    options.bin.write_text("import asyncio\n" + CLOCK.replace("@node.on(", f"{STUCK}@node.on(", 1))
    events = [
        FaultEvent(at_s * S, "kill", starts, None, target)
        for at_s, starts, target in (
            (1, True, {"node": "n0"}),
            (2, False, None),
            (5, True, {"node": "n1"}),
            (6, False, None),
        )
    ]
    script = Script((ScriptedOp(20 * S, 2, "read", None),), tuple(events))
    outcome = run_once(options, Events(), script=script)
    assert outcome.broken is not None
    assert "Node n0 did not answer while it was set up" in str(outcome.broken)


def test_a_paused_node_stands_still_and_then_does_what_waited_for_it(options):
    write = ScriptedOp(2 * S, 0, "broadcast", 7)
    outcome, events = play(options, "pause", {"node": "n0"}, (write,))
    done = next(op for op in outcome.history if op.f == "broadcast" and op.type == "ok")
    assert 3 * S < done.time_ns < 3.1 * S
    sent = [at_ns for at_ns, *_ in ticks(events, "n0")]
    assert not [at_ns for at_ns in sent if 1.1 * S < at_ns < 3 * S]
    assert {kind for _, kind, _, _ in ticks(events, "n1", "n0")} == {"recv"}


@pytest.mark.parametrize("share", [0.3, 1.0])
def test_loss_loses_its_share_of_messages_between_nodes_while_it_lasts(options, share):
    _, events = draw(options, "loss", {"share": share})
    during = [kind for at, kind, _, _ in ticks(events, "n0") if 1.1 * S < at < 2.99 * S]
    others = [kind for at, kind, _, _ in ticks(events, "n0") if not 1 * S <= at <= 3.1 * S]
    assert set(others) == {"recv"}
    assert abs(during.count("drop") / len(during) - share) < 0.25


def draw(options, fault, target):
    """Run with a fault whose dice are thrown, from 1 s to 3 s."""
    schedule = [
        FaultEvent(1 * S, fault, True, None, target),
        FaultEvent(3 * S, fault, False, None, None),
    ]
    journal = Events()
    patch = pytest.MonkeyPatch()
    patch.setattr(lifecycle, "draw_schedule", lambda *arguments: schedule)
    try:
        outcome = run_once(options, journal)
    finally:
        patch.undo()
    assert outcome.results is not None, outcome.broken
    return outcome, journal.events


def test_a_duplicated_message_arrives_twice_and_counts_as_sent_once(options):
    _, events = draw(options, "duplicate", {"share": 1.0, "late-ms": 50})
    arrived = ticks(events, "n0", "n1")
    during = [sent for sent, *_ in arrived if 1.1 * S < sent < 2.99 * S]
    assert len(during) == 2 * len(set(during)) > 0
    after = [sent for sent, *_ in arrived if sent > 3.1 * S]
    assert len(after) == len(set(after)) > 0


def test_reordered_messages_overtake_each_other(options):
    _, events = draw(options, "reorder", {"share": 0.5, "late-ms": 400})
    arrivals = sorted((at, sent) for sent, _, at, _ in ticks(events, "n0", "n1"))
    order = [sent for _, sent in arrivals]
    assert order != sorted(order)


def test_slow_links_are_slow_and_others_are_not(options):
    _, events = draw(options, "slow", {"node": "n0", "late-ms": 700})
    for src, dest, slow in (("n0", "n1", True), ("n1", "n0", True), ("n1", "n2", False)):
        took = [
            at - sent for sent, _, at, _ in ticks(events, src, dest) if 1.1 * S < sent < 2.99 * S
        ]
        assert all((ns >= 700 * MS) == slow for ns in took)


def test_a_cut_in_one_direction_lets_the_other_through(options):
    _, events = play(options, "one-way", {"n0": ["n1", "n2"]})
    during = [(s, k) for s, k, *_ in ticks(events, "n1", "n0") if 1.1 * S < s < 2.99 * S]
    assert {kind for _, kind in during} == {"drop"}
    assert {kind for _, kind, *_ in ticks(events, "n0")} == {"recv"}


def test_a_skewed_clock_is_wrong_by_its_offset_and_drifts_but_timers_do_not(options):
    target = {"node": "n0", "offset-ms": 2000, "drift-ppm": 100_000}
    _, events = play(options, "skew", target)
    apart = {
        round(sent / S, 1): body["wall"] - body["steady"]
        for sent, _, _, body in ticks(events, "n0")
    }
    epoch = apart[0.5]
    assert apart[1.5] - epoch == pytest.approx(2.05, abs=0.02)
    assert apart[2.5] - epoch == pytest.approx(2.15, abs=0.02)
    assert apart[4.0] == epoch
    others = {body["wall"] - body["steady"] for _, _, _, body in ticks(events, "n1")}
    assert {round(value - epoch, 3) for value in others} == {0}


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_every_fault_can_be_asked_for_and_is_over_before_the_final_reads(options, name):
    options = replace(options, nemesis=frozenset({name}), nemesis_interval_s=1.0, time_limit_s=4)
    for seed in range(4):
        outcome = run_once(replace(options, seed=seed), Tally())
        assert outcome.results is not None, outcome.broken
        active = set()
        for op in outcome.history:
            if op.process == "nemesis":
                (active.add if op.f.startswith("start") else active.discard)(op.f.split("-", 1)[1])
            if op.final:
                assert not active


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_targets_are_plain_data_about_nodes_there_are(name):
    nodes = ["n0", "n1", "n2"]
    for seed in range(30):
        _, target = FAULTS[name](random.Random(0)).draw(nodes, random.Random(seed))
        if "node" in target:
            assert target["node"] in nodes
        if name in ("partition", "one-way"):
            assert all(n in nodes and set(cut) < set(nodes) for n, cut in target.items())


@pytest.mark.slow
def test_processes_on_the_real_clock_are_killed_and_paused(bench, monkeypatch):
    monkeypatch.setattr("glomers.bench.generator.RECOVERY_S", 1)  # of seconds that really pass
    node = bench.node(CLOCK)
    flags = ["--node-count", "2", "--time-limit", "3", "--rate", "20", "--nemesis-interval", "0.4"]
    done = bench.test(
        node, *flags, "--nemesis", "kill,pause", "--clock", "real", workload="broadcast"
    )
    assert done.status in (0, 1), done.out + done.err
    history = done.read("history.edn")
    assert ":killed" in history
    assert ":restarted" in history
    assert ":paused" in history


def test_a_wrong_clock_is_refused_on_the_real_clock(bench):
    done = bench.test(bench.node(CLOCK), *SHORT, "--nemesis", "skew", "--clock", "real")
    assert done.status == 254
    assert "needs virtual time" in done.err


def test_an_unknown_fault_is_refused_with_the_ones_there_are(bench):
    done = bench.test(bench.node(CLOCK), *SHORT, "--nemesis", "meteor")
    assert done.status == 254
    assert "kill" in done.err


def test_the_table_of_faults_on_the_page_is_that_of_the_code():
    page = ROOT / "docs" / "exploration.md"
    assert f"\n\n{fault_table()}\n" in page.read_text(encoding="utf-8")
