"""What Maelstrom does not check of replicas is seen here: disagreement, forgetting, mixing."""

import pytest

from glomers import lab
from tests.helpers.lab_stores import LATENCIES, r, results, run_of, w, write_store


def test_replicas_that_agree_have_no_disagreements(tmp_path):
    run = run_of(tmp_path, (0, [w(1, 5)], False), (0, [r(1, 5)], True), (1, [r(1, 5)], True))
    assert lab.final_values(run).to_dict() == {"n0": {1: 5}, "n1": {1: 5}}
    assert lab.disagreements(run).empty
    assert lab.replicated_share(run) == 1


def test_replicas_that_differ_are_listed_by_key(tmp_path):
    run = run_of(
        tmp_path,
        (0, [w(1, 5), w(2, 1)], False),
        (0, [r(1, 5), r(2, 1)], True),
        (1, [r(1, None), r(2, 1)], True),
    )
    assert list(lab.disagreements(run).index) == [1]


def test_without_replication_no_key_counts_as_replicated(tmp_path):
    run = run_of(tmp_path, (0, [w(1, 5)], False), (0, [r(1, 5)], True), (1, [r(1, None)], True))
    assert lab.replicated_share(run) == 0


def test_a_run_without_final_reads_is_explained(tmp_path):
    run = run_of(tmp_path, (0, [w(1, 5)], False))
    with pytest.raises(lab.LabError, match="--final-reads"):
        lab.final_values(run)


@pytest.mark.parametrize(("shown", "forgotten"), [(None, True), (1, True), (2, False), (77, False)])
def test_a_client_must_see_its_latest_write_or_a_later_one(tmp_path, shown, forgotten):
    run = run_of(tmp_path, (0, [w(1, 1)], False), (0, [w(1, 2)], False), (0, [r(1, shown)], False))
    assert lab.forgotten_writes(run).empty is not forgotten


def test_writes_of_two_transactions_that_overwrite_each_other_are_dirty(tmp_path):
    mixed = [(0, [w("x", 1), w("y", 1)], False), (1, [w("x", 2), w("y", 2)], False)]
    run = run_of(tmp_path, *mixed, (0, [r("x", 1), r("y", 2)], True))
    assert len(lab.dirty_writes(run)) == 1
    whole = run_of(tmp_path / "whole", *mixed, (0, [r("x", 2), r("y", 2)], True))
    assert lab.dirty_writes(whole).empty


def test_a_cycle_is_drawn_with_its_transactions_and_reasons_escaped(tmp_path):
    hostile = "<img onerror=x>"
    ops = [{"process": p, "value": [["w", hostile, 1], ["r", "b", None]]} for p in (0, 1)]
    steps = [{"type": "wr", "key": hostile, "value": 1, "words": f"T1 set {hostile}"}] * 2
    run = lab.Run.load(write_store(tmp_path / "run", results()))
    run.results["workload"]["anomalies"] = {"G1c": [{"cycle": [*ops, ops[0]], "steps": steps}]}
    figure = lab.cycle_diagram(run, "G1c")
    html = figure._repr_mimebundle_()["text/html"]
    assert "T1 (client 0)" in html
    assert "T2 (client 1)" in html
    assert hostile not in html
    assert "&lt;img" in html


def test_a_kind_of_cycle_that_was_not_found_is_named_with_those_that_were(tmp_path):
    run = lab.Run.load(write_store(tmp_path / "run", results(stable_latencies=LATENCIES)))
    with pytest.raises(lab.LabError, match="no cycle of kind G2 in this run, but no anomaly"):
        lab.cycle_diagram(run, "G2")


@pytest.mark.slow
def test_a_trade_off_chart_tells_its_figures_and_is_the_same_twice():
    points = {"gossip": [("1 s", 0.1, 900.0), ("2 s", 0.05, 1800.0)]}
    first, second = (
        lab.trade_off_chart(points, "messages", "ms", "A test.", y_limit=1000) for _ in range(2)
    )
    assert first.png == second.png
    assert "1 s (0.1, 900)" in first.alt


@pytest.mark.slow
def test_a_trade_off_chart_tells_published_results_apart():
    ours = {"gossip": [("1 s", 0.1, 900.0)]}
    chart = lab.trade_off_chart(ours, "ms", "messages", "A test.", others=[("theirs", 2, 300)])
    assert "gossip: 1 s (0.1, 900); published: theirs (2, 300)." in chart.alt
    assert chart.png != lab.trade_off_chart(ours, "ms", "messages", "A test.").png


def test_a_bar_chart_tells_its_figures():
    chart = lab.bar_chart({"attempts": 12.5, "failures": 3}, "requests", "A test.")
    assert "requests: attempts 12.5, failures 3." in chart.alt
    assert chart.png


def test_a_stacked_bar_chart_tells_totals_and_parts_and_is_the_same_twice():
    values = {"first": {"reads": 2, "writes": 1.5}, "second": {"writes": 1}}
    chart, again = (lab.stacked_bar_chart(values, "messages", "A test.") for _ in range(2))
    assert "messages: first: 3.5 (reads 2, writes 1.5); second: 1 (writes 1)." in chart.alt
    assert chart.png == again.png


def test_values_that_are_lists_are_compared_like_any_other(tmp_path):
    run = run_of(tmp_path, (0, [w(1, [5])], False), (0, [r(1, [5])], True), (1, [r(1, [5])], True))
    assert lab.replicated_share(run) == 1
    assert lab.dirty_writes(run).empty


def test_a_run_without_anomalies_has_no_cycle_to_draw(tmp_path):
    run = run_of(tmp_path, (0, [w(1, 5)], False))
    run.results["workload"] = {"anomalies": None}
    with pytest.raises(lab.LabError, match="no anomaly at all"):
        lab.cycle_diagram(run, "G1c")
