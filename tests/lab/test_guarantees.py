"""A guarantee is contradicted when no order of versions agrees with it, and only then."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from glomers import lab
from glomers.reading.guarantees import GUARANTEES, WHOLE_ORDER
from tests.helpers.lab_stores import history, r, results, run_of, w, write_store
from tests.helpers.places import SOLUTIONS

NAMES = [*GUARANTEES, WHOLE_ORDER]


def broken(run):
    """The names of the guarantees that the history of `run` contradicts."""
    found = lab.guarantees(run)
    return list(found.index[found["contradictions"] > 0])


def only(*txns):
    """Transactions (process, micro-operations) of the main phase."""
    return [(process, txn, False) for process, txn in txns]


FORGETS = only((0, [w("x", 1)]), (0, [r("x", None)]))
GOES_BACK = only((0, [w("x", 1)]), (1, [r("x", 1)]), (1, [r("x", None)]))
OVERTAKES = only((0, [w("x", 1)]), (0, [w("y", 1)]), (1, [r("y", 1)]), (1, [r("x", None)]))
ANSWERS_FIRST = only(
    (0, [w("x", 1)]),
    (1, [r("x", 1)]),
    (1, [w("y", 1)]),
    (2, [r("y", 1)]),
    (2, [r("x", None)]),
)
FRACTURED = only((0, [w("x", 1), w("y", 1)]), (1, [r("x", 1), r("y", None)]))
SKIPS_A_LINK = only(
    (0, [w("x", 1)]),
    (1, [r("x", 1), w("y", 1)]),
    (2, [r("y", 1), w("z", 1)]),
    (3, [r("z", 1)]),
    (3, [r("x", None)]),
)
BOTH = only((0, [w("x", 1), w("y", 1)]), (1, [w("x", 2), w("y", 2)]))
MIXED = [*BOTH, (0, [r("x", 1), r("y", 2)], True)]
LOST = [(0, [w("x", 1)], False), (1, [r("x", None)], True)]


@pytest.mark.parametrize(
    ("txns", "names"),
    [
        (FORGETS, ["read your writes", "causal"]),
        (GOES_BACK, ["monotonic reads", "causal"]),
        (OVERTAKES, ["monotonic writes", "causal"]),
        (ANSWERS_FIRST, ["writes follow reads", "causal"]),
        (FRACTURED, ["read atomic", "causal"]),
        (SKIPS_A_LINK, ["causal"]),
        (MIXED, [WHOLE_ORDER]),
        (LOST, ["versions have an order"]),
        (only((0, [w("x", 1), r("y", 1)]), (1, [w("y", 1), r("x", 1)])), ["causal"]),
    ],
)
def test_each_guarantee_is_contradicted_by_a_history_that_breaks_it(tmp_path, txns, names):
    assert broken(run_of(tmp_path, *txns)) == names


@pytest.mark.parametrize(
    "txns",
    [
        FORGETS[:1],
        only((0, [w("x", 1)]), (0, [r("x", 2)]), (1, [w("x", 2)])),
        only((0, [w("x", 1)]), (1, [r("x", None)]), (1, [r("x", 1)])),
        only((0, [w("x", 1)]), (0, [w("y", 1)]), (1, [r("x", None)]), (1, [r("y", 1)])),
        only((0, [w("x", 1), w("y", 1)]), (1, [w("y", 2)]), (2, [r("x", 1), r("y", 2)])),
        [*BOTH, (0, [r("x", 2), r("y", 2)], True), (1, [r("x", 2), r("y", 2)], True)],
        [(0, [w("x", 1)], False), (0, [r("x", 1)], True), (1, [r("x", None)], True)],
    ],
)
def test_a_history_that_some_order_explains_contradicts_nothing(tmp_path, txns):
    assert broken(run_of(tmp_path, *txns)) == []


def test_an_order_that_nil_does_not_tell_comes_from_overwriting_what_was_read(tmp_path):
    overwritten = only((0, [w("x", 1)]), (0, [r("x", 1), w("x", 2)]))
    run = run_of(tmp_path, *overwritten, *only((1, [r("x", 2)]), (1, [r("x", 1)])))
    assert broken(run) == ["monotonic reads", "causal"]
    assert lab.guarantees(run).loc["monotonic reads", "example"] == (
        "key x: 1 before 2 (versions have an order), 2 before 1 (monotonic reads)"
    )


def test_clients_that_read_in_opposite_orders_contradict_monotonic_reads_together(tmp_path):
    writes = only((0, [w("x", 1)]), (1, [w("x", 2)]))
    reads = only((2, [r("x", 1)]), (2, [r("x", 2)]), (3, [r("x", 2)]), (3, [r("x", 1)]))
    assert "monotonic reads" in broken(run_of(tmp_path, *writes, *reads))


def test_of_an_unknown_outcome_only_the_writes_count(tmp_path):
    ops = history(
        (0, "invoke", 0, "txn", [w("x", 1)]),
        (1, "ok", 0, "txn", [w("x", 1)]),
        (2, "invoke", 0, "txn", [r("x", None), w("x", 2)]),
        (3, "info", 0, "txn", [r("x", None), w("x", 2)]),
        (4, "invoke", 1, "txn", [r("x", None)]),
        (5, "ok", 1, "txn", [r("x", 2)]),
        (6, "invoke", 1, "txn", [w("x", 3)]),
        (7, "fail", 1, "txn", [w("x", 3)]),
        (8, "invoke", 1, "txn", [r("x", None)]),
        (9, "ok", 1, "txn", [r("x", 2)]),
    )
    run = lab.Run.load(write_store(tmp_path / "run", results(), ops))
    assert broken(run) == []


def test_a_value_that_was_written_twice_is_explained(tmp_path):
    run = run_of(tmp_path, *only((0, [w("x", 1)]), (1, [w("x", 1)])))
    with pytest.raises(lab.LabError, match="Key x was set to 1 twice"):
        lab.guarantees(run)


STEPS = st.lists(st.tuples(st.sampled_from("rw"), st.sampled_from("xyz")), min_size=1, max_size=4)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), STEPS), max_size=25))
def test_a_store_that_runs_one_transaction_after_the_other_contradicts_nothing(
    tmp_path_factory, plan
):
    store, txns = {}, []
    for number, (process, steps) in enumerate(plan):
        txn = []
        for place, (f, key) in enumerate(steps):
            if f == "w":
                store[key] = 10 * number + place
            txn.append((w if f == "w" else r)(key, store.get(key)))
        txns.append((process, txn, False))
    final = [r(key, store.get(key)) for key in "xyz"]
    run = run_of(tmp_path_factory.mktemp("serial"), *txns, (0, final, True), (1, final, True))
    assert broken(run) == []


LATER = "asyncio.get_running_loop().call_later"
READ = "    return store[key][1] if key in store else None\n"
COMMIT = "        news = commit(writes)\n"
MUTANTS = {
    "read your writes": (
        "        links.push(commit([[key, version, value] for key, value in writes.items()]))\n",
        "        written = [[key, version, value] for key, value in writes.items()]\n"
        "        links.push(written)\n"
        f"        {LATER}(0.2, commit, written)\n",
    ),
    "monotonic reads": (
        READ,
        "    old.setdefault(key, [None]).append(store[key][1] if key in store else None)\n"
        "    return random.choice(old[key])\n",
    ),
    "monotonic writes": (
        COMMIT,
        f"        news = []\n        {LATER}(2 * random.random(), commit, writes)\n",
    ),
    "writes follow reads": ("", ""),
    "read atomic": (
        COMMIT,
        "        news = []\n"
        "        for write in writes:\n"
        f"            {LATER}(random.random() / 2, commit, [write])\n",
    ),
    WHOLE_ORDER: (
        "store[write[0]][0] < write[1]]",
        "ranked(write[0], store[write[0]][0]) < ranked(*write[:2])]",
    ),
}
PREFACE = """
import asyncio
import random

old = {}


def ranked(key, version):
    stamp, name = version
    return stamp // 200_000, node.node_ids.index(name) * (-1) ** key, stamp


"""
HOT = "--node-count 5 --concurrency 2n --rate 150 --time-limit 6 --key-count 4 --latency 30"
HOT += " --latency-dist exponential"
LONG = "--node-count 5 --concurrency 2n --rate 100 --time-limit 3 --key-count 8"
LONG += " --max-writes-per-key 4 --max-txn-length 12"
ASKED = "--nemesis partition --nemesis-interval 2 --final-reads --consistency-models read-committed"


def tried(bench, node, seed, flags):
    flags = [*ASKED.split(), *flags.split(), "--seed", str(seed)]
    outcome = bench.test(node, *flags, workload="txn-rw-register")
    assert outcome.status == 0, outcome.out
    return broken(lab.Run.load(outcome.store))


@pytest.mark.slow
@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_that_breaks_a_guarantee_is_caught_within_twenty_seeds(bench, name):
    before, after = MUTANTS[name]
    source = (SOLUTIONS / "txn_batched.py").read_text(encoding="utf-8")
    assert before in source
    node = bench.node(PREFACE + source.replace(before, after))
    flags = LONG if name == "writes follow reads" else HOT
    assert any(name in tried(bench, node, seed, flags) for seed in range(20))


@pytest.mark.slow
@pytest.mark.parametrize("flags", [HOT, LONG])
@pytest.mark.parametrize("seed", range(4))
def test_the_causal_store_contradicts_nothing(bench, seed, flags):
    assert tried(bench, SOLUTIONS / "txn_causal.py", seed, flags) == []


WAIT = """    if any(known.get(name, 0) < count for name, count in item["after"].items()):
        return False
"""
SEVEN = "one-way,loss,duplicate,reorder,slow,pause,partition"


@pytest.mark.slow
def test_the_causal_store_without_its_wait_is_caught_under_seven_faults(bench):
    source = (SOLUTIONS / "txn_causal.py").read_text(encoding="utf-8")
    assert WAIT in source
    hasty = bench.node(source.replace(WAIT, ""))
    flags = f"{LONG} --time-limit 5 --nemesis {SEVEN}"
    for seed in range(20):
        if contradicted := tried(bench, hasty, seed, flags):
            assert set(contradicted) <= {"writes follow reads", "causal", WHOLE_ORDER}
            assert tried(bench, SOLUTIONS / "txn_causal.py", seed, flags) == []
            return
    pytest.fail("twenty seeds did not catch it")
