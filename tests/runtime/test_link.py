"""A link delivers every item once and in order, whatever the network does, and then is silent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glomers.link import Link, Links
from glomers.node import Message

OVERDUE_S = 2.0
TICK_S = 0.25
ENDS = (0, 1)
EVENTS = st.one_of(
    st.tuples(st.just("push"), st.sampled_from(ENDS)),
    st.tuples(st.just("flush"), st.sampled_from(ENDS)),
    st.tuples(st.sampled_from(["deliver", "lose", "duplicate"]), st.integers(0, 30)),
    st.tuples(st.just("wait"), st.floats(0.01, 3)),
)
RESTARTS = st.tuples(st.just("restart"), st.sampled_from(ENDS))


class End:
    """A life of a node with a link: what it pushed, and what came from each life of the other."""

    def __init__(self, name):
        self.name = name
        self.pushed = 0
        self.arrived = {}
        self.link = Link(self.state, OVERDUE_S)

    def state(self):
        """One item that stands for all that was pushed."""
        return [(self.name, "all up to", self.pushed)]

    def push(self):
        self.pushed += 1
        self.link.push((self.name, "single", self.pushed))

    def accept(self, batch, now_s):
        for name, kind, number in self.link.accept(batch, now_s):
            self.arrived.setdefault(name, []).append((kind, number))


class Wire:
    """Two ends of a link, and a network that holds messages until told what to do with them."""

    def __init__(self):
        self.ends = [End("0, life 0"), End("1, life 0")]
        self.lives = 1
        self.under_way = []  # (destination, batch)
        self.sent = 0
        self.now_s = 100.0

    def push(self, end):
        self.ends[end].push()

    def flush(self, end):
        batch = self.ends[end].link.batch(self.now_s)
        if batch is not None:
            self.sent += 1
            self.under_way.append((1 - end, batch))

    def deliver(self, index):
        end, batch = self.under_way.pop(index % len(self.under_way))
        self.ends[end].accept(batch, self.now_s)

    def lose(self, index):
        self.under_way.pop(index % len(self.under_way))

    def duplicate(self, index):
        self.under_way.append(self.under_way[index % len(self.under_way)])

    def wait(self, pause_s):
        self.now_s += pause_s

    def restart(self, end):
        """The end forgets everything; what it has sent stays under way."""
        self.ends[end] = End(f"{end}, life {self.lives}")
        self.lives += 1

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


def known_from(arrived):
    """How many items one knows to whom these have come; each is the next, or stands for more."""
    known = 0
    for kind, number in arrived:
        if kind == "single":
            assert number == known + 1, arrived
        else:
            assert number >= known, arrived
        known = number
    return known


@given(st.lists(EVENTS, max_size=80))
def test_without_restarts_what_has_arrived_is_a_beginning_of_what_was_pushed(events):
    for end in after(events).ends:
        for arrived in end.arrived.values():
            assert arrived == [("single", number + 1) for number in range(len(arrived))]


@given(st.lists(st.one_of(EVENTS, RESTARTS), max_size=80))
def test_what_arrives_from_a_life_comes_once_and_in_order(events):
    for end in after(events).ends:
        for arrived in end.arrived.values():
            known_from(arrived)


@given(st.lists(st.one_of(EVENTS, RESTARTS), max_size=80))
def test_everything_arrives_once_the_network_behaves_and_both_ends_live_on(events):
    wire = after(events)
    wire.settle(rounds=40)
    for end, other in (wire.ends, wire.ends[::-1]):
        assert known_from(end.arrived.get(other.name, [])) == other.pushed


@given(st.lists(st.one_of(EVENTS, RESTARTS), max_size=80))
def test_a_new_life_is_told_the_whole_state_although_nobody_has_any_news(events):
    wire = after(events)
    wire.settle(rounds=40)
    wire.restart(0)
    wire.settle(rounds=40)
    end, other = wire.ends
    assert known_from(end.arrived.get(other.name, [])) == other.pushed


@given(st.lists(st.one_of(EVENTS, RESTARTS), max_size=80))
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
    assert all(known_from(*end.arrived.values()) == rounds for end in wire.ends)


def sayings(batch):
    """What a batch says, without the lives of the ends."""
    return {key: value for key, value in batch.items() if key not in ("life", "to")}


def test_only_what_is_overdue_is_sent_again():
    link = Link(list, OVERDUE_S)
    link.push("first")
    assert sayings(link.batch(0.0)) == {"from": 0, "items": ["first"], "ack": 0}
    link.push("second")
    assert sayings(link.batch(1.0)) == {"from": 1, "items": ["second"], "ack": 0}
    assert link.batch(1.9) is None
    assert sayings(link.batch(2.0)) == {"from": 0, "items": ["first", "second"], "ack": 0}
    assert link.batch(3.9) is None


def test_a_gap_is_reported_with_the_next_batch_and_filled_at_once():
    here, there = Link(list, OVERDUE_S), Link(list, OVERDUE_S)
    here.push("lost")
    here.batch(0.0)
    here.push("arrives")
    assert there.accept(here.batch(0.1), 0.1) == []
    report = there.batch(0.2)
    assert sayings(report) == {"from": 0, "items": [], "ack": 0, "gap": True}
    here.accept(report, 0.2)
    assert there.accept(here.batch(0.3), 0.3) == ["lost", "arrives"]


def test_an_acknowledgement_waits_for_a_ride_half_as_long_as_its_sender_waits():
    here, there = Link(list, OVERDUE_S), Link(list, OVERDUE_S)
    here.push("item")
    there.accept(here.batch(0.0), 0.0)
    assert there.batch(0.9) is None
    assert sayings(there.batch(1.0)) == {"from": 0, "items": [], "ack": 1}
    assert there.batch(9.0) is None


def test_a_new_end_speaks_up_by_itself_once():
    link = Link(list, OVERDUE_S)
    assert link.batch(5.0) is None
    assert link.batch(5.9) is None
    assert sayings(link.batch(6.0)) == {"from": 0, "items": [], "ack": 0}
    assert link.batch(60.0) is None


def test_whoever_is_taken_for_an_earlier_life_is_told_everything():
    here, there = Link(lambda: ["a", "b"], OVERDUE_S), Link(list, OVERDUE_S)
    here.push("a")
    there.accept(here.batch(0.0), 0.0)
    here.accept(there.batch(1.0), 1.0)
    there = Link(list, OVERDUE_S)
    here.push("b")
    assert there.accept(here.batch(1.1), 1.1) == []
    here.accept(there.batch(1.2), 1.2)
    assert there.accept(here.batch(1.3), 1.3) == ["a", "b"]


def test_a_late_word_of_a_life_that_is_over_costs_another_beginning_and_no_item():
    here, before, there = Link(lambda: ["state"], OVERDUE_S), End("before").link, End("now").link
    late = [before.batch(0.0), before.batch(1.0)][1]
    there.push("first")
    assert here.accept(there.batch(2.0), 2.0) == ["first"]
    there.accept(here.batch(3.0), 3.0)
    assert here.accept(late, 3.1) == []
    there.push("second")
    assert here.accept(there.batch(3.2), 3.2) == ["second"]
    assert there.accept(here.batch(3.3), 3.3) == ["state"]
    assert here.accept(there.batch(4.3), 4.3) == []
    assert here.batch(9.0) is None


def test_an_acknowledgement_of_what_was_never_pushed_is_refused():
    here, there = Link(list, OVERDUE_S), Link(list, OVERDUE_S)
    here.push("item")
    there.accept(here.batch(0.0), 0.0)
    report = there.batch(1.0)
    with pytest.raises(AssertionError, match="never pushed"):
        here.accept({**report, "ack": 2}, 1.0)


class Messages:
    """What a node has sent, and as what it arrives."""

    def __init__(self):
        self.sent = []

    def send(self, dest, body):
        self.sent.append(Message("here", dest, body))


def test_links_carry_items_to_all_neighbours_but_one_in_messages_of_one_type(monkeypatch):
    monkeypatch.setattr("time.monotonic", lambda: 5.0)
    out = Messages()
    here, there = Links(out, "share", list), Links(Messages(), "share", list)
    here.open(["a", "b", "c"])
    there.open(["here"])
    here.push("to all")
    here.push("to a and c", but="b")
    here.flush()
    assert [message.dest for message in out.sent] == ["a", "b", "c"]
    assert {message.type for message in out.sent} == {"share"}
    items = [message.body["items"] for message in out.sent]
    assert items == [["to all", "to a and c"], ["to all"], ["to all", "to a and c"]]
    assert there.accept(out.sent[0]) == ["to all", "to a and c"]
    assert there.accept(out.sent[0]) == []
    here.flush()
    assert len(out.sent) == 3
