"""Loading store folders: ours, the real Maelstrom's, and damaged ones."""

import re
import warnings
from html.parser import HTMLParser

import pandas as pd
import pytest

from glomers import lab
from glomers.drawing.palette import PAPER, contrast
from glomers.formats.edn import Symbol, kw
from glomers.formats.edn_reader import loads
from tests.helpers.lab_stores import HOSTILE, LATENCIES, history, results, write_store
from tests.helpers.places import STORE_SAMPLES

OPS = history(
    (1, "invoke", 0, "broadcast", 7),
    (2, "invoke", 1, "read", None),
    (3, "ok", 0, "broadcast", 7),
    (4, "fail", 1, "read", None),
    (5, "invoke", 3, "read", None),
    (9, "ok", 3, "read", [7, 8]),
    (9, "invoke", 2, "broadcast", 9),
)
MESSAGES = [
    (0, 1, "c0", "n0", {"type": "broadcast", "message": 7}),
    (1, 2, "n0", "n1", {"type": "gossip", "values": [7]}),
    (2, -3, "n1", "n0", {"type": "gossip_ok"}),
    (3, None, "n1", "n0", {"type": "gossip_ok"}),
]


@pytest.fixture(autouse=True)
def no_unforeseen_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def store(tmp_path, **kwargs):
    arguments = {"found": results(), "ops": OPS, "messages": MESSAGES, **kwargs}
    return write_store(tmp_path / "store", **arguments)


def test_a_run_tells_verdict_command_and_figures(tmp_path):
    run = lab.Run.load(store(tmp_path, found=results(stable_latencies=LATENCIES)))
    assert (run.valid, run.verdict) == (True, "valid")
    assert run.command == "maelstrom test -w broadcast --bin nodes/x.py"
    assert (run.engine, run.clock, run.seed, run.nodes) == ("bench", "virtual", 3, ("n0", "n1"))
    assert run.stats == lab.Stats(10, 9, 1, 0, 0.9, 8.5, 10.5, 85, 105, LATENCIES)
    assert (run.stats.stable_median_ms, run.stats.stable_max_ms) == (350, 550)
    assert run.results["workload"]["stable-latencies"]["0.5"] == 350


def test_operations_have_node_times_latency_and_outcome(tmp_path):
    ops = lab.Run.load(store(tmp_path)).ops
    assert list(ops.columns) == [
        "process",
        "node",
        "f",
        "value",
        "start_s",
        "end_s",
        "latency_ms",
        "outcome",
        "error",
        "final",
    ]
    assert ops["outcome"].tolist() == ["ok", "fail", "ok", "info"]
    assert ops["node"].tolist() == ["n0", "n1", "n1", "n0"]
    assert ops["latency_ms"].tolist()[:3] == [2, 2, 4]
    assert ops["start_s"].tolist() == [0.001, 0.002, 0.005, 0.009]
    assert pd.isna(ops["end_s"][3])
    assert ops["value"].tolist()[::2] == [7, [7, 8]]


def test_values_are_free_of_edn_types(tmp_path):
    ops = history(
        (1, "invoke", 0, "txn", [[kw("w"), 1, 2]]),
        (2, "ok", 0, "txn", {kw("a"): Symbol("x"), kw("b"): [None, "s", True]}),
    )
    frame = lab.Run.load(store(tmp_path, ops=ops)).ops
    assert frame["value"].tolist() == [{"a": "x", "b": [None, "s", True]}]


def test_messages_have_times_and_say_what_was_lost(tmp_path):
    messages = lab.Run.load(store(tmp_path)).messages
    assert messages["type"].tolist() == ["broadcast", "gossip", "gossip_ok", "gossip_ok"]
    assert messages["lost"].tolist() == [False, False, True, False]
    assert messages["recv_s"].tolist()[:2] == [0.001, 0.002]
    assert messages["recv_s"].isna().tolist() == [False, False, True, True]
    assert messages["lost_s"][2] == 0.003
    assert messages["body"][1] == {"type": "gossip", "values": [7]}


def test_a_run_without_messages_has_an_empty_table(tmp_path):
    messages = lab.Run.load(store(tmp_path, messages=[])).messages
    assert len(messages) == 0
    assert messages["send_s"].dtype == float


def test_partitions_run_from_effect_to_effect_with_the_sides(tmp_path):
    grudges = {"n0": frozenset({"n1", "n2"}), "n1": frozenset({"n0"}), "n2": frozenset({"n0"})}
    ring = {"n0": frozenset({"n1"}), "n1": frozenset({"n2"}), "n2": frozenset({"n0"})}
    ops = history(
        (10, "info", "nemesis", "start-partition", kw("one")),
        (12, "info", "nemesis", "start-partition", [kw("isolated"), grudges]),
        (20, "info", "nemesis", "stop-partition", None),
        (22, "info", "nemesis", "stop-partition", kw("network-healed")),
        (30, "info", "nemesis", "start-partition", kw("majorities-ring")),
        (31, "info", "nemesis", "start-partition", [kw("isolated"), ring]),
        (50, "invoke", 0, "read", None),
    )
    partitions = lab.Run.load(store(tmp_path, ops=ops)).partitions
    assert partitions.to_numpy().tolist() == [
        [0.012, 0.022, "one node alone: n0 | n1 n2"],
        [0.031, 0.05, "overlapping majorities in a ring"],
    ]


def test_stores_of_the_real_maelstrom_are_loaded():
    run = lab.Run.load(STORE_SAMPLES / "broadcast")
    assert (run.engine, run.valid, run.seed) == ("maelstrom", True, None)
    assert run.command.startswith("maelstrom test -w broadcast --bin node.py --node-count 5")
    assert run.nodes == ("n0", "n1", "n2", "n3", "n4")
    assert run.stats.msgs_per_op == 3.8066037
    assert run.stats.stable_max_ms == 2848
    assert len(run.ops) == 212
    assert run.partitions["description"].tolist() == [
        "one node alone: n1 | n0 n2 n3 n4",
        "overlapping majorities in a ring",
        "a majority and the rest: n1 n2 | n0 n3 n4",
    ]


def test_findings_say_what_the_checkers_found_without_edn():
    run = lab.Run.load(STORE_SAMPLES / "txn-rw-register")
    assert run.verdict == "invalid (workload)"
    assert [finding.kind.name for finding in run.why] == ["PROMISE", "PROMISE"]
    assert run.findings[0].startswith("Transactions at n0 at 0.118 s and n0 at 0.130 s all read")
    assert run.findings[1].startswith("No order explains T1 (n")
    assert "(write skew)" in run.findings[1]
    assert ":" not in re.findall(r"\S*:\w+", run.findings[0])
    assert max(map(len, run.findings)) < 700


def test_a_checker_of_the_real_maelstrom_that_threw_leaves_an_unknown_verdict(tmp_path):
    part = """{:valid? :unknown :error {:via [{:type clojure.lang.ExceptionInfo
              :at [slingshot.support$stack_trace invoke "support.clj" 201]}]
              :trace [[a.b$c invoke "x.clj" 1]] :cause "no writer of 999" :data {:value 999}}}"""
    found = {**results("unknown"), kw("workload"): loads(part)}
    run = lab.Run.load(store(tmp_path, found=found))
    assert (run.valid, run.verdict) == ("unknown", "unknown (workload)")
    assert run.findings[0] == "The checker could not judge what it saw: no writer of 999."
    assert run.stats.stable_latency_ms is None
    assert "no writer of 999" in run._repr_html_()


def test_a_missing_folder_and_a_foreign_one_are_refused_in_a_sentence(tmp_path):
    with pytest.raises(lab.StoreError, match="There is no store folder"):
        lab.Run.load(tmp_path / "nowhere")
    with pytest.raises(lab.StoreError, match="is no store folder"):
        lab.Run.load(tmp_path)


def test_without_results_there_is_no_verdict_and_the_rest_is_readable(tmp_path):
    run = lab.Run.load(store(tmp_path, found=None))
    assert run.valid is None
    assert run.verdict == "no verdict: the run broke or was cut off"
    assert run.stats == lab.Stats()
    assert len(run.ops) == 4


@pytest.mark.parametrize("text", ["{:valid? tr", "", "[1 2]", '{:valid? true "', "\x00"])
def test_damaged_results_are_reported_and_the_rest_is_readable(tmp_path, text):
    path = store(tmp_path)
    (path / "results.edn").write_text(text)
    with pytest.warns(lab.LabWarning, match=r"results\.edn .*so there is no verdict"):
        run = lab.Run.load(path)
    assert run.valid is None
    assert run.problems[0] in repr(run)
    assert len(run.messages) == 4


def test_results_that_are_not_utf8_are_reported(tmp_path):
    path = store(tmp_path)
    (path / "results.edn").write_bytes(b"\xff\xfe")
    with pytest.warns(lab.LabWarning, match="no verdict"):
        assert lab.Run.load(path).valid is None


def test_results_of_another_shape_give_no_figures(tmp_path):
    found = {kw("valid?"): True, kw("stats"): 3, kw("net"): {kw("servers"): {}}, kw("workload"): []}
    run = lab.Run.load(store(tmp_path, found=found))
    assert run.valid is True
    assert run.stats == lab.Stats()


def test_a_history_cut_off_in_a_line_keeps_the_lines_before(tmp_path):
    path = store(tmp_path)
    text = (path / "history.edn").read_text()
    (path / "history.edn").write_text(text[: len(text) - 20])
    run = lab.Run.load(path)
    with pytest.warns(lab.LabWarning, match=r"history\.edn is damaged \(line 7"):
        assert len(run.ops) == 3
    assert str(tmp_path) not in run.problems[0]


def test_a_history_with_damage_in_the_middle_keeps_what_is_around_it(tmp_path):
    path = store(tmp_path)
    lines = (path / "history.edn").read_bytes().splitlines(keepends=True)
    (path / "history.edn").write_bytes(b"".join([*lines[:2], b"\xff{:oops\n", *lines[2:]]))
    run = lab.Run.load(path)
    with pytest.warns(lab.LabWarning, match="7 operations' beginnings and ends can be read"):
        assert len(run.ops) == 4


def test_an_empty_history_is_an_empty_table_and_a_missing_one_an_error(tmp_path):
    path = store(tmp_path)
    (path / "history.edn").write_text("")
    run = lab.Run.load(path)
    assert len(run.ops) == 0
    assert len(run.partitions) == 0
    (path / "history.edn").unlink()
    with pytest.raises(lab.StoreError, match=r"There is no history\.edn"):
        _ = lab.Run.load(path).ops


@pytest.mark.parametrize(
    ("end", "problem"),
    [
        (b'["s",9000000,9,{"src":"n0"', "cut off in line"),
        (b'["s",9000000\n["r",1,1]\n', "there is no event"),
    ],
)
def test_a_damaged_journal_keeps_the_messages_before_the_damage(tmp_path, end, problem):
    path = store(tmp_path)
    with (path / "net-journal" / "messages.jsonl").open("ab") as file:
        file.write(end)
    run = lab.Run.load(path)
    with pytest.warns(lab.LabWarning, match=problem):
        assert len(run.messages) == 4
    assert str(tmp_path) not in run.problems[0]


def test_a_journal_of_oddly_shaped_messages_is_readable(tmp_path):
    path = store(tmp_path, messages=[])
    with (path / "net-journal" / "messages.jsonl").open("ab") as file:
        file.write(b'["s",1,0,{}]\n["s",1,1,{"src":3,"body":[]}]\n["s",1,2,7]\n["r",2,2]\n')
    run = lab.Run.load(path)
    assert run.messages["type"].tolist() == ["", "", ""]
    assert lab.spacetime(run).alt.startswith("Space-time diagram")


def test_a_missing_journal_is_an_error_of_one_sentence(tmp_path):
    run = lab.Run.load(store(tmp_path, messages=None))
    with pytest.raises(lab.StoreError, match="There is no journal of messages in the store"):
        _ = run.messages


def test_damaged_facts_are_reported(tmp_path):
    path = store(tmp_path)
    (path / "bench.json").write_text('{"engine": ')
    with pytest.warns(lab.LabWarning, match=r"bench\.json is damaged"):
        assert lab.Run.load(path).valid is True


def test_an_interrupted_test_of_the_bench_is_loaded(tmp_path):
    path = store(tmp_path, found=None, ops=None, messages=None)
    run = lab.Run.load(path)
    assert run.valid is None
    assert "broadcast" in run.command


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.seen = set()
        self.texts = []

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        assert {name for name, _ in attrs} <= {"style"}

    def handle_data(self, data):
        self.texts.append(data)


def test_whatever_a_run_holds_is_escaped_in_html(tmp_path):
    path = store(tmp_path, found=results(False, lost=[HOSTILE.replace("\ud800", "")]))
    facts = (path / "bench.json").read_text().replace("nodes/x.py", r"<b>\u0000</b>")
    (path / "bench.json").write_text(facts)
    tags = Tags()
    tags.feed(lab.Run.load(path)._repr_html_())
    assert tags.seen == {"div", "b", "code", "ol", "li"}
    assert any("</script><img src=x" in text for text in tags.texts)
    assert not any("\x00" in text for text in tags.texts)


@pytest.mark.parametrize("verdict", [True, False, "unknown"])
def test_text_in_html_can_be_read(tmp_path, verdict):
    html = lab.Run.load(store(tmp_path, found=results(verdict)))._repr_html_()
    colours = re.findall(r"(?<=[\";])color:(#[0-9a-f]{6})", html)
    assert colours
    assert all(contrast(colour, PAPER) >= 4.5 for colour in colours)


def test_text_and_html_show_no_folders_of_this_machine(tmp_path):
    path = store(tmp_path)
    facts = (path / "bench.json").read_text().replace("nodes/x.py", f"{tmp_path}/deep/x.py")
    (path / "bench.json").write_text(facts)
    run = lab.Run.load(path)
    assert str(tmp_path) not in repr(run) + run._repr_html_()
    assert "--bin x.py" in run.command


def test_text_is_the_same_for_equal_runs(tmp_path):
    first, second = (lab.Run.load(store(tmp_path / name)) for name in "ab")
    assert repr(first) == repr(second)
    assert first._repr_html_() == second._repr_html_()
    assert repr(first) == (
        "✓ valid\n"
        "maelstrom test -w broadcast --bin nodes/x.py\n"
        "bench, virtual clock, seed 3\n"
        "10 operations: 9 ok, 1 failed, 0 of unknown outcome\n"
        "8.5 messages per operation between servers (10.5 in all)"
    )
