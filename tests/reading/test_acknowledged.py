"""How much of what was acknowledged reads show: fresh, durable and available, as shares."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glomers.formats.edn import kw
from glomers.reading.acknowledged import available_share, durable_share, fresh_share
from tests.helpers.histories import Histories

NODES = ("n0", "n1")
SEND, POLL = kw("send"), kw("poll")


def test_a_read_is_fresh_when_it_shows_what_was_acknowledged_before_it_began():
    history = Histories()
    history.do(0, "broadcast", 1)
    early = history.begin(1, "read")
    history.do(0, "broadcast", 2)  # while the read is under way
    history.end(early, "ok", [1])
    assert fresh_share(history.ops, NODES) == 1
    history.do(1, "read", answer=[1])
    assert fresh_share(history.ops, NODES) == 1 / 2


def test_reads_that_fail_or_have_nothing_to_show_are_neither_fresh_nor_stale():
    history = Histories()
    history.do(1, "read", answer=[])
    history.do(0, "broadcast", 1)
    history.do(1, "read", outcome="fail")
    assert fresh_share(history.ops, NODES) is None
    history.do(0, "broadcast", 2, outcome="info")
    history.do(1, "read", answer=[1])
    assert fresh_share(history.ops, NODES) == 1


def test_final_reads_do_not_count_as_fresh_after_ten_seconds_of_rest():
    history = Histories()
    history.do(0, "add", 1)
    history.do(0, "read", answer=[])
    history.rest()
    history.do(0, "read", answer=[1])
    assert fresh_share(history.ops, NODES) == 0
    assert durable_share(history.ops, NODES) == 1


def test_a_sum_is_fresh_within_what_the_additions_so_far_allow():
    history = Histories()
    history.do(0, "add", 5)
    open_one = history.begin(1, "add", -2)
    for shown in (5, 3, 2, 6):
        history.do(0, "read", answer=shown)
    assert fresh_share(history.ops, NODES) == 2 / 4
    history.end(open_one)
    history.do(0, "read", answer=5)
    assert fresh_share(history.ops, NODES) == 2 / 5


def test_an_addition_that_was_refused_allows_nothing():
    history = Histories()
    history.do(0, "add", 5)
    history.do(0, "add", 3, outcome="fail")
    history.do(0, "read", answer=8)
    assert fresh_share(history.ops, NODES) == 0


def test_a_poll_is_fresh_when_it_shows_all_from_where_its_client_stands():
    history = Histories()
    history.do(0, "assign", ["k"])
    history.do(1, "send", [[SEND, "k", 7]], answer=[[SEND, "k", [0, 7]]])
    history.do(0, "poll", [[POLL]], answer=[[POLL, {"k": [[0, 7]]}]])
    history.do(1, "send", [[SEND, "k", 8]], answer=[[SEND, "k", [1, 8]]])
    history.do(0, "poll", [[POLL]], answer=[[POLL, {}]])
    history.do(0, "poll", [[POLL]], answer=[[POLL, {"k": [[1, 8]]}]])
    history.do(0, "poll", [[POLL]], answer=[[POLL, {}]])  # there is nothing new
    history.do(1, "poll", [[POLL]], answer=[[POLL, {}]])  # this client follows no log
    assert fresh_share(history.ops, NODES) == 2 / 3


def test_a_log_is_durable_when_the_final_polls_of_a_node_show_it_in_pieces():
    history = Histories()
    for offset, message in enumerate((7, 8)):
        history.do(1, "send", [[SEND, "k", message]], answer=[[SEND, "k", [offset, message]]])
    history.rest()
    history.do(0, "assign", ["k"])
    history.do(0, "poll", [[POLL]], answer=[[POLL, {"k": [[0, 7]]}]])
    history.do(0, "poll", [[POLL]], answer=[[POLL, {"k": [[1, 8]]}]])
    assert durable_share(history.ops, NODES) == 1
    history.do(1, "poll", [[POLL]], answer=[[POLL, {"k": [[0, 7], [1, 9]]}]])  # another message
    assert durable_share(history.ops, NODES) == 3 / 4
    history.do(1, "poll", [[POLL]], outcome="info")
    assert durable_share(history.ops, NODES) == 3 / 4


def txn(*steps):
    return [[kw(f), key, value] for f, key, value in steps]


def registers(shown, *, final=False):
    """Two writes of a key, one after the other, and a read of it; 3 is under way all the time."""
    history = Histories()
    open_one = history.begin(1, "txn", txn(("w", 1, 3)))
    history.do(0, "txn", txn(("w", 1, 1)))
    history.do(0, "txn", txn(("w", 1, 2)))
    answer = txn(("r", 1, shown))
    history.do(2, "txn", txn(("r", 1, None)), answer=answer, final=final)
    history.end(open_one)
    return history.ops


@pytest.mark.parametrize(("shown", "share"), [(2, 1), (3, 1), (1, 0), (None, 0)])
def test_a_register_is_stale_when_what_it_shows_is_older_for_sure(shown, share):
    assert fresh_share(registers(shown), NODES) == share
    assert durable_share(registers(shown, final=True), NODES) == share


def test_writes_that_overlap_may_be_in_either_order():
    history = Histories()
    first, second = (history.begin(p, "txn", txn(("w", 1, p))) for p in (0, 1))
    history.end(first)
    history.end(second)
    history.do(2, "txn", txn(("r", 1, None)), answer=txn(("r", 1, 0)))
    history.do(2, "txn", txn(("r", 1, None)), answer=txn(("r", 1, 1)))
    assert fresh_share(history.ops, NODES) == 1


def test_what_a_transaction_reads_of_its_own_says_nothing():
    history = Histories()
    history.do(0, "txn", txn(("w", 1, 1)))
    own = txn(("w", 1, 9), ("r", 1, 9))
    history.do(0, "txn", txn(("w", 1, 9), ("r", 1, None)), answer=own)
    assert fresh_share(history.ops, NODES) is None


def test_a_final_read_that_fails_has_shown_nothing():
    history = Histories()
    history.do(0, "broadcast", 1)
    history.rest()
    history.do(0, "read", answer=[1], final=True)
    history.do(1, "read", outcome="fail", final=True)
    assert durable_share(history.ops, NODES) == 1 / 2


def test_a_design_is_judged_as_available_only_while_a_node_is_cut_off():
    history = Histories()
    history.do(0, "read", outcome="fail")
    assert available_share(history.ops) is None
    history.nemesis("start-partition", kw("majority"))
    history.nemesis("start-partition", [kw("isolated"), {"n0": frozenset({"n1"})}])
    history.do(0, "read", answer=[])
    history.do(0, "read", outcome="info")
    history.do(0, "crash", outcome="info")
    history.nemesis("stop-partition", None)
    history.nemesis("stop-partition", kw("network-healed"))
    history.do(0, "read", outcome="fail")
    assert available_share(history.ops) == 1 / 2


def test_a_partition_that_cuts_nobody_off_shows_nothing():
    history = Histories()
    history.nemesis("start-partition", kw("minority-third"))
    history.nemesis("start-partition", [kw("isolated"), {"n0": frozenset(), "n1": frozenset()}])
    history.do(0, "read", answer=[])
    assert available_share(history.ops) is None


@pytest.mark.parametrize("f", ["echo", "generate", "write"])
def test_workloads_whose_reads_show_no_state_are_left_alone(f):
    history = Histories()
    history.do(0, f, 1)
    assert fresh_share(history.ops, NODES) is None
    assert durable_share(history.ops, NODES) is None


ops = st.lists(st.tuples(st.sampled_from(["add", "read"]), st.integers(0, 3)), max_size=30)


@given(ops)
def test_one_copy_is_fresh_and_durable_and_a_copy_that_forgets_is_neither(steps):
    good, bad = Histories(), Histories()
    known = []
    for number, (f, process) in enumerate([("add", 0), *steps, ("read", 0)]):
        if f == "add":
            good.do(process, f, number)
            bad.do(process, f, number)
            known.append(number)
        else:
            good.do(process, f, answer=[*known])
            bad.do(process, f, answer=known[1:])
    for history, shown in ((good, known), (bad, known[1:])):
        history.rest()
        history.do(0, "read", answer=[*shown])
    assert fresh_share(good.ops, NODES) == durable_share(good.ops, NODES) == 1
    assert fresh_share(bad.ops, NODES) == 0
    assert durable_share(bad.ops, NODES) == pytest.approx(1 - 1 / len(known))
