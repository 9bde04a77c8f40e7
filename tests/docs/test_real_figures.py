from typing import Any

import pytest

from benchmarks.real_figures import FIGURES, Figures, compared, recorded, solutions


def run(msgs_per_op: float, **others: Any) -> Figures:
    return dict.fromkeys(FIGURES) | {"valid": True, "msgs_per_op": msgs_per_op} | others


def test_every_node_is_compared_at_the_command_of_its_first_challenge() -> None:
    known = solutions()
    assert known["log_buckets"][0].id == "5b"
    assert known["log_owner"][0].id == "5c"


def test_real_runs_are_of_nodes_of_the_series_and_valid() -> None:
    runs = recorded()
    assert set(runs) <= set(solutions())
    assert all(run["valid"] for of_node in runs.values() for run in of_node)


@pytest.mark.parametrize(
    ("real", "verdict"),
    [
        ([0.91, 2.19], "inside"),
        ([0.89, 1.0, 2.0], "**outside** (1 of 3)"),
        ([2.21, 0.5], "**outside** (2 of 2)"),
    ],
)
def test_a_figure_is_outside_when_a_run_leaves_what_the_bench_shows_by_a_tenth(
    real: list[float], verdict: str
) -> None:
    bench = [run(1.0), run(2.0)]
    (line,) = compared("counter_gossip", [run(value) for value in real], bench)
    assert line.endswith(f"| 1 to 2 | {verdict} |")


def test_figures_that_a_workload_has_not_are_left_out() -> None:
    lines = list(compared("echo", [run(0.0, ok_fraction=1.0)], [run(0.0, ok_fraction=1.0)]))
    assert [line.split(" | ")[2] for line in lines] == ["messages per operation", "share answered"]
