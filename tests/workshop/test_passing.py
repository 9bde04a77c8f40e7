"""Offsets that polls pass over, as a search of all polls and all offsets finds them."""

from hypothesis import given
from hypothesis import strategies as st

from glomers.workshop.passing import Passing

OFFSETS = st.integers(0, 8)
EVENTS = st.one_of(OFFSETS, st.tuples(OFFSETS, st.frozensets(OFFSETS)))


def passed_over(polls, heard_of):
    """Every offset that is heard of, and that a poll left out before its last one."""
    return {
        offset
        for first, shown in polls
        for offset in range(first, max(shown, default=first))
        if offset in heard_of and offset not in shown
    }


@given(st.lists(EVENTS, max_size=12))
def test_an_acknowledged_offset_is_found_as_soon_as_a_poll_passes_over_it(
    events,
):
    passing, polls, acknowledged, was_found = Passing(), [], set(), False
    for event in events:
        if isinstance(event, int):
            acknowledged.add(event)
            was_found |= passing.acknowledged("k", event) is not None
        else:
            polls.append(event)
            was_found |= passing.polled("n0", "k", *event) is not None
        assert was_found == bool(passed_over(polls, acknowledged))


def test_a_poll_that_passed_over_is_named_and_logs_do_not_mix():
    passing = Passing()
    assert passing.polled("n1", "k", 3, [4, 6]) is None
    assert passing.acknowledged("other", 5) is None
    assert passing.acknowledged("k", 5) == ("n1", 3, 6)
    assert passing.acknowledged("k", 7) is None
    assert passing.polled("n0", "k", 4, [4, 6, 8]) == (7, ("n0", 4, 8))
