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


REPLACED = "a smaller count replaced a larger one"
LOST = """
from glomers.node import Node

node = Node()
counts = {}


@node.on("add")
def add(message):
    counts[node.node_id] = counts.get(node.node_id, 0) + message.body["delta"]
    return {"type": "add_ok"}


@node.on("read")
def read(message):
    return {"type": "read_ok", "value": sum(counts.values())}


@node.every(0.2)
def gossip():
    for peer in node.peers:
        node.send(peer, {"type": "gossip", "counts": counts})


@node.on("gossip")
def hear(message):
    counts.update(message.body["counts"])


if __name__ == "__main__":
    node.run()
"""
DEAF = LOST.replace('counts.update(message.body["counts"])', "pass")


@pytest.mark.parametrize("seed", [6, 7, 8])
@pytest.mark.parametrize(("source", "is_told"), [(LOST, True), (DEAF, False)])
def test_a_merge_that_takes_smaller_counts_is_told_by_the_message_that_brought_one(
    source, is_told, seed, bench
):
    flags = ["--node-count", "3", "--rate", "20", "--time-limit", "3", "--latency", "50"]
    run = bench.test(bench.node(source), *flags, "--seed", str(seed), workload="g-counter")
    causes = [each for each in read_findings(run.store) if REPLACED in str(each)]
    assert bool(causes) == is_told
    for cause in causes:
        assert "'s `gossip` came with " in str(cause)
        assert len(cause.messages) == 2
