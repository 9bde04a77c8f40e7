"""Replicas have converged when the final reads of all nodes show the same, and all of it."""

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glomers import lab
from glomers.formats.edn import kw
from glomers.formats.history import read_history
from glomers.reading.replicas import SUM, UNSEEN, convergence
from tests.helpers.histories import Histories
from tests.helpers.places import MAELSTROM_RUNS, STORE_SAMPLES

NODES = ("n0", "n1", "n2")


def a_set(*reads, added=(1, 2, 3), open_=(), nodes=NODES):
    """What comes of final reads (a list, or None: it failed), one for each client in turn."""
    history = Histories()
    for value in added:
        history.do(0, "broadcast", value)
    for value in open_:
        history.do(1, "broadcast", value, outcome="info")
    history.rest()
    for process, shown in enumerate(reads):
        outcome = "fail" if shown is None else "ok"
        history.do(process, "read", answer=shown, outcome=outcome, final=True)
    return convergence(history.ops, nodes)


def a_sum(*reads, added=(5, 2), open_=()):
    history = Histories()
    for value in added:
        history.do(0, "add", value)
    for value in open_:
        history.do(1, "add", value, outcome="info")
    history.do(2, "read", answer=0)
    history.rest()
    for process, shown in enumerate(reads):
        outcome = "info" if shown is None else "ok"
        history.do(process, "read", answer=shown, outcome=outcome, final=True)
    return convergence(history.ops, NODES)


def test_nodes_that_all_show_all_have_converged_in_whatever_order():
    found = a_set([1, 2, 3], [3, 2, 1], [1, 1, 2, 3])
    assert found.is_reached
    assert found.missing == {"n0": 0, "n1": 0, "n2": 0}
    assert str(found) == "all nodes show the same"


def test_each_node_that_lacks_acknowledged_values_is_told_with_their_number():
    found = a_set([1, 2, 3], [2, 3], [])
    assert not found.is_reached
    assert found.missing == {"n0": 0, "n1": 1, "n2": 3}
    assert found.disagreements == [1, 2, 3]
    assert str(found) == "n1 lacks 1, n2 lacks 3 of 3 acknowledged values"


def test_nodes_that_agree_on_having_lost_a_value_have_not_converged():
    found = a_set([1, 2], [1, 2], [1, 2])
    assert found.disagreements == []
    assert not found.is_reached


def test_a_value_of_unknown_outcome_is_shown_by_all_or_by_none():
    assert a_set([1, 2, 3, 4], [1, 2, 3, 4], [1, 2, 3, 4], open_=[4]).is_reached
    assert a_set([1, 2, 3], [1, 2, 3], [1, 2, 3], open_=[4]).is_reached
    found = a_set([1, 2, 3, 4], [1, 2, 3], [1, 2, 3], open_=[4])
    assert not found.is_reached
    assert not any(found.missing.values())
    assert str(found) == "some nodes only show 4, which nobody acknowledged"


def test_values_that_look_alike_are_not_the_same():
    found = a_set(["1", "2", "3"], [1.0, 2.0, 3.0], [True, 2, 3])
    assert found.missing == {"n0": 3, "n1": 3, "n2": 1}


def test_a_node_that_answers_no_final_read_has_shown_nothing():
    found = a_set([1, 2, 3], None, [1, 2, 3])
    assert not found.is_reached
    assert found.silent == ("n1",)
    assert set(found.missing) == {"n0", "n2"}
    assert found.finals[1] == {"n0": True, "n1": UNSEEN, "n2": True}
    assert str(found) == "n1 answered no final read"


def test_a_node_that_nobody_asked_is_not_judged():
    assert a_set([1, 2, 3], [1, 2, 3]).is_reached


def test_where_nobody_was_ever_answered_nothing_is_known_to_agree():
    found = a_set(None, None, None, added=())
    assert not found.is_reached
    assert found.silent == NODES


def test_of_several_clients_of_a_node_one_answer_is_enough():
    assert a_set([1, 2, 3], [1, 2, 3], [1, 2, 3], None).is_reached


def test_answers_of_one_node_must_be_the_same():
    found = a_set([1, 2, 3], [1, 2, 3], [1, 2, 3], [1, 2])
    assert not found.is_reached
    assert found.missing["n0"] == 1
    shown = a_set([1, 2, 3, 4], [1, 2, 3], [1, 2, 3], [1, 2, 3], open_=[4])
    assert shown.disagreements == [4]


def test_sums_must_be_the_same_and_allowed_by_the_additions():
    assert a_sum(7, 7, 7).is_reached
    assert str(a_sum(7, 7, 5)) == "n0 shows 7, n1 shows 7, n2 shows 5 (2 off)"
    assert a_sum(8, 8, 8).missing == {"n0": 1, "n1": 1, "n2": 1}


def test_sums_that_are_all_allowed_must_still_be_the_same():
    assert a_sum(10, 10, 10, open_=[3]).is_reached
    found = a_sum(7, 10, 10, open_=[3])
    assert not any(found.missing.values())
    assert found.disagreements == [SUM]


def test_sums_may_go_down():
    assert a_sum(1, 1, 1, added=(5, -4)).is_reached
    assert a_sum(-1, -1, -1, added=(5, -4), open_=[-2]).is_reached
    assert a_sum(5, 5, 5, added=(5, -4)).missing["n0"] == 4


def test_a_counter_that_nobody_could_read_in_the_end_has_not_converged():
    assert a_sum(None, None, None).silent == NODES


def test_final_reads_that_nobody_marked_are_those_after_the_rest():
    history = Histories()
    history.do(0, "add", 1)
    history.do(1, "read", answer=[])
    history.rest()
    for process in range(3):
        history.do(process, "read", answer=[1])
    assert convergence(history.ops, NODES).is_reached
    assert convergence(history.ops[:4], NODES) is None


def test_an_addition_after_the_last_rest_makes_what_follows_no_final_reads():
    history = Histories()
    history.rest()
    history.do(0, "add", 1)
    history.rest()
    history.do(0, "add", 2)
    history.do(1, "read", answer=[])
    assert convergence(history.ops, NODES) is None


@pytest.mark.parametrize("f", ["echo", "generate", "poll", "cas"])
def test_workloads_without_replicas_to_compare_are_left_alone(f):
    history = Histories()
    history.do(0, f, 1)
    history.rest()
    history.do(0, f, 1)
    assert convergence(history.ops, NODES) is None


def txn(*steps):
    return [[kw(f), key, value] for f, key, value in steps]


def test_a_final_read_of_some_keys_that_fails_is_seen_in_their_rows():
    history = Histories()
    history.do(0, "txn", txn(("w", 1, 5)))
    history.rest()
    asked = txn(("r", 1, None))
    history.do(0, "txn", asked, answer=txn(("r", 1, 5)), final=True)
    history.do(1, "txn", asked, outcome="info", final=True)
    history.do(1, "txn", txn(("r", 2, None)), answer=txn(("r", 2, None)), final=True)
    history.do(0, "txn", txn(("r", 2, None)), answer=txn(("r", 2, None)), final=True)
    found = convergence(history.ops, NODES[:2])
    assert found.finals == {1: {"n0": 5, "n1": UNSEEN}, 2: {"n1": None, "n0": None}}
    assert found.disagreements == [1]
    assert not found.is_reached
    assert str(found) == "not every node has answered a final read of 1 of 2 keys"


@given(st.sets(st.integers(0, 50), min_size=1), st.randoms(use_true_random=False))
def test_one_value_gone_from_one_node_is_always_found(added, rng: random.Random):
    reads = [sorted(added) for _ in NODES]
    assert a_set(*reads, added=added).is_reached
    node = rng.randrange(3)
    gone = rng.choice(reads[node])
    reads[node].remove(gone)
    found = a_set(*reads, added=added)
    assert not found.is_reached
    assert found.disagreements == [gone]
    assert found.missing == {name: int(name == NODES[node]) for name in NODES}


CONVERGENCE = {  # of recorded runs with final reads: acknowledged values that nodes lack
    "broadcast--flicker": {},
    "broadcast--forgets": {"n0": 8, "n1": 8, "n2": 8},
    "broadcast--late": {},
    "broadcast--lost-in-partition": {"n0": 33, "n1": 30, "n2": 33, "n3": 22, "n4": 30},
    "broadcast--official-25": {},
    "broadcast--ok-5-grid": {},
    "broadcast--ok-5-partition": {},
    "broadcast--ok-total-uniform": {},
    "broadcast--ok-tree3-constant": {},
    "broadcast--refused-but-kept": {},
    "broadcast--stuck-node": {"n2": 74},
    "g-counter--ack-lost": {},
    "g-counter--official": {},
    "g-counter--ok-lin-kv": {},
    "g-counter--overcount": {"n0": 2, "n1": 2},
    "g-counter--stale-seq-kv": {"n0": 2, "n2": 9},
    "g-set--drops-some": {"n0": 5, "n1": 5},
    "g-set--error-replies": {},
    "g-set--late": {},
    "g-set--no-gossip": {"n0": 21, "n1": 39, "n2": 36},
    "g-set--ok": {},
    "pn-counter--ack-lost": {},
    "pn-counter--grow-only-merge": {"n0": 26, "n1": 12, "n2": 26},
    "pn-counter--ok": {},
    "pn-counter--one-node-off": {"n1": 1},
    "pn-counter--outside-range": {"n0": 977},
}
SILENT = {"broadcast--slow": ("n0", "n1"), "g-counter--no-final-reads": ("n0", "n1")}


def recorded(name):
    """What the final reads of a run of the real Maelstrom show, and whether it was valid there."""
    facts = json.loads((MAELSTROM_RUNS / name / "run.json").read_text())
    count = int(facts["args"][facts["args"].index("--node-count") + 1])
    nodes = [f"n{i}" for i in range(count)]
    return convergence(read_history(MAELSTROM_RUNS / name / "history.edn.gz"), nodes), facts[
        "valid"
    ]


@pytest.mark.parametrize(("name", "missing"), CONVERGENCE.items(), ids=CONVERGENCE)
def test_recorded_runs_tell_how_much_each_node_lacks(name, missing):
    found, is_valid = recorded(name)
    assert {node: count for node, count in found.missing.items() if count} == missing
    assert found.is_reached is not bool(missing)
    assert found.is_reached is is_valid


@pytest.mark.parametrize(("name", "silent"), SILENT.items(), ids=SILENT)
def test_recorded_runs_in_which_no_final_read_was_answered_have_shown_nothing(name, silent):
    assert recorded(name)[0].silent == silent


def test_every_recorded_run_with_final_reads_is_looked_at_here():
    kinds = ("broadcast", "g-set", "g-counter", "pn-counter")
    names = {path.name for path in MAELSTROM_RUNS.iterdir() if path.name.startswith(kinds)}
    assert names == {*CONVERGENCE, *SILENT, "g-set--no-ops"}
    assert (
        convergence(read_history(MAELSTROM_RUNS / "g-set--no-ops" / "history.edn.gz"), NODES)
        is None
    )


def test_a_store_of_the_real_maelstrom_is_compared_as_one_of_the_bench():
    found = lab.convergence(lab.Run.load(STORE_SAMPLES / "broadcast"))
    assert found.is_reached
    assert set(found.missing) == {"n0", "n1", "n2", "n3", "n4"}
