"""Partitions cut as Jepsen's do."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glomers.bench.faults import FAULTS
from glomers.bench.faults.cuts import CUTS, majorities_ring, minority_third, one
from glomers.bench.nemesis import draw_schedule

NODES = ["n0", "n1", "n2"]
node_lists = st.integers(1, 30).map(lambda n: [f"n{i}" for i in range(n)])
dice = st.integers(0, 2**32).map(random.Random)


@given(node_lists, dice, st.sampled_from(sorted(CUTS)))
def test_a_grudge_names_every_node_and_never_the_node_itself(nodes, rng, cut):
    grudge = CUTS[cut](nodes, rng)
    assert set(grudge) == set(nodes)
    assert all(node not in dropped and dropped <= set(nodes) for node, dropped in grudge.items())


@given(node_lists, dice, st.sampled_from(["one", "minority-third", "majority"]))
def test_clean_cuts_are_symmetric(nodes, rng, cut):
    grudge = CUTS[cut](nodes, rng)
    assert all(a in grudge[b] for a in nodes for b in grudge[a])


@given(node_lists, dice)
def test_one_isolates_exactly_one_node(nodes, rng):
    alone = [n for n, dropped in one(nodes, rng).items() if len(dropped) == len(nodes) - 1]
    assert len(alone) == (1 if len(nodes) != 2 else 2)


@given(node_lists, dice)
def test_a_minority_third_is_fewer_than_a_third(nodes, rng):
    groups = {frozenset(dropped) for dropped in minority_third(nodes, rng).values()}
    assert min(len(group) for group in groups) < max(1, len(nodes) / 3)


@given(node_lists, dice)
def test_in_a_ring_every_node_hears_a_majority_and_no_two_the_same(nodes, rng):
    grudge = majorities_ring(nodes, rng)
    heard = [frozenset(nodes) - dropped for dropped in grudge.values()]
    assert all(len(group) > len(nodes) / 2 for group in heard)
    if len(nodes) > 2:
        assert len(set(heard)) == len(nodes)


def test_starts_and_stops_alternate():
    events = draw_schedule({"partition"}, ["n0", "n1", "n2"], 1, 20, random.Random)
    assert len(events) > 10
    assert [event.starts for event in events] == [i % 2 == 0 for i in range(len(events))]


@given(st.sets(st.sampled_from(sorted(FAULTS))), st.integers(0, 1000))
def test_one_more_fault_leaves_the_schedules_of_the_others_alone(names, seed):
    def events(faults):
        return draw_schedule(
            faults, NODES, 2, 20, lambda purpose: random.Random(f"{seed}{purpose}")
        )

    together = events(names)
    assert together == sorted(together, key=lambda event: event.at_ns)
    for name in names:
        assert [event for event in together if event.fault == name] == events({name})


@pytest.mark.parametrize("cut", sorted(CUTS))
def test_equal_dice_give_equal_cuts(cut):
    nodes = [f"n{i}" for i in range(9)]
    assert CUTS[cut](nodes, random.Random(3)) == CUTS[cut](nodes, random.Random(3))
