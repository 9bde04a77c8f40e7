"""One thing of a run is changed: up to there it is the same, and it has its consequences."""

import pytest

from glomers import lab
from glomers.bench.flags import parse_options, words_of
from glomers.errors import BadInput
from glomers.formats.journal import read_journal
from tests.helpers.places import ROOT

NODE = ROOT / "glomers" / "solutions" / "broadcast_all.py"
FLAGS = ["--node-count", "3", "--time-limit", "3", "--rate", "5"]


def events_of(store):
    return [*read_journal(store.resolve() / "net-journal" / "messages.jsonl")]


@pytest.fixture
def play(bench):
    def run(*more):
        return events_of(bench.test(NODE, *FLAGS, *more, workload="broadcast").store)

    return run


def a_share(events):
    return next(
        event
        for event in events
        if event.kind == "send" and event.message["body"]["type"] == "share"
    )


def fate_of(events, number):
    return [(e.kind, e.time_ns) for e in events if e.id == number and e.kind != "send"]


def before(events, time_ns):
    return [event for event in events if event.time_ns <= time_ns]


@pytest.mark.parametrize("change", ["drop:{}", "delay:{}:700", "double:{}"])
def test_up_to_the_message_the_run_is_the_same_and_then_it_has_its_fate(play, change):
    plain = play()
    share = a_share(plain)
    changed = play("--what-if", change.format(share.id))
    at = changed.index(share)
    assert changed[: at + 1] == plain[: at + 1]
    [(kind, arrived_ns)] = fate_of(plain, share.id)
    assert kind == "recv"
    [(kind, time_ns)] = fate_of(changed, share.id)
    if change.startswith("drop"):
        assert (kind, time_ns) == ("drop", share.time_ns)
    elif change.startswith("delay"):
        assert (kind, time_ns) == ("recv", arrived_ns + 700_000_000)
    else:
        assert (kind, time_ns) == ("recv", arrived_ns)
        copy = changed[at + 1]
        assert (copy.kind, copy.id, copy.message) == ("send", share.id + 1, share.message)
        assert fate_of(changed, copy.id)[0][0] == "recv"


def test_a_node_is_killed_at_its_moment_and_has_forgotten_all_in_the_end(bench):
    outcome = bench.test(NODE, *FLAGS, "--what-if", "kill:n1:1.5", workload="broadcast")
    assert "n1 acknowledged 0 at 0.022 s, was killed and forgot it" in outcome.out
    history = outcome.read("history.edn")
    assert ":time 1500000000, :type :info, :process :nemesis, :f :start-kill" in history
    assert ":f :stop-kill" in history


def test_a_message_that_was_never_sent_is_said_to_have_changed_nothing(bench):
    outcome = bench.test(NODE, *FLAGS, "--what-if", "drop:99999", workload="broadcast")
    assert "--what-if drop:99999 has changed nothing: there was no message 99999" in outcome.err


@pytest.mark.parametrize("text", ["", "drop", "drop:-1", "delay:3", "kill:n1", "kill:n1:x", "x:1"])
def test_what_is_no_change_is_refused(text):
    with pytest.raises(BadInput, match="must be drop:ID"):
        parse_options(["-w", "echo", "--bin", "x", "--what-if", text])


def test_a_stranger_cannot_be_killed():
    with pytest.raises(BadInput, match="--what-if names n7, and the nodes are n0, n1"):
        parse_options(["-w", "echo", "--bin", "x", "--node-count", "2", "--what-if", "kill:n7:1"])


@pytest.mark.parametrize("text", ["drop:0", "delay:7:20", "double:12", "kill:n1:0.25"])
def test_a_change_can_be_written_as_it_was_read(text):
    options = parse_options(["-w", "echo", "--bin", "x", "--what-if", text])
    assert str(options.what_if) == text
    assert parse_options(words_of(options)) == options


COMMAND = "test -w broadcast --node-count 3 --time-limit 3 --rate 5"


def test_the_lab_plays_a_run_again_and_shows_the_same(bench):
    run = lab.maelstrom(COMMAND, bin=NODE, seed=3)
    recorded = run.recorded()
    assert recorded.history == run.history
    assert (recorded.store / "node-state.jsonl").exists()
    assert recorded.recorded() is recorded
    dropped = run.what_if("drop:12")
    assert (dropped.store / "node-state.jsonl").exists()
    assert dropped.what_if("double:12").command.endswith("--what-if double:12")


def test_the_lab_refuses_what_cannot_be_played_again(bench):
    node = bench.node(NODE.read_text())
    run = lab.maelstrom(COMMAND, bin=node)
    with pytest.raises(lab.LabError, match="must be drop:ID"):
        run.what_if("nonsense")
    node.write_text(NODE.read_text() + "\n# another one\n")
    with pytest.raises(lab.LabError, match=r"node\.py has changed since"):
        run.recorded()
    node.unlink()
    with pytest.raises(lab.LabError, match="is not where it was"):
        run.recorded()
    slow = lab.maelstrom("test -w echo --node-count 1 --time-limit 1", bin=ECHO, clock="real")
    with pytest.raises(lab.LabError, match="on the real clock cannot be played again"):
        slow.what_if("drop:1")


ECHO = ROOT / "glomers" / "solutions" / "echo.py"


def test_a_run_that_was_played_back_is_recorded_and_can_be_changed(bench):
    found = lab.explore(
        "test -w broadcast --node-count 3 --time-limit 3 --rate 10 --nemesis partition",
        bin=NODE,
        seeds=3,
        jobs=1,
        stop_at_first=True,
    )
    run = lab.replay(found.attrs["trace"])
    assert run.recorded() is run
    messages = run.messages
    share = messages[messages["type"] == "broadcast_ok"].iloc[0]
    changed = run.what_if(f"drop:{share['id']}")
    assert changed.messages.set_index("id").loc[share["id"], "lost"]
    assert changed.recorded() is changed
