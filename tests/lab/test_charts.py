"""Charts and diagrams: figures in the text, the same bytes each time, nothing hostile gets out."""

import json
import warnings
from html.parser import HTMLParser
from io import BytesIO
from xml.etree import ElementTree

import pytest
from matplotlib import image

from glomers import lab
from glomers.formats.edn import kw
from glomers.lab.visibility import visibility
from tests.helpers.histories import Histories
from tests.helpers.lab_stores import HOSTILE, LATENCIES, history, results, write_store
from tests.helpers.places import STORE_SAMPLES

SAFE_HOSTILE = HOSTILE.replace("\ud800", "")
GRUDGES = {"n0": frozenset({"n1"}), "n1": frozenset({"n0"})}
OPS = history(
    (5, "info", "nemesis", "start-partition", kw("one")),
    (5, "info", "nemesis", "start-partition", [kw("isolated"), GRUDGES]),
    (10, "invoke", 0, "broadcast", 1),
    (12, "ok", 0, "broadcast", 1),
    (20, "invoke", 1, "read", None),
    (26, "ok", 1, "read", []),
    (30, "info", "nemesis", "stop-partition", None),
    (30, "info", "nemesis", "stop-partition", kw("network-healed")),
    (40, "invoke", 0, "read", None),
    (44, "fail", 0, "read", None),
    (400, "invoke", 1, "read", None),
    (402, "ok", 1, "read", [1]),
    (500, "invoke", 0, "read", None),
)
MESSAGES = [
    (10, 11, "c0", "n0", {"type": "broadcast", "message": 1, "msg_id": 1}),
    (11, -21, "n0", "n1", {"type": "gossip", "values": [1], "msg_id": 1}),
    (11, 12, "n0", "c0", {"type": "broadcast_ok", "in_reply_to": 1, "msg_id": 2}),
    (211, 222, "n0", "n1", {"type": "gossip", "values": [1], "msg_id": 3}),
    (222, None, "n1", "n0", {"type": "gossip_ok", "in_reply_to": 3}),
]


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.fixture
def run(tmp_path):
    found = results(stable_latencies=LATENCIES)
    return lab.Run.load(write_store(tmp_path / "store", found, OPS, MESSAGES))


def hostile_run(tmp_path):
    body = {"type": SAFE_HOSTILE, "message": 1, SAFE_HOSTILE: SAFE_HOSTILE}
    messages = [(1, 2, "n0", "n1", body), (2, 3, f"n{SAFE_HOSTILE}", "n1", body)]
    return lab.Run.load(write_store(tmp_path / "hostile", results(), OPS, messages))


class Tags(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.seen = set()
        self.alt = None
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        assert not any(name.startswith("on") for name, _ in attrs)
        self.alt = dict(attrs).get("alt", self.alt)


CHARTS = {
    "latency": lab.latency_chart,
    "messages": lab.messages_by_type,
    "visibility": lab.visibility_chart,
    "targets": lambda run: lab.target_chart("3d", {"mine": run}),
}


@pytest.mark.slow
@pytest.mark.parametrize("chart", CHARTS.values(), ids=CHARTS)
def test_charts_are_pictures_with_text_and_the_same_bytes_each_time(run, chart):
    figure = chart(run)
    bundle = figure._repr_mimebundle_()
    assert bundle == chart(run)._repr_mimebundle_()
    assert bundle["text/plain"] == figure.alt == repr(figure)
    tags = Tags(bundle["text/html"])
    assert tags.seen == {"figure", "div", "img", "figcaption"}
    assert tags.alt == figure.alt
    height, width, _ = image.imread(BytesIO(figure.png)).shape
    assert width == 1080
    assert 150 < height < 900


def test_the_latency_chart_tells_figures_and_partitions(run):
    text = lab.latency_chart(run).alt
    assert "4 operations (3 ok, 1 failed, 0 of unknown outcome)" in text
    assert "median 3 ms, largest 6 ms" in text
    assert "1 still open at the end" in text
    assert "partitions from 0.0 to 0.0 s (one node alone: n0 | n1)" in text


def test_the_latency_chart_draws_runs_of_the_real_maelstrom():
    assert "212 operations" in lab.latency_chart(lab.Run.load(STORE_SAMPLES / "broadcast")).alt


def test_a_run_without_finished_operations_has_no_latency_chart(tmp_path):
    path = write_store(tmp_path / "s", results(), history((1, "invoke", 0, "read", None)), [])
    with pytest.raises(lab.StoreError, match="No operation of this run came to an end"):
        lab.latency_chart(lab.Run.load(path))
    with pytest.raises(lab.StoreError, match="No message was sent"):
        lab.messages_by_type(lab.Run.load(path))


def test_messages_by_type_counts_servers_clients_and_lost_ones(run):
    text = lab.messages_by_type(run).alt
    assert "5 messages, 10.5 per operation, of which 8.5 between servers" in text
    assert "gossip: 2 between servers, 1 of them lost;" in text
    assert "broadcast: 0 between servers, 1 with clients" in text


def test_rare_types_are_summed_up(tmp_path):
    messages = [(1, 2, "n0", "n1", {"type": f"t{i:02}"}) for i in range(30)]
    run = lab.Run.load(write_store(tmp_path / "s", results(), OPS, messages))
    assert "19 other types: 19 between servers" in lab.messages_by_type(run).alt


def test_the_target_chart_tells_limits_ours_and_published_results(run):
    text = lab.target_chart("3d", {"my tree": run}).alt
    assert "messages per operation below 30" in text
    assert "my tree: 8.5 messages per operation, stable latency 350 ms median" in text
    assert "flooding over a total topology: 290.6 messages" in text


def test_the_target_chart_needs_a_known_challenge_and_figures(run, tmp_path):
    with pytest.raises(lab.LabError, match="There is no challenge '9z'"):
        lab.target_chart("9z", {"x": run})
    broken = lab.Run.load(write_store(tmp_path / "broken", None, OPS, []))
    with pytest.raises(lab.LabError, match="None of these runs"):
        lab.target_chart("3d", {"x": broken})


def test_a_challenge_without_limits_or_latencies_has_a_chart_of_messages_alone(tmp_path):
    run = lab.Run.load(write_store(tmp_path / "s", results(msgs_per_op=0.0), OPS, []))
    text = lab.target_chart("1", {"echo": run}).alt
    assert "echo: 0 messages per operation" in text
    assert "limits" not in text


def test_visibility_takes_the_earlier_of_message_and_read(run):
    seen = visibility(run)
    assert seen.delay_s.tolist() == [[0.0, pytest.approx(0.21)]]
    assert seen.from_messages
    assert (seen.share(0.1), seen.share(0.3)) == (0.5, 1.0)
    assert seen.complete_s(1.0) == pytest.approx(0.21)


def test_visibility_is_taken_from_reads_where_there_are_no_messages(tmp_path):
    run = lab.Run.load(write_store(tmp_path / "s", results(), OPS, None))
    seen = visibility(run)
    assert not seen.from_messages
    assert seen.delay_s[0, 1] == pytest.approx(0.39)
    assert seen.delay_s[0, 0] == float("inf")
    assert "reads alone" in lab.visibility_chart(run).caption


def spread(body_of, reads):
    """A run's history and messages: value v is acknowledged by n0 at 10 v ms, n1 hears 5 ms on."""
    ops, messages = [], []
    for v in range(1, 11):
        ops += [(v * 10, "invoke", 0, "broadcast", v), (v * 10 + 1, "ok", 0, "broadcast", v)]
        messages.append((v * 10 + 1, v * 10 + 6, "n0", "n1", body_of(v)))
    for time_ms, value in reads:
        ops += [(time_ms, "invoke", 1, "read", None), (time_ms + 0.1, "ok", 1, "read", value)]
    return history(*sorted(ops, key=lambda op: op[0])), messages


@pytest.mark.parametrize(
    "body_of",
    [
        lambda v: {"type": "a", "message": v},
        lambda v: {"type": "b", "batch": [v - 1, v], "msg_id": 77},
        lambda v: {"type": "c", "state": {"set": [[v, 123456], [v - 1, 123457]]}},
        lambda v: {"type": "d", "by_origin": {"0": {"v": [v]}}},
        lambda v: {"type": "e", "messages": [{"value": v, "ttl": 3}], "text": "x", "z": None},
    ],
)
def test_values_are_found_in_messages_of_any_shape(tmp_path, body_of):
    ops, messages = spread(body_of, [])
    run = lab.Run.load(write_store(tmp_path / "s", results(), ops, messages))
    assert visibility(run).delay_s[:, 1].tolist() == pytest.approx([0.005] * 10)


def test_a_counter_that_looks_like_values_is_found_out_by_reads(tmp_path):
    """Every batch has a number of its own, and brings the value two batches late."""
    ops, messages = spread(
        lambda v: {"type": "batch", "number": v, "values": [max(v - 2, 1)]},
        [(v * 10 + 7, list(range(1, max(v - 2, 1) + 1))) for v in range(1, 11)],
    )
    run = lab.Run.load(write_store(tmp_path / "s", results(), ops, messages))
    delays = visibility(run).delay_s[:, 1].tolist()
    assert delays[1:8] == pytest.approx([0.025] * 7)
    assert delays[8:] == [float("inf")] * 2


def test_runs_without_values_have_no_visibility():
    run = lab.Run.load(STORE_SAMPLES / "echo")
    with pytest.raises(lab.StoreError, match="No value was acknowledged"):
        lab.visibility_chart(run)


def test_several_runs_share_a_visibility_chart(run):
    text = lab.visibility_chart({"one": run, "two": run}).alt
    assert "one: 1 values, 2 nodes: held by 50% of the nodes after 100 ms" in text
    assert "two: 1 values" in text


def test_the_diagram_shows_the_window_and_tells_what_is_in_it(run):
    figure = lab.spacetime(run, 0.010, 0.050)
    assert figure.alt.startswith("Space-time diagram: Messages from 0.010 s to 0.021 s: ")
    assert "1 gossip; 1 lost" in figure.alt
    assert "partition: one node alone: n0 | n1" in figure.caption
    bundle = figure._repr_mimebundle_()
    assert bundle == lab.spacetime(run, 0.010, 0.050)._repr_mimebundle_()
    assert {"figure", "figcaption", "svg"} <= Tags(bundle["text/html"]).seen
    ElementTree.fromstring(figure.svg)


def test_the_diagram_can_be_narrowed_to_columns_and_types(run):
    figure = lab.spacetime(run, columns=["n1", "n0"], types=["gossip"])
    assert "2 gossip" in figure.alt
    assert "broadcast" not in figure.svg
    assert figure.svg.index(">n1<") < figure.svg.index(">n0<")


def test_the_diagram_leaves_clients_out_where_there_are_too_many(tmp_path):
    messages = [(i, i + 1, f"c{i}", f"n{i % 2}", {"type": "t"}) for i in range(20)]
    messages += [(30, 31, "n0", "n1", {"type": "u"})]
    run = lab.Run.load(write_store(tmp_path / "s", results(), OPS, messages))
    figure = lab.spacetime(run)
    assert "Left out: 20 messages to or from others than these." in figure.svg
    assert "1 u." in figure.caption


def test_a_window_that_ends_before_it_begins_is_refused(run):
    with pytest.raises(lab.LabError, match="before it begins"):
        lab.spacetime(run, 2, 1)


def test_hostile_messages_are_escaped_in_every_picture(tmp_path):
    run = hostile_run(tmp_path)
    figures = [
        lab.spacetime(run),
        lab.messages_by_type(run),
        lab.visibility_chart({SAFE_HOSTILE: run, "$x^2$": run}),
        lab.target_chart("3d", {SAFE_HOSTILE: run, "$\\frac$": run}),
    ]
    for figure in figures:
        tags = Tags(figure._repr_mimebundle_()["text/html"])
        allowed = {"figure", "figcaption", "img", "div", "svg", "rect", "text", "path", "g"}
        assert tags.seen <= allowed | {"title"}


def test_the_scoreboard_tells_limits_published_and_measured_figures(run, monkeypatch):
    monkeypatch.delenv("GLOMERS_RESULTS", raising=False)
    text = repr(lab.scoreboard("3d", run))
    rows = [line.split("  ") for line in text.splitlines()]
    cells = [[cell.strip() for cell in row if cell.strip()] for row in rows]
    assert ["messages per operation", "below 30", "23", "8.5", "8.5", "✓ met"] in cells
    assert ["median stable latency (ms)", "below 400", "–", "250", "350", "✓ met"] in cells
    assert ["verdict", "valid", "–", "–", "valid", "✓ met"] in cells


def test_missed_limits_are_called_missed_and_unknown_figures_unmeasured(tmp_path, monkeypatch):
    monkeypatch.delenv("GLOMERS_RESULTS", raising=False)
    found = results(False, msgs_per_op=30.0, lost=[SAFE_HOSTILE])
    board = lab.scoreboard("3d", lab.Run.load(write_store(tmp_path / "s", found, OPS, [])))
    states = {row[0]: row[-1] for row in board.rows}
    assert states["verdict"] == states["messages per operation"] == "✗ missed"
    assert states["median stable latency (ms)"] == "✗ unmeasured"
    assert states["maximum stable latency (ms)"] == "✗ unmeasured"
    assert Tags(board._repr_html_()).seen <= {
        *("table", "caption", "thead", "tbody", "tr", "th", "td", "div")
    }


CONVERGED = "replicas converge after healing (extra)"


def board_of(path, *reads, challenge="3b"):
    """The scoreboard of a run in which 1 was added and the two nodes then showed these sets."""
    history = Histories()
    history.do(0, "broadcast", 1)
    for process, shown in enumerate(reads):
        history.do(process, "read", answer=shown, final=True)
    return lab.scoreboard(challenge, lab.Run.load(write_store(path, results(), history.ops, [])))


def test_the_scoreboard_counts_replicas_that_disagree_as_missed(tmp_path, monkeypatch):
    results_file = tmp_path / "results.jsonl"
    monkeypatch.setenv("GLOMERS_RESULTS", str(results_file))
    states = []
    for name, reads in {"same": [[1], [1]], "differ": [[1], []], "cut off": []}.items():
        board = board_of(tmp_path / name, *reads)
        states += [row[-1] for row in board.rows if row[0] == CONVERGED]
        assert ("n1 lacks 1 of 1 acknowledged values" in board.note) is (name == "differ")
    assert states == ["✓ met", "✗ missed", "✗ unmeasured"]
    lines = map(json.loads, results_file.read_text().splitlines())
    assert [line.get("replicas_converge") for line in lines] == [True, False, None]


def test_the_scoreboard_says_nothing_of_replicas_where_there_are_none_to_compare(tmp_path):
    board = board_of(tmp_path / "ids", [1], [1], challenge="2")
    assert CONVERGED not in [row[0] for row in board.rows]


def test_the_scoreboard_adds_a_line_to_the_results_of_a_batch(run, tmp_path, monkeypatch):
    path = tmp_path / "results.jsonl"
    monkeypatch.setenv("GLOMERS_RESULTS", str(path))
    lab.scoreboard("3d", run)
    broken = lab.Run.load(write_store(tmp_path / "broken", None, OPS, []))
    lab.scoreboard("3d", broken)
    first, second = map(json.loads, path.read_text().splitlines())
    assert first == {
        "challenge": "3d",
        "notebook": "03d-broadcast-efficient",
        "node": "x",
        "valid": True,
        "msgs_per_op": 8.5,
        "stable_median_ms": 350,
        "stable_max_ms": 550,
        "ok_fraction": 0.9,
        "limits_met": True,
    }
    assert (second["valid"], second["limits_met"]) == (None, False)


def test_results_that_cannot_be_written_are_reported_in_a_sentence(run, tmp_path, monkeypatch):
    monkeypatch.setenv("GLOMERS_RESULTS", str(tmp_path / "nowhere" / "x"))
    with pytest.raises(lab.LabError, match=r"GLOMERS_RESULTS names .* cannot be written"):
        lab.scoreboard("3d", run)
