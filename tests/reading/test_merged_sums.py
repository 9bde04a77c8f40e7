"""A counter whose merge adds: which gossip carries what a second time."""

import pytest

from glomers.reading.finding import read_findings
from tests.helpers.places import SOLUTIONS

GOSSIP = SOLUTIONS / "counter_gossip.py"
LARGER = "max(mine.get(name, 0), theirs.get(name, 0))"
ADDED = "mine.get(name, 0) + theirs.get(name, 0)"


@pytest.mark.parametrize("seed", [6, 7])
def test_a_merge_that_adds_is_told_by_the_first_message_that_carries_too_much(bench, seed):
    source = GOSSIP.read_text(encoding="utf-8")
    assert LARGER in source
    node = bench.node(source.replace(LARGER, ADDED).replace("interval_s=0.2", "interval_s=1"))
    flags = ["--node-count", "3", "--rate", "20", "--time-limit", "2", "--seed", str(seed)]
    run = bench.test(node, *flags, workload="g-counter")
    sentences = [str(finding) for finding in read_findings(run.store)]
    (cause,) = [each for each in sentences if "is the first to carry too much" in each]
    assert "had been told" in cause
    assert "counted it again" in cause
