"""Counters: a final read is acceptable when some subset of the open adds explains it."""

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glomers.bench.checkers import CheckError, CheckOptions, possible_sums
from glomers.formats.edn import kw
from glomers.formats.history import Op

OPTIONS = CheckOptions("pn-counter")
DELTAS = st.lists(st.integers(-9, 9), max_size=6)
VALID = kw("valid?")


def history_of(ok=(), failed=(), left_open=(), reads=()):
    """Adds that ended in each of the three ways, then final reads."""
    history = []

    def add(kind, process, f, value, final=False):
        history.append(Op(len(history), len(history), kind, process, f, value, None, final))

    outcomes = [("ok", ok), ("fail", failed), ("info", left_open)]
    for process, (kind, value) in enumerate((k, v) for k, values in outcomes for v in values):
        add("invoke", process, "add", value)
        add(kind, process, "add", value)
    for process, value in enumerate(reads, 100):
        add("invoke", process, "read", None, final=True)
        add("ok", process, "read", value, final=True)
    return history


def subset_sums(definite, deltas):
    return {
        definite + sum(chosen)
        for size in range(len(deltas) + 1)
        for chosen in combinations(deltas, size)
    }


@given(ok=DELTAS, failed=DELTAS, left_open=DELTAS, read=st.integers(-80, 80))
@settings(deadline=None)
def test_a_read_is_acceptable_exactly_if_a_subset_of_open_adds_explains_it(
    ok, failed, left_open, read
):
    result = possible_sums.check(history_of(ok, failed, left_open, [read]), OPTIONS)
    assert result[VALID] == (read in subset_sums(sum(ok), left_open))


@given(ok=DELTAS, left_open=DELTAS)
@settings(deadline=None)
def test_the_acceptable_ranges_hold_every_sum_and_no_other_and_do_not_touch(ok, left_open):
    ranges = possible_sums.check(history_of(ok, left_open=left_open), OPTIONS)[kw("acceptable")]
    held = {number for low, high in ranges for number in range(low, high + 1)}
    assert held == subset_sums(sum(ok), left_open)
    assert all(ranges[at][1] + 1 < ranges[at + 1][0] for at in range(len(ranges) - 1))


def test_reads_before_the_end_are_not_judged():
    history = history_of(ok=[1])
    history += [Op(10, 10, "invoke", 9, "read", None), Op(11, 11, "ok", 9, "read", 77)]
    assert possible_sums.check(history, OPTIONS)[VALID] is True


def test_too_many_sums_leave_the_question_open(monkeypatch):
    monkeypatch.setattr(possible_sums, "MAX_RANGES", 8)
    with pytest.raises(CheckError, match="too many"):
        possible_sums.check(history_of(left_open=[10**n for n in range(5)]), OPTIONS)
