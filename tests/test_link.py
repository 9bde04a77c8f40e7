"""A link delivers every item once and in order, whatever the network does, and then is silent."""

from hypothesis import given
from hypothesis import strategies as st

from glomers.link import Link

OVERDUE_S = 2.0
TICK_S = 0.25
ENDS = (0, 1)
EVENTS = st.one_of(
    st.tuples(st.just("push"), st.sampled_from(ENDS)),
    st.tuples(st.just("flush"), st.sampled_from(ENDS)),
    st.tuples(st.sampled_from(["deliver", "lose", "duplicate"]), st.integers(0, 30)),
    st.tuples(st.just("wait"), st.floats(0.01, 3)),
)


class Wire:
    """Two ends of a link, and a network that holds messages until told what to do with them."""

    def __init__(self):
        self.links = [Link(OVERDUE_S), Link(OVERDUE_S)]
        self.pushed = [[], []]
        self.arrived = [[], []]  # at each end, what came from the other
        self.under_way = []  # (destination, batch)
        self.sent = 0
        self.now_s = 100.0

    def push(self, end):
        item = len(self.pushed[end])
        self.pushed[end].append(item)
        self.links[end].push(item)

    def flush(self, end):
        batch = self.links[end].batch(self.now_s)
        if batch is not None:
            self.sent += 1
            self.under_way.append((1 - end, batch))

    def deliver(self, index):
        end, batch = self.under_way.pop(index % len(self.under_way))
        self.arrived[end] += self.links[end].accept(batch, self.now_s)

    def lose(self, index):
        self.under_way.pop(index % len(self.under_way))

    def duplicate(self, index):
        self.under_way.append(self.under_way[index % len(self.under_way)])

    def wait(self, pause_s):
        self.now_s += pause_s

    def settle(self, rounds):
        """Let the network behave for a while."""
        for _ in range(rounds):
            while self.under_way:
                self.deliver(0)
            self.wait(TICK_S)
            for end in ENDS:
                self.flush(end)
        while self.under_way:
            self.deliver(0)


def after(events):
    """A wire on which these events have happened."""
    wire = Wire()
    for what, argument in events:
        if what in ("deliver", "lose", "duplicate") and not wire.under_way:
            continue
        getattr(wire, what)(argument)
    return wire


@given(st.lists(EVENTS, max_size=80))
def test_what_has_arrived_is_always_a_beginning_of_what_was_pushed(events):
    wire = after(events)
    for end in ENDS:
        arrived, pushed = wire.arrived[end], wire.pushed[1 - end]
        assert arrived == pushed[: len(arrived)]


@given(st.lists(EVENTS, max_size=80))
def test_everything_arrives_once_the_network_behaves(events):
    wire = after(events)
    wire.settle(rounds=40)
    assert wire.arrived == wire.pushed[::-1]


@given(st.lists(EVENTS, max_size=80))
def test_a_link_with_nothing_to_say_is_silent(events):
    wire = after(events)
    wire.settle(rounds=60)
    sent = wire.sent
    wire.settle(rounds=60)
    assert wire.sent == sent


@given(st.integers(1, 50))
def test_a_stream_that_is_answered_needs_one_message_a_round_and_end(rounds):
    wire = Wire()
    for _ in range(rounds):
        for end in ENDS:
            wire.push(end)
        wire.settle(rounds=1)
    assert wire.sent == 2 * rounds
    assert wire.arrived == wire.pushed[::-1]


def test_only_what_is_overdue_is_sent_again():
    link = Link(OVERDUE_S)
    link.push("first")
    assert link.batch(0.0) == {"from": 0, "items": ["first"], "ack": 0}
    link.push("second")
    assert link.batch(1.0) == {"from": 1, "items": ["second"], "ack": 0}
    assert link.batch(1.9) is None
    assert link.batch(2.0) == {"from": 0, "items": ["first", "second"], "ack": 0}
    assert link.batch(3.9) is None


def test_a_gap_is_reported_with_the_next_batch_and_filled_at_once():
    here, there = Link(OVERDUE_S), Link(OVERDUE_S)
    here.push("lost")
    here.batch(0.0)
    here.push("arrives")
    assert there.accept(here.batch(0.1), 0.1) == []
    report = there.batch(0.2)
    assert report == {"from": 0, "items": [], "ack": 0, "gap": True}
    here.accept(report, 0.2)
    assert there.accept(here.batch(0.3), 0.3) == ["lost", "arrives"]


def test_an_acknowledgement_waits_for_a_ride_half_as_long_as_its_sender_waits():
    here, there = Link(OVERDUE_S), Link(OVERDUE_S)
    here.push("item")
    there.accept(here.batch(0.0), 0.0)
    assert there.batch(0.9) is None
    assert there.batch(1.0) == {"from": 0, "items": [], "ack": 1}
    assert there.batch(9.0) is None
