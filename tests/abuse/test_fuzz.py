"""Whatever comes in is read or refused in a sentence: no crash, no hang, memory in proportion."""

from __future__ import annotations

import asyncio
import json
import os
import tracemalloc
from contextlib import redirect_stderr, redirect_stdout, suppress
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from glomers import cli, node, protocol
from glomers.bench.flags import MAX_CLIENTS, parse_options
from glomers.bench.hosts.host import Outgoing
from glomers.bench.node_names import MAX_NODES
from glomers.bench.program import find_program
from glomers.engine import command
from glomers.errors import BadInput, BrokenTest, LabError
from glomers.formats.edn import EdnError
from glomers.formats.edn_reader import loads_all
from glomers.formats.fressian import FressianError, Reader
from tests.helpers.bench import bench
from tests.helpers.places import STORE_SAMPLES

LONG = "x" * 5_000

# EDN

TOKENS = st.sampled_from(
    [
        *("[", "]", "(", ")", "{", "}", "#{", '"', "\\", "#_", ";", "\n", " ", ",", "#", "##"),
        *(":a", ":valid?", "nil", "true", "1", "-0", "1N", "1.5M", "1e999999999", "1/0", "3/9"),
        *('"a\\u00e9"', '"\\ud800"', '"\\9"', "\\newline", "\\u0", "#inst", "#x/y", "##Inf"),
        *("9" * 5_000, "#a #b #c #d", LONG, ":" + LONG, "\x00", "é", "\ud800"),
    ]
)
RESULTS = next(STORE_SAMPLES.rglob("results.edn")).read_text()


@given(st.lists(TOKENS, max_size=60).map("".join))
def test_any_soup_of_edn_is_read_or_refused(text):
    with suppress(EdnError):
        loads_all(text)


@given(st.integers(0, len(RESULTS)), st.integers(0, 40), TOKENS)
def test_damaged_results_are_read_or_refused(start, length, put_in):
    with suppress(EdnError):
        loads_all(RESULTS[:start] + put_in + RESULTS[start + length :])


BOMBS = {
    "brackets": "[" * 100_000,
    "closed brackets": "[" * 50_000 + "]" * 50_000,
    "discards": "#_" * 30_000 + "1",
    "tags": "#a " * 30_000 + "1",
    "keywords": " ".join(f":k{i}" for i in range(20_000)),
    "an open string": '"' + "\\n" * 50_000,
    "a long number": "9" * 100_000,
    "maps as keys": "{" * 50 + "1" + " 1}" * 50,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BOMBS)
def test_edn_takes_memory_in_proportion_to_its_length(name):
    text = BOMBS[name]
    assert peak_bytes(lambda: loads_all(text), EdnError) < 1_000_000 + 200 * len(text)


@given(st.binary(max_size=200), st.binary(max_size=3))
def test_fressian_takes_memory_in_proportion_to_its_length(data, bomb):
    """The rest of the reader's fuzzing is in test_fressian and test_maelstrom_journal."""
    repeated = data + bomb * 1_000
    assert peak_bytes(lambda: list(Reader(repeated)), FressianError) < 20_000_000


def peak_bytes(act, refused):
    """The most memory that `act` holds at once; it may refuse."""
    tracemalloc.start()
    try:
        with suppress(refused):
            act()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


# The command line

FLAGS = [
    *("-w", "--workload", "--bin", "--node-count", "--concurrency", "--rate", "--time-limit"),
    *("--latency", "--latency-dist", "--nemesis", "--nemesis-interval", "--topology"),
    *("--availability", "--consistency-models", "--key-count", "--max-txn-length"),
    *("--max-writes-per-key", "--log-stderr", "--seed", "--clock", "--final-reads", "--help", "--"),
    *("-n", "--node", "--nodes", "--nodes-file", "--test-count", "--no-ssh", "--username"),
    *("--node-cou", "-node-count", "-", "---", "–-seed", ""),
]
VALUES = [
    *("echo", "lin-kv", "x", "0", "1", "-1", "2n", "n", "1e3", "1e-400", "1e400", "nan", "inf"),
    *("9" * 30, "9" * 5_000, "9" * 9 + "n", "٣", "1_0", "total", "partition", "partition,x", ","),
    *("a , b", "grid", "virtual", "real", "\x00", "\udcff", "é", LONG, "~nobody-here/x", "./-"),
]
WORDS = st.lists(
    st.one_of(st.sampled_from(FLAGS), st.sampled_from(VALUES), st.text(max_size=8)), max_size=12
)
PAIRS = st.lists(st.tuples(st.sampled_from(FLAGS), st.sampled_from(VALUES)), max_size=8).map(
    lambda pairs: ["--bin", "x", *[word for pair in pairs for word in pair]]
)


def outcome(function, *arguments):
    """What the function returns, and the refusal that it raises: one of them is None."""
    try:
        return quietly(function, *arguments)[0], None
    except (BadInput, BrokenTest, LabError, SystemExit) as refusal:
        return None, refusal


def quietly(function, *arguments):
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()) as said:
        return function(*arguments), said.getvalue()


@given(st.one_of(WORDS, PAIRS))
def test_any_words_are_options_or_refused_in_a_sentence(words):
    options, refusal = outcome(parse_options, words)
    if isinstance(refusal, BadInput | BrokenTest):
        assert 0 < len(str(refusal)) < 12_000
    elif refusal is None:
        assert len(options.node_ids) <= MAX_NODES
        assert options.concurrency <= MAX_CLIENTS
    else:
        assert refusal.code in (0, None), "only --help leaves so"


@given(st.one_of(WORDS, PAIRS))
@example(["--bin", LONG])
@example(["--bin", "\x00"])
@example(["--bin", "x", "--", "\udcff"])
def test_the_bench_ends_with_a_status_and_a_sentence(words):
    for action in ("test", "check"):
        status, said = quietly(bench, [action, *words, "--bin", f"{os.sep}nowhere"])
        assert status in (0, 254, 255)
        assert bool(said) == (status != 0)
        assert "Traceback" not in said


@given(st.one_of(st.sampled_from(VALUES), st.text(max_size=30)))
@example(LONG)
@example(f"{LONG}/{LONG}")
def test_any_name_of_a_program_is_found_or_refused(name):
    with suppress(BrokenTest):
        find_program(Path(name), None)


@given(st.lists(st.sampled_from([*VALUES, "run", "export", "challenge", "3d", "--json", "-p"])))
def test_the_other_commands_refuse_what_they_do_not_know(words):
    _, refusal = outcome(cli.parser_for(words).parse_args, words)
    assert refusal is None or refusal.exit_status == 254


LINES = st.one_of(
    st.text(max_size=60),
    st.lists(st.sampled_from([*FLAGS, *VALUES, "'", '"', "\\\n", "\\\r\n"]), max_size=12).map(
        lambda words: "test " + " ".join(words)
    ),
)


@given(LINES)
@example("test --bin ~nobody-here/x")
@example(f"test --bin {LONG}")
@example(f"test --bin {LONG}.py")
@example("test --bin '\x00'")
def test_any_line_is_a_command_or_refused(line):
    words, refusal = outcome(command.parse_command, line)
    if refusal is not None:
        assert str(refusal)
        return
    assert words[0] == "test"
    command.needs_bench(words)
    command.refusal(words)


@given(WORDS, st.sampled_from(["--seed", "--bin"]), st.text(max_size=5))
def test_a_flag_that_is_set_is_there_once_and_the_rest_stays(words, flag, value):
    given_words = ["test", *[word for word in words if not word.startswith(flag)]]
    with_it = command.with_flag(given_words, flag, value, replace=True)
    assert with_it.count(flag) == 1
    assert with_it[with_it.index(flag) + 1] == value
    assert command.without_flag(with_it, flag) == given_words
    assert command.with_flag(with_it, flag, "other", replace=False) == with_it


# What a node reads, and what the bench reads of a node

KEYS = st.sampled_from(
    ["type", "msg_id", "in_reply_to", "code", "text", "node_id", "node_ids", "src", "dest", "body"]
)
JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**70), 2**70),
        st.floats(),
        st.text(max_size=8),
        st.sampled_from(["init", "ask", "error", "n1", "c1", "x" * 300]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(KEYS, st.text(max_size=4)), inner, max_size=4),
    ),
    max_leaves=12,
)
BODIES = st.dictionaries(KEYS, JSON, max_size=6)
MESSAGES = st.fixed_dictionaries({}, optional={"src": JSON, "dest": JSON, "body": BODIES})
INPUT = st.one_of(
    st.binary(max_size=80).map(lambda line: line.replace(b"\n", b" ")),
    JSON.map(lambda value: json.dumps(value).encode()),
    MESSAGES.map(lambda value: json.dumps(value).encode()),
    MESSAGES.map(lambda value: json.dumps(value).encode()[:-3]),
    st.sampled_from([b"[" * 100_000, b'{"a":' * 100_000, b"9" * 10_000, b"\xff", b"\x00"]),
)
ASK = b'{"src":"c1","dest":"n1","body":{"type":"ask","msg_id":77}}'
INIT = b'{"src":"c1","dest":"n1","body":{"type":"init","msg_id":1,"node_id":"n1","node_ids":[]}}'


def converse(feed):
    """A node with one handler that is fed; returns what it sent."""
    sent = []

    async def main():
        asked = node.Node()
        asked._emit = lambda line, message: sent.append(line)
        asked.on("ask")(lambda message: {"type": "ask_ok", "given": message.body})
        feed(asked)
        await asked.finish(1.0)
        await asyncio.sleep(0)

    with redirect_stderr(StringIO()):
        asyncio.run(main())
    return sent


@pytest.mark.parametrize("library", ["orjson", "json"])
@given(st.lists(INPUT, max_size=5))
@settings(deadline=None)
def test_a_node_survives_whatever_it_reads_and_goes_on_answering(library, lines):
    loads, packed = protocol.loads, protocol.packed
    if library == "json":
        node.loads, node.packed = protocol._json_loads, protocol._json_packed
    try:

        def feed(asked):
            asked.receive(INIT)
            for line in lines:
                asked.receive(line)

        sent = converse(feed)
        after = converse(lambda asked: (feed(asked), asked.receive(ASK)))
    finally:
        node.loads, node.packed = loads, packed
    assert len(after) > len(sent)
    assert any(b'"in_reply_to":77' in line for line in after)


@given(st.lists(INPUT, max_size=4), st.lists(st.integers(1, 40), max_size=30))
def test_lines_are_whole_wherever_the_pipe_cut_them(lines, cuts):
    received = []
    asked = node.Node()
    asked.receive = received.append
    process = node._Process(asked)
    data = b"\n".join([*lines, b""])
    for cut in cuts:
        process._feed(data[:cut])
        data = data[cut:]
    process._feed(data)
    assert received == [line for line in lines if line.strip()]


@given(INPUT)
def test_the_bench_survives_whatever_a_node_writes(line):
    sent, warned = [], []

    def send(src, dest, body, line):
        if dest != "n1":
            raise LookupError(f"there is no {dest!r} in the network")
        sent.append(line)

    Outgoing("n1", send, warned.append).line(line)
    assert len(sent) + len(warned) == 1
    assert all(len(sentence) < 3_000 for sentence in warned)
