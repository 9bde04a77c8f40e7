"""Bad command lines end in one sentence and Maelstrom's exit status; odd ones still run."""

import os

import pytest

from glomers.bench.flags import parse_options
from tests.helpers.bench import ECHO, SHORT
from tests.helpers.bench import bench as main


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ([], "glomers bench test -w WORKLOAD"),
        (["tset"], "did you mean `glomers bench test`?"),
        (["test", "-w", "ecko", "--bin", "node.py"], "invalid choice: 'ecko'"),
        (["test", "-w", "echo", "--bin", "node.py", "--frobnicate"], "--frobnicate"),
        (["test", "-w", "echo"], "--bin"),
        (["test", "-w", "echo", "--bin", "x", "--time-limit", "0"], "must be at least 1, not 0"),
        (["test", "-w", "echo", "--bin", "x", "--time-limit", "soon"], "'soon'"),
        (["test", "-w", "echo", "--bin", "x", "--rate", "-1"], "from 0 up, not -1"),
        (["test", "-w", "echo", "--bin", "x", "--concurrency", "n2"], "multiple of the nodes"),
        (["test", "-w", "echo", "--bin", "x", "--nemesis", "fire"], "unknown fault 'fire'"),
        (["test", "-w", "echo", "--bin", "x", "--availability", "2"], "between 0 and 1"),
        (["test", "-w", "echo", "--bin", "x", "–-nemesis", "partition"], "not a hyphen"),
        (["test", "-w", "kafka", "--bin", "x", "--key-count", "1100"], "at most 1,000"),
        (["test", "-w", "echo", "--bin", "x", "--nemesis-interval", "1e300"], "at most"),
    ],
)
def test_a_bad_command_line_is_explained_in_one_line_with_status_254(bench, capsys, argv, words):
    assert main(argv) == 254
    printed = capsys.readouterr()
    assert words in printed.err
    assert "Traceback" not in printed.err
    assert not (bench.folder / "store").exists()


@pytest.mark.parametrize(
    ("bin", "words"),
    [("nowhere.py", "There is no file nowhere.py"), (".", ". is a folder")],
)
def test_a_bin_that_is_no_program_breaks_the_test(bench, bin, words):
    outcome = bench.test(bin, *SHORT)
    assert outcome.status == 255
    assert words in outcome.err
    assert outcome.err.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("node.py\u200b", "U+200B (zero width space)"),
        ("\u201cnode.py\u201d", "U+201C (left double quotation mark) and U+201D"),
        ("no\u00a0de.py", "U+00A0 (no-break space)"),
        ("node\u2013py", "U+2013 (en dash)"),
    ],
)
def test_characters_that_were_copied_from_a_page_are_named(bench, name, word):
    bench.node(ECHO)
    outcome = bench.test(name)
    assert outcome.status == 255
    assert word in outcome.err
    assert "type it anew" in outcome.err


def test_a_clock_that_the_program_cannot_run_under_is_explained(bench):
    outcome = bench.test(bench.node("print('hello')"), *SHORT, "--clock", "virtual")
    assert outcome.status == 255
    assert "cannot run in virtual time" in outcome.err


def test_a_rate_of_zero_asks_nothing_and_leaves_a_broadcast_unknown(bench):
    outcome = bench.test(bench.node(ECHO), *SHORT, "--rate", "0")
    assert outcome.status == 0
    assert "Operations: 0 " in outcome.out
    silent = ECHO.replace("echo", "topology").replace(', "topology": message.body["topology"]', "")
    outcome = bench.test(
        bench.node(silent), "--node-count", "1", "--rate", "0", workload="broadcast"
    )
    assert outcome.status in (1, 2)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_is_not_writable_is_named(bench):
    bench.node(ECHO)
    bench.folder.chmod(0o555)
    outcome = bench.test("node.py", *SHORT)
    bench.folder.chmod(0o755)
    assert outcome.status == 255
    assert "Cannot write the store folder" in outcome.err


def test_a_store_that_is_a_file_is_named(bench):
    (bench.folder / "store").write_text("in the way")
    outcome = bench.test(bench.node(ECHO), *SHORT)
    assert outcome.status == 255
    assert "Cannot write the store folder" in outcome.err


def test_defaults_are_those_of_maelstrom():
    options = parse_options(["--bin", "node"])
    assert options.workload == "lin-kv"
    assert options.node_ids == ("n1", "n2", "n3", "n4", "n5")
    assert (options.concurrency, options.rate, options.time_limit_s) == (5, 5, 60)
    assert (options.latency_ms, options.latency_dist) == (0, "constant")
    assert (options.nemesis, options.nemesis_interval_s) == (frozenset(), 10)
    assert (options.topology, options.availability) == ("grid", None)
    assert options.consistency_models == ("strict-serializable",)
    assert (options.max_txn_length, options.max_writes_per_key) == (4, 16)


def test_nodes_count_from_zero_when_counted_and_clients_multiply():
    options = parse_options(["--bin", "x", "--node-count", "3", "--concurrency", "2n"])
    assert options.node_ids == ("n0", "n1", "n2")
    assert options.concurrency == 6


def test_models_are_split_at_commas_with_spaces_on_both_sides_only():
    def models(text):
        return parse_options(["--bin", "x", "--consistency-models", text]).consistency_models

    assert models("read-committed , causal") == ("read-committed", "causal")
    assert models("a,b") == ("a,b",)


def test_what_follows_two_hyphens_goes_to_the_node(bench):
    source = ECHO.replace(
        "    return", "    import sys; print(sys.argv[1:], file=sys.stderr)\n    return"
    )
    outcome = bench.test(bench.node(source), *SHORT, "--", "--interval", "0.5")
    assert outcome.status == 0
    assert "['--interval', '0.5']" in outcome.read("node-logs/n0.log")


def test_a_valid_run_leaves_every_file_of_a_store_and_its_links(bench):
    outcome = bench.test(bench.node(ECHO), *SHORT)
    assert outcome.status == 0
    assert outcome.out.rstrip().endswith("Everything looks good! ヽ(‘ー`)ノ")
    for name in (
        "results.edn",
        "history.edn",
        "history.txt",
        "jepsen.log",
        "bench.json",
        "timeline.html",
        "messages.svg",
        "net-journal/messages.jsonl",
        "node-logs/n0.log",
    ):
        assert (outcome.store / name).exists(), name
    for link in ("latest", "current", "echo/latest"):
        assert (bench.folder / "store" / link).resolve() == outcome.store.resolve()


def test_an_invalid_run_ends_with_status_1_and_maelstroms_closing_line(bench):
    outcome = bench.test(bench.node(ECHO.replace('message.body["echo"]', "1")), *SHORT)
    assert outcome.status == 1
    assert outcome.out.rstrip().endswith("Analysis invalid! (ﾉಥ益ಥ）ﾉ ┻━┻")
