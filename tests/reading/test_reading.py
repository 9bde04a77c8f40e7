"""What findings are made of: logs, journals, sequences of operations, and the node's program."""

import gzip
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glomers.bench.checkers import CheckOptions, workload_checker
from glomers.formats.edn import kw
from glomers.formats.edn_reader import loads
from glomers.formats.history import Op, pairs, read_history
from glomers.formats.journal import JournalWriter, read_journal
from glomers.formats.node_log import read_log, times_file
from glomers.formats.typography import lookalike
from glomers.reading.cause import cause
from glomers.reading.dossier import Broken, Dossier
from glomers.reading.finding import Kind, Place
from glomers.reading.findings import MOST, findings
from glomers.reading.shortest import Call, shortest
from glomers.reading.source import Source
from glomers.reading.tracebacks import errors
from glomers.reading.wording import beginning, listed, nodes_in_words, said, were
from tests.helpers.places import MAELSTROM_RUNS

HERE = str(Path(__file__).parent)


# Linearizability


@st.composite
def register_histories(draw):
    """Operations of three processes on one register, with answers that may be wrong."""
    history, open_ops = [], {}
    for _ in range(draw(st.integers(1, 14))):
        process = draw(st.integers(0, 2))
        if process in open_ops:
            f, value = open_ops.pop(process)
            kind = draw(st.sampled_from(["ok", "ok", "ok", "info", "fail"]))
            if f == "read" and kind == "ok":
                value = draw(st.sampled_from([None, 0, 1]))
            history.append(Op(len(history), len(history), kind, process, f, [0, value]))
            if kind == "info":
                open_ops[process] = None, None
        elif open_ops.get(process, 0) is not None:
            f = draw(st.sampled_from(["read", "write", "cas"]))
            value = {"read": None, "write": draw(st.integers(0, 1))}.get(f)
            if f == "cas":
                value = [draw(st.integers(0, 1)), draw(st.integers(0, 1))]
            open_ops[process] = f, value
            history.append(Op(len(history), len(history), "invoke", process, f, [0, value]))
    return [op for op in history if op.f is not None]


def calls_of(history):
    calls = []
    for began, ended in pairs(history):
        if ended is not None and ended.type == "fail":
            continue
        is_ok = ended is not None and ended.type == "ok"
        if is_ok or began.f != "read":
            value = (ended if is_ok else began).value[1]
            calls.append(Call(began.f, value, began, ended if is_ok else None))
    return calls


@given(register_histories())
def test_the_shortest_sequence_is_found_only_where_no_order_explains_the_whole(history):
    check = workload_checker("lin-kv")
    is_valid = check(history, CheckOptions("lin-kv"))[kw("valid?")] is True
    core = shortest(calls_of(history))
    if is_valid:
        assert core == []
    elif len(history) < 14:
        assert core, "so few operations are looked at as a whole"


def test_a_stale_read_is_told_by_two_operations():
    history = [
        Op(0, 0, "invoke", 0, "write", [0, 1]),
        Op(1, 1, "ok", 0, "write", [0, 1]),
        Op(2, 2, "invoke", 0, "write", [0, 2]),
        Op(3, 3, "ok", 0, "write", [0, 2]),
        Op(4, 4, "invoke", 1, "read", [0, None]),
        Op(5, 5, "ok", 1, "read", [0, 2]),
        Op(6, 6, "invoke", 2, "read", [0, None]),
        Op(7, 7, "ok", 2, "read", [0, 1]),
    ]
    assert [(call.f, call.value) for call in shortest(calls_of(history))] == [
        ("read", 2),
        ("read", 1),
    ]


# Logs

PLAIN = f"""In the handler of 'share':
Traceback (most recent call last):
  File "/elsewhere/glomers/node.py", line 1, in _dispatch
    answer = handler(message)
  File "{HERE}/node.py", line 7, in share
    seen[message.body["x"]]
KeyError: 'x'
"""
CHAINED = f"""In a timer:
Traceback (most recent call last):
  File "{HERE}/node.py", line 3, in work
    work()
KeyError: 'x'

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "{HERE}/helper.py", line 5, in work
    raise ValueError("no") from error
ValueError: no
"""
GROUP = f"""In a task:
  + Exception Group Traceback (most recent call last):
  |   File "{HERE}/node.py", line 3, in work
  |     async with asyncio.TaskGroup() as group:
  | ExceptionGroup: unhandled errors in a TaskGroup (2 sub-exceptions)
  +-+---------------- 1 ----------------
    | Traceback (most recent call last):
    |   File "{HERE}/node.py", line 9, in one
    |     1 / 0
    | ZeroDivisionError: division by zero
    +---------------- 2 ----------------
    | Traceback (most recent call last):
    |   File "{HERE}/node.py", line 12, in two
    |     [][0]
    | IndexError: list index out of range
    +------------------------------------
"""


@pytest.mark.parametrize(
    ("log", "told"),
    [
        (PLAIN, [("KeyError: 'x'", "share", 7)]),
        (f"hello\n{PLAIN}good-bye\n{PLAIN}", [("KeyError: 'x'", "share", 7)]),
        (CHAINED, [("ValueError: no", None, 5)]),
        (
            GROUP,
            [
                ("ZeroDivisionError: division by zero", None, 9),
                ("IndexError: list index out of range", None, 12),
            ],
        ),
        (PLAIN + CHAINED, [("KeyError: 'x'", "share", 7), ("ValueError: no", None, 5)]),
        ("Traceback (most recent call last):\n", []),
        ("", []),
    ],
)
def test_exceptions_are_read_from_a_log(log, told):
    found = errors({"n0": log}, Source(Path(HERE, "node.py")))
    assert [(e.said, e.kind, e.line and e.line[1]) for e in found] == told


def test_the_same_exception_counts_wherever_it_is_raised():
    (error,) = found = errors({"n0": PLAIN, "n1": PLAIN * 2}, Source(None))
    assert (found[error].count, found[error].nodes) == (3, {"n0", "n1"})


def test_lines_of_a_log_have_the_time_of_their_beginning(tmp_path):
    log = tmp_path / "node-logs" / "n0.log"
    log.parent.mkdir()
    log.write_text("one\ntwo\u2028still two\nthree\n")
    assert [line.time_s for line in read_log(log)] == [None, None, None]
    times_file(log).parent.mkdir()
    times_file(log).write_text("[[1, 1000000000], [3, 2500000000]]")
    assert [(line.time_s, line.text) for line in read_log(log)] == [
        (1.0, "one"),
        (1.0, "two\u2028still two"),
        (2.5, "three"),
    ]


# The journal

VALUES = st.one_of(st.integers(-30, 30), st.text(max_size=3))
BODIES = st.dictionaries(st.sampled_from(["type", "a", "b"]), st.lists(VALUES) | VALUES)


@given(st.lists(BODIES, max_size=12), VALUES)
def test_looking_for_a_value_in_the_journal_misses_no_message_that_carries_it(
    tmp_path_factory, bodies, value
):
    import orjson

    path = tmp_path_factory.mktemp("journal") / "messages.jsonl"
    with JournalWriter(path) as journal:
        for number, body in enumerate(bodies):
            journal.send(number, number, orjson.dumps({"src": "n0", "dest": "n1", "body": body}))
            journal.recv(number + 1, number)
    whole = Dossier("broadcast", ["n0", "n1"], None, [], lambda text: read_journal(path))
    part = Dossier(
        "broadcast",
        ["n0", "n1"],
        None,
        [],
        lambda text: read_journal(path, text.encode() if text is not None else None),
    )
    assert whole.messages_with(value) == part.messages_with(value)


# The program

PROGRAM = """
class Server:
    def add(self, message):
        return None

    async def read(self, message):
        if message:
            return {"type": "read_ok"}
        return {"type": "error"}


server = Server()
node.on("add")(server.add)
node.on("read")(server.read)
node.on("echo")(lambda message: {"type": "echo_ok"})


@logged
@node.on("share")
def share(message):
    def inner():
        return 1

    node.send("n0", dict(type="more"))
"""


def test_handlers_and_messages_are_found_in_a_program(tmp_path):
    path = tmp_path / "node.py"
    path.write_text(PROGRAM)
    source = Source(path)
    assert source.handler("add")[0] == Place("node.py", 3)
    assert source.answers("read")[0] == Place("node.py", 9)
    assert source.handler("echo")[0] == Place("node.py", 15)
    assert source.handler("share") == (Place("node.py", 20), "20 | def share(message):")
    assert [source.handler_returns(kind) for kind in ("add", "read", "echo", "share", "x")] == [
        False,
        True,
        True,
        False,
        None,
    ]
    assert source.made("more")[0] == Place("node.py", 24)
    assert source.made("less") is None
    known = Source(path, {"share": (str(path), 18), "gone": (str(tmp_path / "x.py"), 1)})
    assert known.handler("share")[0].line == 20
    assert known.handler("gone") is None


def test_a_program_that_is_no_python_has_no_places(tmp_path):
    (tmp_path / "node.js").write_text("function () {")
    assert Source(tmp_path / "node.js").handler("echo") is None
    assert Source(tmp_path / "nothing").made("echo") is None


# All together


@given(
    st.dictionaries(
        st.sampled_from([kw(n) for n in ("valid?", "stats", "workload", "availability")]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(
                        [kw(n) for n in ("valid?", "errors", "lost", "anomalies", "errs")]
                    ),
                    inner,
                    max_size=3,
                )
            ),
            max_leaves=8,
        ),
    ),
    st.sampled_from(["broadcast", "kafka", "lin-kv", "txn-rw-register", "g-counter", "?"]),
    st.text(max_size=200),
)
def test_whatever_a_run_left_the_findings_are_few_and_nothing_is_raised(results, workload, log):
    found = findings(Dossier(workload, ["n0"], results, [], logs={"n0": log}))
    assert len(found) <= MOST
    assert found == sorted(found, key=lambda finding: finding.kind)


def test_a_broken_test_begins_with_the_reason():
    dossier = Dossier("echo", ["n0"], None, [], broken=Broken("It broke.", "n0", ("x.py", 3)))
    (found,) = findings(dossier)
    assert (found.kind, str(found)) == (Kind.BROKEN, "It broke (x.py:3).")


EDN = re.compile(r"#\w[\w.]*\{|#\{|(?<![\w\"'(/]):[a-z][a-z-]+\b|\{:")


@pytest.mark.parametrize("folder", sorted(MAELSTROM_RUNS.iterdir()), ids=lambda folder: folder.name)
def test_what_the_real_tool_found_is_said_in_plain_words(folder):
    results = loads(gzip.decompress((folder / "results.edn.gz").read_bytes()).decode())
    history = read_history(folder / "history.edn.gz")
    workload = json.loads((folder / "run.json").read_text())["workload"]
    troubles = []
    nodes = [f"n{number}" for number in range(5)]
    found = findings(Dossier(workload, nodes, results, history), troubles.append)
    assert not troubles
    if results[kw("valid?")] is True:
        assert all("(our own check" in found[0].sentence for _ in found)
        return
    assert found[0].kind is Kind.PROMISE
    assert not any(finding.kind is Kind.LOSS for finding in found), "there are no messages"
    for finding in found:
        assert not EDN.search(str(finding)), str(finding)
        assert "results.edn says no more" not in finding.sentence


# Words


def test_lists_of_names_are_short():
    assert listed([]) == ""
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert listed(list("abcdef")) == "a, b, c and 3 others"
    assert nodes_in_words({"n10", "n2"}, ["n2", "n10", "n3"]) == "n2 and n10"
    assert nodes_in_words({"n0", "n1", "n2"}, ["n0", "n1", "n2"]) == "all 3 nodes"


def test_a_sentence_begins_with_a_capital_and_never_changes_a_name():
    assert beginning("all 22") == "All 22"
    assert beginning("n0 and n1") == "n0 and n1"
    assert beginning("allan and n1") == "allan and n1"


def test_values_are_said_as_json():
    assert said([kw("r"), 1, None]) == '["r", 1, null]'
    assert said("x" * 200, 10) == '"xxxxxxxx…'


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("echo.py\u200b", "U+200B"),
        ("--rate\u00a010", "U+00A0"),
        ("“echo”", "U+201C"),
        ("–-nemesis", "U+2013"),
    ],
)
def test_characters_that_only_look_right_are_named(text, code):
    assert code in lookalike(["fine", text])
    assert lookalike(["fine", "日本語"]) is None


# A workload that nobody has found words for


def test_a_workload_without_words_of_its_own_is_told_of_by_what_its_checker_found():
    part = {kw("valid?"): False, kw("acknowledged"): 7, kw("too-low"): [3]}
    results = {kw("valid?"): False, kw("workload"): part}
    dossier = Dossier("max-register", ["n0"], results, [])
    told = "The checker of max-register found acknowledged 7 and too-low [3]."
    assert [finding.sentence for finding in findings(dossier)] == [told]
    assert cause(dossier, "too-low").sentence == told


def test_a_verb_agrees_with_what_is_counted():
    assert were(1, "value") == "1 value was"
    assert were(1200, "value") == "1,200 values were"
