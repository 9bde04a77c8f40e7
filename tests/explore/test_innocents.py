"""What convicts a wrong node lets the right ones pass, and names the cause."""

import json
import re
import shlex
from dataclasses import replace
from functools import cache

import pytest

from glomers.bench.checkers import CheckOptions, check_run
from glomers.bench.flags import parse_options
from glomers.bench.once import run_once
from glomers.bench.transit import NS_PER_MS, SCRIPTED_HOP_NS, Scripted
from glomers.errors import ExploreError
from glomers.explore import counterexample
from glomers.explore.counterexample import dossier_of, explain
from glomers.explore.events import Events
from glomers.explore.judge import anomalies
from glomers.explore.playback import replay
from glomers.explore.tally import Tally
from glomers.formats.edn import kw
from glomers.formats.history import Op
from glomers.reading.cause import cause
from tests.helpers.corpus import (
    CUT,
    GUILTY,
    LOSS,
    PEERS,
    SLOW,
    SOLUTIONS,
    THREE,
    TWICE,
    TXN,
    Guilty,
    convicted,
    problems,
)
from tests.helpers.mutants import NODE
from tests.helpers.programs import bin_of
from tests.helpers.samples import mostly_slow

DEAR = {"drops", "loses", "doubles", "short"}
"""What takes long to shrink; `benchmarks/innocents.py` does it."""
SEEDS = 30


@cache
def trace_of(guilty):
    """The first failure of a mutant, made small."""
    options = guilty.options
    for seed in range(SEEDS):
        tried = replace(options, seed=seed)
        if anomalies(tried, run_once(tried, Tally())):
            return counterexample.find(tried).trace
    pytest.fail(f"no seed fails: {guilty}")


@pytest.mark.parametrize(
    "guilty",
    mostly_slow(guilty for guilty in GUILTY if guilty.mutation not in DEAR),
    ids=lambda guilty: f"{guilty.workload}-{guilty.mutation}",
)
def test_a_shrunk_trace_convicts_only_the_guilty(guilty):
    trace = trace_of(guilty)
    assert convicted(trace) == {}
    assert explain(trace).messages


@pytest.mark.parametrize(
    ("workload", "flags"),
    [
        ("broadcast", CUT),
        ("g-set", LOSS),
        ("g-counter", TWICE),
        ("pn-counter", SLOW),
        ("kafka", CUT),
        ("lin-kv", (*CUT, "--concurrency", "6n")),
        ("txn-rw-register", TXN),
    ],
)
def test_the_node_that_tells_news_once_is_right_by_itself(workload, flags):
    for seed in range(3):
        options = Guilty(PEERS, workload, "", (*flags, "--seed", str(seed))).options
        assert problems(options) == []


# The end


def test_every_client_of_the_end_polls_until_it_has_seen_everything():
    hides = Guilty(PEERS, "kafka", "hides-last", CUT)
    trace = trace_of(hides)
    assert trace.anomaly == "unseen"
    end = [op.f for op in trace.script.ops if op.in_end]
    assert end == ["crash", "assign", "poll"]
    right = replace(trace.options, bin=SOLUTIONS / "log_single.py")
    played = run_once(right, Tally(), script=trace.script)
    assert [op.f for op in played.history[-2:]] == ["poll", "poll"]
    assert played.history[-1].value[0][1]


def test_a_trace_without_any_client_in_the_end_has_all_of_them():
    trace = trace_of(Guilty(PEERS, "broadcast", "alone", CUT))
    cut_short = replace(trace.script, ops=tuple(op for op in trace.script.ops if not op.in_end))
    played = run_once(trace.options, Tally(), script=cut_short)
    assert sorted(op.process for op in played.history if op.final and op.type == "ok") == [0, 1]


def test_transactions_are_compared_on_every_node():
    trace = trace_of(Guilty(PEERS, "txn-rw-register", "alone", TXN))
    end = [op.thread for op in trace.script.ops if op.in_end]
    assert sorted(end) == [0, 1]


# The network


BODY = {"type": "share"}


def fates(transit, *, count=1):
    return [transit.fate("n0", "n1", BODY, 0, to_client=False) for _ in range(count)]


def test_a_script_loses_copies_and_holds_up_messages_only_while_a_fault_does():
    told = {"n0>n1 share": [[], [1, 2], [10**9], []]}
    calm = Scripted(told, 0, "constant")
    assert fates(calm, count=4) == [(SCRIPTED_HOP_NS,), (1,), (NS_PER_MS,), (SCRIPTED_HOP_NS,)]
    faulty = Scripted(told, 0, "constant")
    faulty.disturb("loss", lambda src, dest, fate: fate)
    assert fates(faulty, count=3) == [(), (1, 2), (10**9,)]
    faulty.disturb("loss", None)
    assert fates(faulty) == [(SCRIPTED_HOP_NS,)]


@pytest.mark.parametrize(("distribution", "most_ms"), [("constant", 11), ("uniform", 21)])
def test_without_a_fault_no_message_takes_longer_than_its_latency_gives(distribution, most_ms):
    calm = Scripted({"n0>n1 share": [[10**10]]}, 10, distribution)
    assert fates(calm) == [(most_ms * NS_PER_MS,)]


# What a few operations can show


def history(*operations, faults=()):
    """A history of `(f, value, type, error)`, one a second by one client, and spans of faults."""
    ops = [("nemesis", "info", f, None, None, at_s) for f, at_s in faults]
    for number, (f, value, kind, error) in enumerate(operations):
        ops.append((0, "invoke", f, value, None, number))
        ops.append((0, kind, f, value, error, number + 0.5))
    ops.sort(key=lambda op: op[-1])
    return [
        Op(index, round(at_s * 1e9), kind, process, f, value, error)
        for index, (process, kind, f, value, error, at_s) in enumerate(ops)
    ]


def valid(workload, *operations, faults=(), **given):
    options = CheckOptions(workload, is_excerpt=True, **given)
    return check_run(history(*operations, faults=faults), options)[kw("valid?")]


OTHER_VALUE = [kw("precondition-failed"), "it has another value"]
NO_KEY = [kw("key-does-not-exist"), "there is no such key"]
LATE = kw("net-timeout")
WRITE = ("write", [0, 1], "ok", None)
CAS = ("cas", [0, [1, 2]], "fail", OTHER_VALUE)
READ = ("read", [0, None], "fail", NO_KEY)
SEND = ("send", [[kw("send"), "0", 1]], "info", LATE)


@pytest.mark.parametrize(
    ("operations", "is_valid"),
    [
        ([CAS], True),  # it may have another value
        ([READ], True),  # it may have none
        ([WRITE, CAS], False),  # it has this one
        ([WRITE, READ], False),
        ([WRITE, ("write", [0, 3], "ok", None), CAS], True),
        ([WRITE, ("write", [0, 1], "info", LATE), CAS], True),  # nobody knows
        ([("read", [0, None], "fail", [kw("crash"), "KeyError"])], False),
        ([("read", [0, None], "fail", LATE)], False),
    ],
)
def test_a_register_may_refuse_what_it_may_have_reason_to(operations, is_valid):
    assert valid("lin-kv", *operations) is is_valid


@pytest.mark.parametrize(
    ("faults", "is_valid"),
    [
        ([], False),
        ([("start-partition", 0), ("stop-partition", 0.2)], True),
        ([("start-loss", -1), ("stop-loss", -0.5)], True),  # it has not recovered yet
        ([("start-loss", -12), ("stop-loss", -10)], False),
        ([("start-partition", 1), ("stop-partition", 2)], False),
    ],
)
def test_an_operation_that_a_fault_touched_need_not_succeed(faults, is_valid):
    assert valid("kafka", SEND, faults=faults) is is_valid


def test_where_messages_are_held_up_an_answer_may_be_late():
    assert valid("kafka", SEND, has_delays=True) is True


def test_a_share_of_answers_is_nothing_to_judge_a_few_operations_by():
    assert valid("lin-kv", CAS, availability=0.9) is True
    assert valid("lin-kv", CAS, availability=1.0) is False


@pytest.mark.parametrize("workload", ["txn-rw-register", "txn-list-append"])
def test_a_single_transaction_has_nothing_to_do_with_others(workload):
    txn = ("txn", [[kw("r"), 0, None]], "ok", None)
    assert valid(workload, txn) is True
    whole = check_run(history(txn), CheckOptions(workload))
    assert whole[kw("valid?")] is not True


def test_an_excerpt_need_not_show_any_element():
    assert valid("broadcast", ("read", [], "ok", None)) is True
    assert valid("broadcast", ("broadcast", 1, "ok", None), ("read", [], "ok", None)) is False


ABORTS = """
from glomers.kv import KV
from glomers.node import ErrorCode, Node, RPCError

node = Node()
lin_kv = KV(node, "lin-kv")


@node.on("read")
async def read(message):
    return {"type": "read_ok", "value": await lin_kv.read(message.body["key"])}


@node.on("write")
async def write(message):
    await lin_kv.write(message.body["key"], message.body["value"])
    return {"type": "write_ok"}


@node.on("cas")
def cas(message):
    raise RPCError(ErrorCode.TXN_CONFLICT, "somebody was quicker")


if __name__ == "__main__":
    node.run()
"""


def test_what_a_right_node_could_show_as_well_is_not_shrunk(tmp_path):
    (tmp_path / "node.py").write_text(ABORTS)
    words = f"-w lin-kv {bin_of(tmp_path / 'node.py')} --node-count 2 --concurrency 4n --rate 40"
    options = parse_options([*shlex.split(words), "--time-limit", "2", "--nemesis", "partition"])
    assert problems(options) == ["stats"]
    with pytest.raises(ExploreError, match="Seed 0 shows stats, but played back it shows nothing"):
        counterexample.find(options)


# The cause


@pytest.mark.slow
@pytest.mark.parametrize(
    ("guilty", "told", "thick"),
    [
        (
            Guilty(PEERS, "g-counter", "recounts", LOSS),
            "counts twice: n.'s `news` reached n. .* and again .*, since n.'s answer .* was lost",
            ["add", "add_ok", "news", "news", "news_ok", "read", "read_ok"],
        ),
        (
            Guilty(PEERS, "pn-counter", "recounts", TWICE),
            "since the network delivered it twice",
            ["add", "add_ok", "news", "news", "read", "read_ok"],
        ),
        (
            Guilty(PEERS, "pn-counter", "recounts", SLOW),
            "was so long under way that n. sent it again|answer to the first came too late",
            ["add", "add_ok", "news", "news", "news_ok", "read", "read_ok"],
        ),
        (
            Guilty(PEERS, "kafka", "resends", LOSS),
            "twice: n. gave .*`append` reached n. .* since n.'s answer to the first was lost",
            ["append", "append", "append_ok", "poll", "poll_ok", "send", "send_ok"],
        ),
        (
            Guilty(PEERS, "lin-kv", "stale", (*CUT, "--concurrency", "6n")),
            "n. acknowledged .*; n. answered a read with .*, and nobody .*; n. was cut off from n.",
            ["own", "read", "read_ok", "write", "write_ok"],
        ),
        (
            Guilty(PEERS, "txn-rw-register", "as-they-come", TXN),
            "n. wrote . at 0.00. s, and n. was told it last at 0.30. s",
            ["news", "news", *["txn", "txn_ok"] * 4],
        ),
        (
            Guilty(PEERS, "txn-rw-register", "forgets-own", TXN),
            "A client of n. wrote .* to key .* at .*, and its read at .* showed",
            ["txn", "txn_ok"] * 2,
        ),
        (
            Guilty(NODE, "echo", "loud", ("--node-count", "1", "--time-limit", "4")),
            'n0 was sent "Please echo (.*)" at .* s and echoed "PLEASE ECHO .*"',
            ["echo", "echo_ok"],
        ),
        (
            Guilty(NODE, "unique-ids", "repeats", ("--node-count", "1", "--time-limit", "4")),
            'n0 gave the id "n0-1" to c2 at .* s, and again to c2 at .* s',
            ["generate", "generate_ok"] * 2,
        ),
        (
            Guilty(NODE, "lin-kv", "caches", ("--node-count", "2", "--concurrency", "4n")),
            "n. acknowledged the (swap|write) .*; n. answered a read with .*, and nobody wrote",
            None,
        ),
    ],
    ids=lambda value: f"{value.workload}-{value.mutation}" if isinstance(value, Guilty) else "",
)
def test_the_sentence_and_the_thick_arrows_name_the_cause(guilty, told, thick):
    trace = trace_of(guilty)
    assert re.search(told, trace.sentence), trace.sentence
    assert thick is None or decisive_types(trace) == sorted(thick)


def decisive_types(trace):
    """The types of the messages that decided, in order of the alphabet."""
    journal = Events()
    run_once(trace.options, journal, script=trace.script)
    decisive = explain(trace).messages
    sent = [event for event in journal.events if event.kind == "send"]
    return sorted(event.message["body"]["type"] for event in sent if event.id in decisive)


SHARES_A_SUM = """
from glomers.kv import KV
from glomers.node import Node

node = Node()
kv = KV(node, "seq-kv")


@node.on("add")
async def add(message):
    await kv.write("sum", await kv.read("sum", 0) + message.body["delta"])
    return {"type": "add_ok"}


@node.on("read")
async def read(message):
    return {"type": "read_ok", "value": await kv.read("sum", 0)}


if __name__ == "__main__":
    node.run()
"""


def test_a_stale_answer_of_a_service_is_named(tmp_path):
    (tmp_path / "node.py").write_text(SHARES_A_SUM)
    trace = trace_of(Guilty(tmp_path / "node.py", "g-counter", "", tuple(THREE)))
    assert re.search(r"; seq-kv had answered n. with .* at 10\.0.. s\.$", trace.sentence)
    types = decisive_types(trace)
    assert types.count("read") == 2  # the client's, and the node's
    assert {"add", "add_ok", "read_ok"} <= set(types)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("partition", "was cut off from n"),
        ("one-way", "was not heard by n"),
        ("loss", "sent n. a `share` at .* s that was lost on the way"),
        ("kill", "while that was down|was then killed and forgot it|was killed and forgot it"),
    ],
)
def test_what_kept_a_message_from_arriving_is_named(fault, told):
    flags = (*THREE, "--nemesis", fault, "--nemesis-interval", "1")
    trace = trace_of(Guilty(SOLUTIONS / "broadcast_all.py", "broadcast", "", flags))
    assert re.search(told, trace.sentence)


ODD = """
import json
import sys

from glomers.node import Node

node = Node()
WORKLOAD, ODD = sys.argv[1], json.loads(sys.argv[2])
ANSWERS = {
    "echo": {"echo": ODD},
    "generate": {"id": ODD},
    "read": {
        "broadcast": {"messages": [ODD, ODD]},
        "g-set": {"value": [ODD, ODD]},
        "g-counter": {"value": 10**30},
        "lin-kv": {"value": ODD},
    }.get(WORKLOAD),
    "send": {"offset": -1},
    "poll": {"msgs": {"x": [[0, ODD], [0, [ODD]], [5, ODD]], "0": [], "9": [[0, ODD]]}},
    "list_committed_offsets": {"offsets": {}},
    "txn": {"txn": [["r", 0, ODD], ["r", 0, None]]},
}


def register(kind):
    @node.on(kind)
    def answer(message):
        for peer in node.peers:
            node.send(peer, {"type": "odd", "value": ODD, "msg_id": ODD, "in_reply_to": ODD})
        return {"type": f"{kind}_ok", **(ANSWERS.get(kind) or {})}


for kind in [*ANSWERS, "topology", "broadcast", "add", "write", "cas", "commit_offsets"]:
    register(kind)


if __name__ == "__main__":
    node.run()
"""
DEEP = 1
for _ in range(30):
    DEEP = [DEEP, {"x": DEEP}][:1]


@pytest.mark.parametrize(
    "odd", [[], {"a": [1, {}]}, "\u0007<b>", 1.5, True, 10**30, None, DEEP], ids=str
)
@pytest.mark.parametrize(
    "workload",
    ["echo", "unique-ids", "broadcast", "g-set", "g-counter", "lin-kv", "kafka", "txn-rw-register"],
)
def test_any_answer_can_be_told_of(tmp_path, workload, odd):
    (tmp_path / "node.py").write_text(ODD)
    words = [
        "-w",
        workload,
        "--bin",
        str(tmp_path / "node.py"),
        "--node-count",
        "2",
        "--rate",
        "20",
    ]
    more = ["--concurrency", "4n", "--time-limit", "1", "--final-reads"]
    if workload != "txn-rw-register":
        more = more[:-1]
    options = parse_options([*words, *more, "--", workload, json.dumps(odd)])
    journal = Events()
    outcome = run_once(options, journal)
    dossier = dossier_of(options, outcome, journal)
    for anomaly in anomalies(options, outcome):
        found = cause(dossier, anomaly)
        assert found.sentence
        assert set(found.messages) <= {message.id for message in dossier.messages}


# Playing a trace back


@pytest.fixture
def played(tmp_path, monkeypatch, capsys):
    """Plays a trace, with another node if need be: the exit status, and what was printed."""
    monkeypatch.chdir(tmp_path)

    def play(trace, program=None):
        path = tmp_path / "trace.json"
        path.write_text(trace if isinstance(trace, str) else trace.to_json())
        return replay(path, program), capsys.readouterr().out

    return play


RESENDS = Guilty(PEERS, "kafka", "resends", LOSS)


def test_a_replay_that_breaks_says_so(played):
    trace = trace_of(Guilty(PEERS, "broadcast", "alone", CUT))
    status, printed = played(trace, SOLUTIONS / "echo.py")
    assert status == 1
    assert "for another reason: broken test: Node n0 could not be set up" in printed


def test_a_replay_with_a_node_of_another_workload_says_what_it_lacks(played):
    status, printed = played(trace_of(RESENDS), SOLUTIONS / "echo.py")
    assert status == 1
    assert "no handler for 'send'" in printed


def test_a_replay_on_a_right_node_is_valid(played):
    status, printed = played(trace_of(RESENDS), SOLUTIONS / "log_owner.py")
    assert status == 0
    assert "Everything looks good" in printed
    assert "duplicate: it does not show any more" in printed


SHOWS = """
from glomers.node import Node

node = Node()


@node.on("send")
def send(message):
    return {{"type": "send_ok", "offset": 0}}


@node.on("poll")
def poll(message):
    return {{"type": "poll_ok", "msgs": {}}}


@node.on("commit_offsets")
def commit(message):
    return {{"type": "commit_offsets_ok"}}


@node.on("list_committed_offsets")
def list_committed(message):
    return {{"type": "list_committed_offsets_ok", "offsets": {{}}}}


if __name__ == "__main__":
    node.run()
"""


def test_a_replay_that_fails_for_another_reason_says_so(played, tmp_path):
    (tmp_path / "node.py").write_text(SHOWS.format({}))
    status, printed = played(trace_of(RESENDS), tmp_path / "node.py")
    assert status == 1
    assert "Analysis invalid" in printed
    assert "No more duplicate, but it still fails, for another reason: unseen: " in printed
    assert "does not show" not in printed


def test_a_replay_that_nobody_can_judge_says_why(played, tmp_path):
    (tmp_path / "node.py").write_text(SHOWS.format({"0": [[0, 77]]}))
    status, printed = played(trace_of(RESENDS), tmp_path / "node.py")
    assert status == 2
    assert "duplicate: nobody can tell whether it still shows: index" in printed
    assert "which nobody sent" in printed


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('"--node-count", "2"', '"--node-count", "1"', "operation . is of client 1, and there are"),
        (
            '"-w", "broadcast"',
            '"-w", "echo"',
            "a 'broadcast', which the workload echo does not have",
        ),
        ('{"n1": ["n0"]', '{"n7": ["n0"]', "a partition hits n7, and the nodes are n0, n1"),
        ('"fates": {}', '"fates": {"n0>n1 news": [[-1]]}', "its fates are no lists of delays"),
        (
            '"f": "broadcast", "value": "',
            '"f": "broadcast", "value": ":a',
            "cannot be played",
        ),
    ],
)
def test_a_trace_that_does_not_fit_its_command_is_refused_in_a_sentence(played, old, new, problem):
    text = trace_of(Guilty(PEERS, "broadcast", "gives-up", CUT)).to_json()
    assert old in text
    with pytest.raises(ExploreError, match=problem):
        played(text.replace(old, new))
