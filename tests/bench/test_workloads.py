"""Workloads ask what Maelstrom's ask, in its proportions."""

import random
from collections import Counter

import pytest

from glomers.bench.flags import parse_options
from glomers.bench.workloads import WORKLOAD_NAMES, workload_class
from glomers.bench.workloads.keys import KeyPool
from glomers.errors import BrokenTest

COUNT = 6000


def workload(name, *flags, seed=1):
    options = parse_options(["-w", name, "--bin", "x", "--concurrency", "2n", *flags])
    return workload_class(name)(options, random.Random(seed))


def ops(name, *flags):
    made = workload(name, *flags)
    return [made.next_op(i % 10, i * 1_000_000) for i in range(COUNT)]


def share(name, f, *flags):
    return sum(op[0] == f for op in ops(name, *flags)) / COUNT


@pytest.mark.parametrize(
    ("name", "f", "expected"),
    [
        ("broadcast", "read", 1 / 2),
        ("g-set", "read", 1 / 2),
        ("pn-counter", "read", 1 / 2),
        ("g-counter", "read", 2 / 3),
        ("lin-kv", "read", 1 / 2),
        ("lin-kv", "cas", 1 / 3),
        ("kafka", "send", 1 / 2),
        ("kafka", "assign", 1 / 64),
    ],
)
def test_functions_are_mixed_in_maelstroms_proportions(name, f, expected):
    assert abs(share(name, f) - expected) < 0.03


@pytest.mark.parametrize("name", WORKLOAD_NAMES)
def test_equal_seeds_ask_the_same(name):
    first, second = (workload(name, seed=3) for _ in range(2))
    for i in range(200):
        assert first.next_op(i % 10, i) == second.next_op(i % 10, i)


def test_added_numbers_are_those_of_maelstrom():
    assert {value for f, value in ops("pn-counter") if f == "add"} == set(range(-5, 5))
    assert {value for f, value in ops("g-counter") if f == "add"} == set(range(5))


def test_keys_are_written_so_often_and_then_replaced_by_the_next():
    pool = KeyPool(3, 4, random.Random(1))
    writes = [written for _ in range(500) if (written := pool.draw_write())]
    assert len(set(writes)) == len(writes)
    assert max(value for _, value in writes) == 4
    finished = Counter(key for key, _ in writes)
    assert set(finished.values()) <= {1, 2, 3, 4}
    assert list(finished.values()).count(4) >= len(finished) - 3


def test_later_keys_are_twice_as_likely_as_the_ones_before():
    pool = KeyPool(4, 10, random.Random(1))
    drawn = Counter(pool.draw() for _ in range(15_000))
    for key in range(3):
        assert 1.6 < drawn[key + 1] / drawn[key] < 2.5


def test_transactions_have_any_length_up_to_the_flag_and_half_their_operations_read():
    txns = [value for _, value in ops("txn-rw-register", "--max-txn-length", "3")]
    assert {len(txn) for txn in txns} == {1, 2, 3}
    kinds = Counter(op[0].name for txn in txns for op in txn)
    assert 0.9 < kinds["r"] / kinds["w"] < 1.1


def test_every_write_of_a_key_is_unique():
    for name in ("txn-rw-register", "txn-list-append", "kafka"):
        writes = Counter(
            (op[1], op[2])
            for f, value in ops(name)
            for op in (value if f in ("txn", "send") else ())
            if op[0].name != "r"
        )
        assert max(writes.values()) == 1


def test_lin_kv_changes_its_key_after_twenty_processes():
    made = workload("lin-kv")
    keys = [made.next_op(process, 0)[1][0] for process in range(60)]
    assert set(keys) == {0, 1, 2}
    assert keys == sorted(keys)


def test_lin_kv_lets_one_half_of_the_clients_read_and_the_other_write():
    made = workload("lin-kv")
    for process in range(10):
        f, _ = made.next_op(process, 0)
        assert (f == "read") == (process < 5)


def test_lin_kv_explains_how_many_clients_it_needs():
    options = parse_options(["-w", "lin-kv", "--bin", "x", "--concurrency", "1n"])
    with pytest.raises(BrokenTest, match="--concurrency 2n"):
        workload_class("lin-kv")(options, random.Random(1))


def test_kafka_crashes_clients_about_twice_a_minute_each():
    made = workload("kafka")
    crashes = sum(made.next_op(0, second * 1_000_000_000)[0] == "crash" for second in range(600))
    assert 100 < crashes < 300, "ten clients for ten minutes"
