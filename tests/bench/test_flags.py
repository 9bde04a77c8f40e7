"""Jepsen's own flags, names of nodes, arguments for nodes, and tests that are repeated."""

import shlex

import pytest

from glomers.bench.flags import NO_EFFECT, parse_options
from glomers.challenges import SOLUTIONS
from glomers.commands.bench import ELSEWHERE
from glomers.errors import BadInput, BrokenTest
from tests.helpers.bench import ECHO, SHORT
from tests.helpers.bench import bench as main

ARGUMENTS = ECHO.replace(
    "    return", "    import sys; print(sys.argv[1:], file=sys.stderr)\n    return"
)


# Flags without an effect


@pytest.mark.parametrize("flag", NO_EFFECT)
def test_a_flag_that_changes_nothing_is_taken_and_the_bench_says_so(bench, flag):
    value, reason = NO_EFFECT[flag]
    outcome = bench.test(bench.node(ECHO), *SHORT, flag, *(["x"] if value else []))
    assert outcome.status == 0
    assert f"Without effect: {flag} ({reason})" in outcome.out


def test_flags_without_effect_are_told_in_one_line_by_their_reasons(bench):
    flags = ["--logging-json", "--no-ssh", "--password=secret", "--username", "root"]
    outcome = bench.test(bench.node(ECHO), *SHORT, *flags)
    (line,) = [line for line in outcome.out.splitlines() if "Without effect" in line]
    assert line == (
        "Without effect: --no-ssh, --username, --password (nothing goes over SSH); "
        "--logging-json (the log is plain text)"
    )


# Names of nodes


@pytest.mark.parametrize(
    ("flags", "names"),
    [
        ("", "n1 n2 n3 n4 n5"),
        ("--node-count 2", "n0 n1"),
        ("--nodes n1", "n1"),
        ("--nodes 'a, b,c'", "a b c"),
        ("-n n1", "n1"),
        ("-n x --node y -nz", "x y z"),
        ("--nodes a,b -n x", "a b x"),
        ("--nodes-file names", "f1 f2"),
        ("--nodes-file names --nodes a -n x", "f1 f2 a x"),
        ("--node-count 2 --nodes a,b", "n0 n1"),
        ("--nodes a,b --node-count 1 -n x --nodes-file names", "f1 f2 n0 x"),
    ],
)
def test_nodes_are_called_as_maelstrom_calls_them(tmp_path, monkeypatch, flags, names):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "names").write_text("f1  \n\n  f2\n")
    options = parse_options(["--bin", "x", "--concurrency", "2n", *shlex.split(flags)])
    assert options.node_ids == tuple(names.split())
    assert options.concurrency == 2 * len(options.node_ids)


def test_nodes_of_any_name_run_and_are_cut_off_like_others(bench):
    flags = ["--nodes", "ada,bob,dora", "--nemesis", "partition", "--nemesis-interval", "1"]
    node = SOLUTIONS / "broadcast_retry.py"
    outcome = bench.test(node, *flags, "--time-limit", "5", workload="broadcast")
    assert outcome.status == 0
    assert (outcome.store / "node-logs" / "dora.log").exists()
    assert '["d",' in outcome.read("net-journal/messages.jsonl")


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--nodes", ""], "'' is no name for a node"),
        (["--nodes", "a,,b"], "'' is no name for a node"),
        (["-n", "../up"], "'../up' is no name for a node"),
        (["-n", "a b"], "'a b' is no name for a node"),
        (["-n", "lin-kv"], "'lin-kv' is what a service is called"),
        (["-n", "c0"], "'c0' is what a client is called"),
        (["-n", "a", "--node", "a"], "Two nodes cannot both be called 'a'"),
        (["--node-count", "2", "-n", "n1"], "Two nodes cannot both be called 'n1'"),
        (["--node-count", "1000", "-n", "a"], "at most 1,000 nodes"),
        (["--nodes-file", "empty"], "names no node"),
    ],
)
def test_names_that_cannot_be_used_are_refused(tmp_path, monkeypatch, flags, sentence):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").write_text("\n\n")
    with pytest.raises(BadInput) as refusal:
        parse_options(["--bin", "x", *flags])
    assert sentence in str(refusal.value)


def test_a_file_of_names_that_cannot_be_read_breaks_the_test_as_in_maelstrom(bench):
    outcome = bench.test(bench.node(ECHO), "--nodes-file", "nowhere")
    assert outcome.status == 255
    assert outcome.err == "--nodes-file nowhere cannot be read: No such file or directory.\n"
    (bench.folder / "latin").write_bytes(b"\xe9")
    with pytest.raises(BrokenTest, match="no text in UTF-8"):
        parse_options(["--bin", "x", "--nodes-file", "latin"])


# Arguments for nodes


@pytest.mark.parametrize(
    ("words", "arguments"),
    [
        (["echo", *SHORT], ["echo"]),
        ([*SHORT, "echo"], ["echo"]),
        (["a b", "--node-count", "1", "-", "--time-limit", "1", ""], ["a b", "-", ""]),
        ([*SHORT, "x", "--", "--rate", "–y", "--"], ["x", "--rate", "–y", "--"]),
    ],
)
def test_words_that_are_no_flags_go_to_the_node_and_are_named(bench, words, arguments):
    outcome = bench.test(bench.node(ARGUMENTS), *words)
    assert outcome.status == 0
    assert str(arguments) in outcome.read("node-logs/n0.log")
    assert f"Arguments for the node: {shlex.join(arguments)}\n" in outcome.out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--ratee", "5"], "unrecognized arguments: --ratee (did you mean --rate?)"),
        (["--node-cout=5"], "unrecognized arguments: --node-cout=5 (did you mean --node-count?)"),
        (["echo", "--verbose"], "--verbose (what is for the node stands after --)"),
        (["-x"], "unrecognized arguments: -x"),
        (["-5"], "unrecognized arguments: -5"),
        (["-node-count", "5"], "'-node-count' begins with one hyphen, and this flag has two"),
        (["-nodes=n1"], "'-nodes=n1' begins with one hyphen, and this flag has two: --nodes=n1"),
        (["—rate", "5"], "Type it with hyphens: --rate"),
    ],
)
def test_a_mistyped_flag_is_refused_and_never_goes_to_the_node(bench, words, sentence):
    outcome = bench.test(bench.node(ECHO), *SHORT, *words)
    assert outcome.status == 254
    assert sentence in outcome.err
    assert outcome.err.count("\n") == 1
    assert not (bench.folder / "store").exists()


# Repeated tests

FILES = ("history.edn", "results.edn", "net-journal/messages.jsonl", "jepsen.log", "bench.json")


def stores(bench):
    return sorted((bench.folder / "store" / "echo").glob("2*"))


def test_each_repetition_is_the_test_of_the_next_seed(bench):
    node = bench.node(ECHO)
    repeated = bench.test(node, *SHORT, "--rate", "30", "--test-count", "3", "--seed", "5")
    assert repeated.status == 0
    assert [line for line in repeated.out.splitlines() if line.startswith("Test ")] == [
        *("Test 1 of 3", "Test 2 of 3", "Test 3 of 3"),
    ]
    for seed in (5, 6, 7):
        bench.test(node, *SHORT, "--rate", "30", "--seed", str(seed))
    found = stores(bench)
    assert len(found) == 6
    for one, alone in zip(found[:3], found[3:], strict=True):
        for name in FILES[:3]:
            assert (one / name).read_bytes() == (alone / name).read_bytes()
    assert len({(one / "history.edn").read_bytes() for one in found}) == 3


def test_a_repetition_names_the_command_line_that_repeats_it_alone(bench):
    bench.test(bench.node(ECHO), *SHORT, "--test-count", "2", "--", "a b")
    last = stores(bench)[-1]
    (line,) = [x for x in (last / "jepsen.log").read_text().splitlines() if "Running" in x]
    status = main(shlex.split(line.removeprefix("Running: ")))
    assert status == 0
    for name in FILES:
        alone = (stores(bench)[-1] / name).read_text()
        assert alone.replace(stores(bench)[-1].name, last.name) == (last / name).read_text()


def test_repetitions_stop_at_the_first_that_is_not_valid(bench):
    # It spoils the seventh answer, and some seeds ask for less.
    spoils = ECHO.replace("node = Node()", "node = Node()\ncount = 0").replace(
        'return {"type": "echo_ok", "echo": message.body["echo"]}',
        "global count\n    count += 1\n"
        '    return {"type": "echo_ok", "echo": 0 if count == 7 else message.body["echo"]}',
    )
    node = bench.node(spoils)
    statuses = [bench.test(node, *SHORT, "--seed", str(seed)).status for seed in range(9)]
    assert statuses[0] == 0
    first = next(seed for seed, status in enumerate(statuses) if status)
    before = len(stores(bench))
    outcome = bench.test(node, *SHORT, "--test-count", "9")
    assert outcome.status == statuses[first]
    assert len(stores(bench)) - before == first + 1


def test_a_repetition_that_breaks_ends_them_all(bench):
    outcome = bench.test(bench.node("import glomers.node\n1 / 0"), *SHORT, "--test-count", "3")
    assert outcome.status == 255
    assert len(stores(bench)) == 1


@pytest.mark.parametrize("count", ["0", "-1", "x"])
def test_a_count_of_tests_below_one_is_refused(bench, count):
    outcome = bench.test(bench.node(ECHO), *SHORT, "--test-count", count)
    assert outcome.status == 254
    assert "--test-count" in outcome.err


# Other commands


@pytest.mark.parametrize("command", ELSEWHERE)
def test_maelstroms_other_commands_are_answered_with_what_to_do_instead(capsys, command):
    assert main([command, "--port", "8080"]) == 254
    said = capsys.readouterr().err
    assert said.startswith(f"There is no `{command}` here")
    assert said.count("\n") == 1
