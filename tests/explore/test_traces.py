"""Failures are made small, told in a sentence, sent as a file, and played back."""

import json
import re
import shlex
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glomers import lab
from glomers.bench.flags import parse_options
from glomers.bench.once import run_once
from glomers.cli import main
from glomers.errors import ExploreError
from glomers.explore import counterexample
from glomers.explore.counterexample import explain
from glomers.explore.ddmin import ddmin
from glomers.explore.events import Events
from glomers.explore.judge import anomalies, vacuity
from glomers.explore.shrink import Case, Shrinker, without_node
from glomers.explore.suspects import suspects
from glomers.explore.tally import Tally
from glomers.explore.trace import Trace
from glomers.files import digest
from glomers.reading.replicas import DIVERGED
from tests.helpers.mistakes import MISTAKES
from tests.helpers.mutants import NODE as MUTANT
from tests.helpers.places import SOLUTIONS
from tests.helpers.programs import bin_of

NAIVE = f"-w broadcast {bin_of(SOLUTIONS / 'broadcast_all.py')} --node-count 5 --rate 10"
CUT = f"{NAIVE} --time-limit 8 --nemesis-interval 3 --nemesis partition"


def failing(words, seeds=30):
    """The command of the first seed that fails."""
    for seed in range(seeds):
        options = replace(parse_options(shlex.split(words)), seed=seed)
        if anomalies(options, run_once(options, Tally())):
            return options
    pytest.fail(f"no seed fails: {words}")


@cache
def find(words, seeds=30):
    """The first failure of a command, made small: shared, for it takes hundreds of runs."""
    return counterexample.find(failing(words, seeds))


def glomers(*words, cwd):
    return subprocess.run(
        [sys.executable, "-m", "glomers", *words], cwd=cwd, capture_output=True, text=True
    )


@given(st.lists(st.integers(0, 30), unique=True), st.sets(st.integers(0, 30), max_size=4))
def test_delta_debugging_keeps_exactly_what_is_needed(items, needed):
    items = list(dict.fromkeys([*items, *needed]))
    assert ddmin(items, needed.issubset) == [item for item in items if item in needed]


@given(st.sets(st.integers(0, 40), min_size=1), st.integers(1, 5))
def test_what_delta_debugging_leaves_cannot_lose_any_single_item(items, least):
    def fails(some):
        return sum(some) % 7 == sum(items) % 7 and len(some) >= min(least, len(items))

    left = ddmin(sorted(items), fails)
    assert fails(left)
    assert not any(fails([item for item in left if item != gone]) for gone in left)


@pytest.mark.parametrize(
    "words",
    [
        CUT,
        f"{NAIVE} --time-limit 6 --latency 20 --latency-dist exponential --nemesis loss,kill,pause",
        f"-w kafka {bin_of(MUTANT)} --node-count 2 --time-limit 4 --rate 60 -- kafka skips",
        f"-w txn-rw-register {bin_of(SOLUTIONS / 'txn_uncommitted.py')} --node-count 2 "
        "--time-limit 4 --rate 40 --final-reads --nemesis partition,duplicate,slow",
    ],
)
def test_a_recorded_run_is_played_back_exactly(words):
    options = parse_options(shlex.split(words))
    recorded, played = Events(), Events()
    first = run_once(options, recorded, is_recorded=True)
    second = run_once(options, played, script=first.script)
    assert second.history == first.history
    # A workload may rest after its last operation, and nodes talk on.
    assert played.events == recorded.events[: len(played.events)]


def test_a_shrunk_run_is_small_and_told_in_a_sentence():
    found = find(CUT)
    script = found.trace.script
    assert found.trace.anomaly == "lost"
    assert len(found.trace.options.node_ids) == 2
    assert len(script.ops) == 2 < found.ops_before
    assert {event.fault for event in script.faults} == {"partition"}
    value = next(op.value for op in script.ops if op.f == "broadcast")
    assert re.search(rf"acknowledged {value} at .* s, was cut off from n", found.trace.sentence)
    assert found.trace.sentence.endswith("and never sent it again.")
    assert len(found.trace.to_json()) < 2000
    journal = Events()
    run_once(found.trace.options, journal, script=script)
    assert sum(event.kind == "send" for event in journal.events) < 20


def test_shrinking_never_blames_values_that_are_still_under_way():
    found = find(CUT)
    assert any(op.in_end for op in found.trace.script.ops)
    right = found.trace.with_program(SOLUTIONS / "broadcast_retry.py")
    assert explain(right) is None


def test_a_lost_message_is_the_only_one_with_a_fate_of_its_own():
    trace = find(f"{NAIVE} --time-limit 4 --nemesis loss --nemesis-interval 1").trace
    special = [delay for delays in trace.script.fates.values() for delay in delays if delay != []]
    assert special.count(None) == len(special)
    assert [] in next(iter(trace.script.fates.values()))
    assert len(trace.script.ops) == 2
    assert "was lost on the way" in trace.sentence


def test_memory_that_was_lost_is_told():
    words = f"{NAIVE} --time-limit 4 --nemesis kill --nemesis-interval 1"
    trace = find(words).trace
    assert "killed" in trace.sentence or "while that was down" in trace.sentence


@pytest.mark.slow
@pytest.mark.parametrize(
    ("workload", "mutation", "flags", "told"),
    [
        ("broadcast", "drops", "--node-count 1", "yet a later read does not show it"),
        ("broadcast", "deaf", "--node-count 3", "nobody ever sent it to"),
        ("g-counter", "deaf", "--node-count 3", "never told n"),
        ("pn-counter", "doubles", "--node-count 2", "seems to count twice"),
        (
            "txn-rw-register",
            "aborts",
            "--node-count 1 --consistency-models read-committed",
            "G1a",
        ),
    ],
)
def test_other_mistakes_are_told_too(workload, mutation, flags, told):
    words = (
        f"-w {workload} {bin_of(MUTANT)} --time-limit 2 --rate 20 {flags} -- {workload} {mutation}"
    )
    trace = find(words).trace
    assert told in trace.sentence


def test_values_that_come_back_in_another_type_are_named_as_the_cause(tmp_path):
    mistake = next(mistake for mistake in MISTAKES if mistake.name == "texts_in_a_set")
    (tmp_path / "node.py").write_text(mistake.source)
    sentence = find(f"{mistake.flags} {bin_of(tmp_path / 'node.py')}").trace.sentence
    assert re.match(r"n\d acknowledged \d+ at .* s, yet a later read does not show it; ", sentence)
    assert re.search(r'it showed the text "\d+" where the number \d+ was added', sentence)


LOCAL = """
from glomers.node import Node

node = Node()
store = {}


@node.on("txn")
def txn(message):
    done = []
    for f, key, value in message.body["txn"]:
        if f == "w":
            store[key] = value
        done.append([f, key, store.get(key)])
    for peer in node.peers:
        node.send(peer, {"type": "replicate", "txn": message.body["txn"]})
    return {"type": "txn_ok", "txn": done}


@node.on("replicate")
def replicate(message):
    store.update((key, value) for f, key, value in message.body["txn"] if f == "w")


if __name__ == "__main__":
    node.run()
"""


def test_replicas_that_disagree_are_found_and_told(tmp_path):
    (tmp_path / "node.py").write_text(LOCAL)
    trace = find(
        f"-w txn-rw-register {bin_of(tmp_path / 'node.py')} --node-count 2 --time-limit 5 "
        "--rate 20 --consistency-models read-uncommitted --final-reads "
        "--nemesis partition --nemesis-interval 2"
    ).trace
    assert trace.anomaly == DIVERGED
    assert "in the end n" in trace.sentence
    assert "was cut off" in trace.sentence


LAST = """
from glomers.node import Node

node = Node()
seen = set()


@node.on("KIND")
def add(message):
    seen.add(message.body["FIELD"])
    for peer in node.peers[-1:]:
        node.send(peer, {"type": "share", "value": message.body["FIELD"]})
    return {"type": "KIND_ok"}


@node.on("share")
def share(message):
    seen.add(message.body["value"])


@node.on("read")
def read(message):
    return {"type": "read_ok", "messages": sorted(seen)}


@node.on("topology")
def topology(message):
    return {"type": "topology_ok"}


if __name__ == "__main__":
    node.run()
"""
BROADCAST = LAST.replace("KIND", "broadcast").replace("FIELD", "message")
G_SET = LAST.replace("KIND", "add").replace("FIELD", "element").replace('"messages"', '"value"', 1)


@pytest.mark.parametrize(("workload", "text"), [("broadcast", BROADCAST), ("g-set", G_SET)])
def test_sets_that_differ_in_the_end_fail_and_a_value_tells_why(tmp_path, workload, text):
    node = tmp_path / "node.py"
    node.write_text(text)
    words = f"-w {workload} {bin_of(node)} --node-count 5 --time-limit 5 --rate 10"
    options = parse_options(shlex.split(words))
    outcome = run_once(options, Tally(), is_recorded=True)
    assert DIVERGED in anomalies(options, outcome)
    case = Shrinker(DIVERGED).shrink(Case(options, outcome.script))
    assert len(case.options.node_ids) == 3  # of two nodes, the last peer is the only one
    trace = Trace(case.options, case.script, DIVERGED, "", digest(node))
    assert re.fullmatch(
        r"n\d acknowledged \d+ at .* s, and nobody ever sent it to n\d: n\d sent it to n\d alone\.",
        explain(trace).sentence,
    )


def test_a_node_that_is_deaf_to_final_reads_is_named(tmp_path):
    node = tmp_path / "node.py"
    mute = '    if node.node_id == "n1":\n        return None\n    return {"type": "read_ok"'
    node.write_text(BROADCAST.replace('    return {"type": "read_ok"', mute))
    trace = find(f"-w broadcast {bin_of(node)} --node-count 2 --time-limit 3 --rate 10").trace
    assert trace.anomaly == DIVERGED
    assert trace.sentence == "In the end n1 answered no final read."


def test_a_node_that_goes_takes_its_clients_and_faults_with_it():
    options = parse_options(shlex.split(f"{CUT},kill,one-way --concurrency 2n"))
    script = run_once(options, Tally(), is_recorded=True).script
    case = without_node(Case(options, script), "n1")
    assert case.options.node_ids == ("n0", "n1", "n2", "n3")
    assert case.options.concurrency == 8
    kept = [op for op in script.ops if op.thread % 5 != 1]
    assert [(op.at_ns, op.f, op.value) for op in case.script.ops] == [
        (op.at_ns, op.f, op.value) for op in kept
    ]
    renamed = {0: 0, 2: 1, 3: 2, 4: 3}
    assert [op.thread % 4 for op in case.script.ops] == [renamed[op.thread % 5] for op in kept]
    for event in case.script.faults:
        names = json.dumps(event.target)
        assert "n4" not in names
    assert run_once(case.options, Tally(), script=case.script).results is not None


def test_a_trace_is_the_same_after_writing_and_reading(tmp_path):
    trace = find(f"{CUT},loss,kill").trace
    (tmp_path / "trace.json").write_text(trace.to_json())
    assert Trace.load(tmp_path / "trace.json") == trace


@pytest.mark.parametrize(
    "change",
    [
        {"ops": [{"at_ns": 0, "client": 99, "f": "read", "value": "nil"}]},
        {"ops": [{"at_ns": 1e300, "client": 0, "f": "read", "value": "nil"}]},
        {"ops": [{"at_ns": 0, "client": 0, "f": "read", "value": "nil", "extra": "x"}]},
        {"fates": "x"},
    ],
)
def test_a_trace_of_what_cannot_be_is_refused(tmp_path, change):
    path = tmp_path / "trace.json"
    path.write_text(json.dumps({**json.loads(find(CUT).trace.to_json()), **change}))
    with pytest.raises(ExploreError, match="is damaged"):
        Trace.load(path)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (None, "cannot be read"),
        ("{", "not JSON"),
        ("[]", "no trace"),
        ('{"format": "glomers-trace", "version": 1}', "damaged"),
        ('{"format": "glomers-trace", "version": 2}', "no trace of version 1"),
    ],
)
def test_a_file_that_is_no_trace_is_refused_in_a_sentence(tmp_path, text, problem):
    path = tmp_path / "trace.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ExploreError, match=problem):
        Trace.load(path)


# What shows little


def passed(words):
    options = parse_options(shlex.split(words))
    tally = Tally()
    outcome = run_once(options, tally)
    assert not anomalies(options, outcome)
    return vacuity(options, outcome, tally), tally


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        ("--nemesis kill --nemesis-interval 1000", "no fault occurred"),
        ("--node-count 1 --nemesis partition", "no fault touched a message"),
    ],
)
def test_a_pass_without_anything_worth_checking_says_why(flags, reason):
    retry = NAIVE.replace("broadcast_all", "broadcast_retry")
    reasons, _ = passed(f"{retry} --time-limit 4 {flags}")
    assert reason in reasons


def test_coverage_counts_messages_by_type_and_fault():
    retry = NAIVE.replace("broadcast_all", "broadcast_retry")
    reasons, tally = passed(f"{retry} --time-limit 8 --nemesis partition --nemesis-interval 2")
    assert reasons == []
    assert tally.effects["partition"] > 0
    assert 0 < tally.pairs["share", "partition"] < tally.types["share"]
    assert set(tally.types) == {"share", "share_ok"}


# The commands


@pytest.mark.slow
def test_explore_finds_keeps_and_shrinks_a_failure_and_replay_shows_it(tmp_path):
    words = f"test {CUT}"
    found = glomers("explore", words, "--seeds", "4", "--vary", "none", "--out", "x", cwd=tmp_path)
    assert found.returncode == 1, found.stderr
    assert "Violations: lost" in found.stdout
    rows = [json.loads(line) for line in (tmp_path / "x/results.jsonl").read_text().splitlines()]
    failed = [row["seed"] for row in rows[1:] if row["outcome"] == "fail"]
    kept = sorted(path.name for path in (tmp_path / "x").glob("seed-*"))
    assert kept == sorted(f"seed-{seed}" for seed in failed)
    assert lab.Run.load(tmp_path / f"x/seed-{failed[0]}/store/latest").valid is False
    replayed = glomers("replay", "x/trace.json", cwd=tmp_path)
    assert replayed.returncode == 1, replayed.stderr
    assert "acknowledged" in replayed.stdout
    run = lab.Run.load(tmp_path / "store/latest")
    assert run.valid is False
    assert "acknowledged" in lab.counterexample(run).caption
    assert "decisive messages are thick" in (run.store / "messages.svg").read_text()
    mended = str(SOLUTIONS / "broadcast_retry.py")
    again = glomers("replay", "x/trace.json", "--bin", mended, cwd=tmp_path)
    assert again.returncode == 0
    assert "does not show any more" in again.stdout


@pytest.mark.slow
def test_two_replays_of_a_trace_are_equal(tmp_path):
    (tmp_path / "trace.json").write_text(find(CUT).trace.to_json())
    texts = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        glomers("replay", "../trace.json", cwd=tmp_path / name)
        store = tmp_path / name / "store" / "latest"
        files = ("history.edn", "net-journal/messages.jsonl", "messages.svg")
        texts.append([(store / file).read_text() for file in files])
    assert texts[0] == texts[1]


@pytest.mark.slow
def test_the_lab_returns_a_row_for_each_seed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    frame = lab.explore(f"test {CUT}", seeds=3, vary="none", jobs=1, tail=lambda line: None)
    assert list(frame.index) == [0, 1, 2]
    assert not list(Path("explore/latest").glob("seed-*"))  # stores are kept only if asked for
    assert set(frame["outcome"]) <= {"pass", "fail"}
    assert frame.attrs["summary"]["seeds"] == 3
    run = lab.replay(frame.attrs["trace"])
    assert run.valid is False
    assert lab.counterexample(run).caption == frame.attrs["sentence"]
    assert list(run.faults["description"].str.split(":").str[0]) == ["partition"]


def test_the_lab_has_nothing_to_replay_when_no_seed_failed():
    with pytest.raises(lab.RunFailed, match="No seed failed: there is nothing to replay"):
        lab.replay(None)


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["3c", "--faults", "meteor"], "There is no fault 'meteor'"),
        (["3c", "--vary", "weather"], "There is no variable 'weather'"),
        (["test -w broadcast"], "--bin"),
        (["test -w brodcast --bin x"], "invalid choice"),
        (["test -w echo --bin nowhere.py"], "There is no file nowhere.py"),
        (["test -w echo --bin /bin/sh"], "cannot run in virtual time"),
        (["3c", "--dask", "tcp://127.0.0.1:1"], "no Dask scheduler"),
        (["3c", "--", "0.5"], "'0.5' would be an argument of the node, and the series' own takes"),
        (["test -w echo --bin x", "--sedes", "5"], "unrecognized arguments: --sedes"),
        ([f"test {NAIVE} --test-count 2"], "leave --test-count out, and use --seeds"),
        (["test -w echo --bin x --nodes-file nowhere"], "nowhere cannot be read"),
    ],
)
def test_what_cannot_be_explored_is_refused_in_a_sentence(
    tmp_path, monkeypatch, capsys, words, problem
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("glomers.explore.campaign.DASK_TIMEOUT_S", 0.5)
    assert main(["explore", *words]) == 254
    said = capsys.readouterr().err
    assert problem in said
    assert "Traceback" not in said


# Runs that differ

LEAKY = """
import os

from glomers.node import Node

node = Node()


@node.on("echo")
def echo(message):
    {leak}
    return {{"type": "echo_ok", "echo": message.body["echo"], "leak": leak}}


if __name__ == "__main__":
    node.run()
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("leak", "told"),
    [
        ("leak = hash('word')", "asked for a hash, which differs between processes in line 11"),
        ("leak = list({'a', 'b', 'c', 'd', 'e'})", "asked for the order of a set in line 11"),
        ("leak = os.times().elapsed", "asked for a clock of the machine in line 11"),
        ("leak = id(message)", "asked for an address in memory in line 11"),
    ],
)
def test_what_makes_runs_differ_is_found_with_its_line(tmp_path, leak, told):
    (tmp_path / "node.py").write_text(LEAKY.format(leak=leak))
    words = "test -w echo --bin node.py --node-count 1 --time-limit 1"
    done = glomers("explore", words, "--seeds", "1", "--check-determinism", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert "Seed 0 comes out differently" in done.stdout
    assert told in done.stdout


@pytest.mark.slow
def test_the_line_is_found_in_lockstep_as_well(tmp_path):
    (tmp_path / "node.py").write_text(LEAKY.format(leak="leak = hash('word')"))
    words = "test -w echo --bin node.py --node-count 1 --time-limit 1 --clock lockstep"
    done = glomers("explore", words, "--seeds", "1", "--check-determinism", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert "asked for a hash, which differs between processes in line 11" in done.stdout


@pytest.mark.slow
def test_runs_that_do_not_differ_are_not_blamed(tmp_path):
    done = glomers("explore", "3c", "--seeds", "2", "--check-determinism", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_suspects_are_lines_that_ask_for_what_nobody_controls(tmp_path):
    path = tmp_path / "node.py"
    lines = {
        "names = {'a'}": None,
        "for name in names: pass": "order of a set",
        "for name in sorted(names): pass": None,
        "first = names.pop()": "order of a set",
        "print(*names)": "order of a set",
        "number = hash(first)": "a hash",
        "[x for x in names | {'b'}]": "order of a set",
        "items = [1].pop()": None,
    }
    path.write_text("\n".join(lines))
    found = suspects(path)
    for number, told in enumerate(lines.values(), start=1):
        assert (told in found[number]) if told else number not in found


ASKS_ONCE = """
from glomers.node import Node, RPCError

node = Node()
own = 0


@node.on("add")
def add(message):
    global own
    own += message.body["delta"]
    return {"type": "add_ok"}


@node.on("read")
async def read(message):
    total = own
    for peer in node.peers:
        try:
            total += (await node.rpc(peer, {"type": "own"}, timeout_s=0.2))["value"]
        except RPCError:
            pass
    return {"type": "read_ok", "value": total}


@node.on("own")
def tell(message):
    return {"type": "own_ok", "value": own}


if __name__ == "__main__":
    node.run()
"""


@pytest.mark.slow
def test_an_answer_that_comes_too_late_is_told_and_nothing_else_is_left(tmp_path):
    (tmp_path / "node.py").write_text(ASKS_ONCE)
    words = f"-w g-counter {bin_of(tmp_path / 'node.py')} --node-count 2 --time-limit 3 --rate 10"
    trace = find(f"{words} --latency 50 --latency-dist exponential", 60).trace
    assert "came too late" in trace.sentence
    assert [op.f for op in trace.script.ops] == ["add", "read"]


def test_an_exploration_from_a_notebook_removes_nothing_but_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text((SOLUTIONS / "echo.py").read_text())
    words = "test -w echo --node-count 1 --time-limit 1"
    for _ in range(2):
        lab.explore(words, bin="mine.py", seeds=1, jobs=1, out=".", tail=lambda line: None)
    assert (tmp_path / "mine.py").exists()


def test_a_picture_that_came_with_a_store_is_not_shown(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    frame = lab.explore(f"test {CUT}", seeds=3, vary="none", jobs=1, tail=lambda line: None)
    run = lab.replay(frame.attrs["trace"])
    (run.store / "messages.svg").write_text("<svg><script>alert(1)</script></svg>")
    assert "<script" not in lab.counterexample(run)._repr_mimebundle_()["text/html"]
    (run.store / "counterexample.json").write_text('{"sentence": 1}')
    with pytest.raises(lab.StoreError, match="is damaged"):
        lab.counterexample(run)


@pytest.mark.slow
def test_a_node_that_floods_stderr_does_not_hold_up_the_check_of_determinism(tmp_path):
    source = LEAKY.format(leak="leak = os.write(2, b'y' * 5000)")
    (tmp_path / "node.py").write_text(source)
    words = "test -w echo --bin node.py --node-count 1 --time-limit 5"
    done = glomers("explore", words, "--seeds", "3", "--check-determinism", cwd=tmp_path)
    assert "no difference" in done.stdout


def test_arguments_and_names_of_nodes_stand_in_the_command_of_every_seed(tmp_path):
    words = f"{NAIVE.replace('--node-count 5', '--nodes ada,bob')} --time-limit 1 --no-ssh one"
    done = glomers(
        *("explore", f"test {words}", "--seeds", "2", "--vary", "none", "--out", "found"),
        *("--", "--two", "three 3"),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    header, *rows = map(json.loads, (tmp_path / "found/results.jsonl").read_text().splitlines())
    for fields in (header, *rows):
        assert fields["command"].endswith(" -- one --two 'three 3'")
        assert "--nodes ada,bob" in fields["command"]
    assert all("share" in row["types"] for row in rows), "they are nodes like any others"


def test_an_exploration_on_the_real_clock_is_refused(tmp_path):
    words = f"test {NAIVE} --clock real"
    done = glomers("explore", words, "--seeds", "1", cwd=tmp_path)
    assert done.returncode == 254
    assert "leave --clock real out" in done.stderr


def test_the_node_that_a_launcher_starts_is_the_one_that_counts(tmp_path):
    glomers("nodes", "nd", cwd=tmp_path)
    words = "test -w echo --bin=nd/echo --node-count 1 --time-limit 1"
    glomers("explore", words, "--seeds", "1", "--out", "found", cwd=tmp_path)
    node = tmp_path / "nd" / "echo.py"
    node.write_text(node.read_text() + "# another\n")
    again = ["explore", words, "--seeds", "2", "--out", "found", "--resume"]
    assert "is of another exploration" in glomers(*again, cwd=tmp_path).stderr


@pytest.mark.parametrize("words", ["test 'x", "test -w echo"])
def test_a_target_that_is_no_command_is_told_in_a_sentence(tmp_path, words):
    done = glomers("explore", words, cwd=tmp_path)
    assert done.returncode == 254
    assert done.stderr.count("\n") == 1
