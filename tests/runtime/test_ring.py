"""The ring gives every key one owner, evenly, and moves few keys when nodes come and go."""

import subprocess
import sys
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glomers.ring import HashRing

NAMES = st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=6, unique=True)
KEYS = st.lists(st.text(max_size=12), min_size=1, max_size=30)
PLACES = st.integers(1, 20)
MANY_KEYS = [f"key {i}" for i in range(10_000)]


@given(NAMES, KEYS, PLACES)
def test_every_key_has_an_owner_among_the_names(names, keys, places):
    ring = HashRing(names, places)
    assert {ring.owner(key) for key in keys} <= set(names)


@given(NAMES, KEYS, PLACES, st.randoms(use_true_random=False))
def test_the_order_of_the_names_does_not_matter(names, keys, places, dice):
    shuffled = dice.sample(names, len(names))
    first, second = HashRing(names, places), HashRing(shuffled, places)
    assert [first.owner(key) for key in keys] == [second.owner(key) for key in keys]


@given(NAMES, st.text(min_size=1, max_size=8), KEYS, PLACES)
def test_when_a_node_joins_keys_move_to_it_only(names, newcomer, keys, places):
    before, after = HashRing(names, places), HashRing({*names, newcomer}, places)
    moved = {after.owner(key) for key in keys if before.owner(key) != after.owner(key)}
    assert moved <= {newcomer}


@given(NAMES, KEYS, PLACES)
def test_when_a_node_leaves_only_its_own_keys_move(names, keys, places):
    leaving, *staying = names
    if not staying:
        return
    before, after = HashRing(names, places), HashRing(staying, places)
    for key in keys:
        if before.owner(key) != leaving:
            assert after.owner(key) == before.owner(key)


@pytest.mark.parametrize("node_count", [2, 3, 5, 10])
def test_with_128_places_no_node_owns_more_than_one_and_a_half_fair_shares(node_count):
    owned = Counter(map(HashRing([f"n{i}" for i in range(node_count)]).owner, MANY_KEYS))
    fair = len(MANY_KEYS) / node_count
    assert len(owned) == node_count
    assert 0.5 * fair < min(owned.values())
    assert max(owned.values()) < 1.5 * fair


@pytest.mark.parametrize("node_count", [2, 5, 10])
def test_about_a_fair_share_of_the_keys_moves_when_a_node_joins(node_count):
    names = [f"n{i}" for i in range(node_count + 1)]
    before, after = HashRing(names[:-1]), HashRing(names)
    moved = sum(before.owner(key) != after.owner(key) for key in MANY_KEYS)
    fair = len(MANY_KEYS) / (node_count + 1)
    assert 0.5 * fair < moved < 1.5 * fair


def test_more_places_balance_better():
    names = [f"n{i}" for i in range(10)]
    busiest = [
        max(Counter(map(HashRing(names, places).owner, MANY_KEYS)).values())
        for places in (1, 8, 128)
    ]
    assert busiest == sorted(busiest, reverse=True)
    assert busiest[0] > 1.5 * busiest[-1]


def test_every_process_sees_the_same_owners():
    script = (
        "from glomers.ring import HashRing\n"
        "ring = HashRing(['n0', 'n1', 'n2'])\n"
        "print(''.join(ring.owner(str(key)) for key in range(100)))"
    )
    owners = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    ring = HashRing(["n0", "n1", "n2"])
    assert owners == {"".join(ring.owner(str(key)) for key in range(100)) + "\n"}


def test_a_ring_without_nodes_owns_nothing():
    with pytest.raises(ValueError, match="without nodes"):
        HashRing([]).owner("key")
