"""The bench catches nodes that are wrong on purpose, and never blames those that are right."""

import pytest

from tests.helpers.bench import results_of
from tests.helpers.mutants import MUTANTS, NODE, RIGHT
from tests.helpers.samples import mostly_slow

SEEDS = 20
RIGHT_SEEDS = 6


@pytest.mark.parametrize(
    ("workload", "mutation", "flags", "finding"),
    mostly_slow(MUTANTS),
    ids=lambda value: str(value)[:20],
)
def test_a_mutant_is_caught_within_twenty_seeds(bench, workload, mutation, flags, finding):
    for seed in range(SEEDS):
        outcome = bench.test(
            NODE, *flags, "--seed", str(seed), "--", workload, mutation, workload=workload
        )
        if outcome.status == 1:
            assert finding in outcome.read("results.edn") + outcome.read("history.edn")
            return
    pytest.fail(f"{SEEDS} seeds did not catch {mutation}")


@pytest.mark.parametrize(
    ("node", "workload", "flags"),
    mostly_slow(RIGHT),
    ids=lambda value: getattr(value, "stem", str(value)[:20]),
)
def test_a_right_node_is_never_blamed(node, workload, flags):
    for seed in range(RIGHT_SEEDS):
        args = ["--", workload] if node == NODE else []
        results = results_of(node, *flags, "--seed", str(seed), *args, workload=workload)
        assert results["valid?"] is True, f"seed {seed}: {results}"
