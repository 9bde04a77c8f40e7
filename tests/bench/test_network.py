"""The network delays, orders, drops and counts messages as Maelstrom's does."""

import random

import pytest

from glomers.bench import network
from glomers.bench.clock import NS_PER_S, VirtualClock
from glomers.bench.network import Network, UnknownAddress
from glomers.bench.transit import HOP_NS_MIN, HOP_NS_RANGE, Drawn
from glomers.errors import BrokenTest
from glomers.formats.journal import JournalWriter, read_journal

MS = 1_000_000


class Net:
    """A network of n0, n1, seq-kv and c0 in virtual time, and what arrived there."""

    def __init__(self, folder, latency_ms=100, distribution="constant"):
        self.clock = VirtualClock()
        self.path = folder / "journal"
        self.journal = JournalWriter(self.path)
        self.transit = Drawn(latency_ms, distribution, random.Random(1), hop_cost=True)
        self.network = Network(self.clock, self.journal, self.transit)
        self.arrived = []
        for name in ("n0", "n1", "seq-kv", "c0"):
            self.network.connect(name, self.receiver(name))

    def receiver(self, name):
        return lambda src, body, line: self.arrived.append((self.clock.now_ns(), src, name, body))

    def run(self, seconds=60):
        async def wait():
            await self.clock.sleep_until(seconds * NS_PER_S)

        self.clock.run_until(self.clock.loop.create_task(wait()))
        self.journal.close()
        return self.arrived


@pytest.fixture
def net(tmp_path):
    net = Net(tmp_path)
    yield net
    net.journal.close()


@pytest.mark.parametrize(
    ("src", "dest", "delay_ms"),
    [
        ("n0", "n1", 100),
        ("n0", "seq-kv", 100),
        ("seq-kv", "n0", 100),
        ("c0", "n0", 0),
        ("n0", "c0", 0),
    ],
)
def test_latency_applies_between_servers_and_not_to_clients(net, src, dest, delay_ms):
    net.network.send(src, dest, {"type": "x"})
    ((arrived_ns, *_),) = net.run()
    assert 0 <= arrived_ns - delay_ms * MS - HOP_NS_MIN <= HOP_NS_RANGE


def test_equal_delays_keep_the_order_of_a_link(net):
    for number in range(200):
        net.network.send("n0", "n1", {"type": "x", "number": number})
    assert [body["number"] for *_, body in net.run()] == list(range(200))


@pytest.mark.parametrize("distribution", ["uniform", "exponential"])
def test_random_delays_have_the_mean_asked_for_and_let_messages_overtake(tmp_path, distribution):
    net = Net(tmp_path, distribution=distribution)
    for number in range(4000):
        net.network.send("n0", "n1", {"type": "x", "number": number})
    arrived = net.run()
    mean_ms = sum(time_ns for time_ns, *_ in arrived) / len(arrived) / MS
    assert 95 < mean_ms < 105
    assert [body["number"] for *_, body in arrived] != list(range(4000))


def cut_n1_off(net):
    net.network.cut("partition", {"n1": frozenset({"n0"})})


def test_a_partition_cuts_links_between_nodes_in_the_directions_it_names(net):
    cut_n1_off(net)
    net.network.send("n0", "n1", {"type": "cut off"})
    net.network.send("n1", "n0", {"type": "other way"})
    net.network.send("n0", "seq-kv", {"type": "to a service"})
    net.network.send("c0", "n1", {"type": "to a client's node"})
    kinds = {body["type"] for *_, body in net.run()}
    assert kinds == {"other way", "to a service", "to a client's node"}
    assert [event.kind for event in read_journal(net.path)].count("drop") == 1


def test_a_message_is_judged_by_the_cut_of_the_moment_at_which_its_receiver_takes_it(net):
    net.network.send("n0", "n1", {"type": "taken at once"})
    net.network.send("n0", "n1", {"type": "taken when the first is through"})
    cut_n1_off(net)
    assert [body["type"] for *_, body in net.run()] == ["taken at once"]


def test_a_receiver_drops_at_once_what_it_takes_from_a_sender_that_is_cut_off(net):
    cut_n1_off(net)
    net.network.send("n0", "n1", {"type": "dropped"})
    net.network.cut("partition", {})
    net.network.send("n0", "n1", {"type": "sent after healing"})
    assert [body["type"] for *_, body in net.run()] == ["sent after healing"]


def test_a_request_of_a_client_waits_behind_a_message_that_is_on_its_way(net):
    net.network.send("n0", "n1", {"type": "from a peer"})
    net.network.send("c0", "n1", {"type": "from a client"})
    (first_ns, *_, first), (second_ns, *_, second) = net.run()
    assert (first["type"], second["type"]) == ("from a peer", "from a client")
    assert first_ns == second_ns >= 100 * MS


def test_what_waits_is_taken_in_the_order_in_which_it_is_due(net):
    net.network.send("n0", "n1", {"type": "under way"})
    net.network.send("n0", "n1", {"type": "due later"})
    net.network.send("c0", "n1", {"type": "due at once"})
    kinds = [body["type"] for *_, body in net.run()]
    assert kinds == ["under way", "due at once", "due later"]


def test_a_message_that_a_fault_holds_up_does_not_hold_up_others(net):
    net.transit.disturb("slow", lambda src, dest, fate: (fate[0] + 2_000 * MS,))
    net.network.send("n0", "n1", {"type": "slow"})
    net.network.send("c0", "n1", {"type": "from a client"})
    (first_ns, *_, first), (second_ns, *_) = net.run()
    assert first["type"] == "from a client"
    assert first_ns < MS
    assert 2_100 * MS < second_ns < 2_101 * MS


def test_what_is_on_its_way_to_somebody_who_leaves_is_lost_and_no_longer_under_way(net):
    for _ in range(3):
        net.network.send("n0", "n1", {"type": "x"})
    net.network.disconnect("n1")
    assert net.run() == []
    assert net.network.in_flight == 0


def test_messages_are_counted_by_group_and_dropped_ones_as_sent(net):
    net.network.cut("partition", {"n1": frozenset({"n0"})})
    net.network.send("n0", "n1", {"type": "x"})
    net.network.send("n0", "seq-kv", {"type": "x"})
    net.network.send("c0", "n0", {"type": "x"})
    net.run()
    events = [event.kind for event in read_journal(net.path)]
    assert (events.count("send"), events.count("recv"), events.count("drop")) == (3, 2, 1)


def test_names_that_do_not_exist_are_refused(net):
    for src, dest in (("n0", "n9"), ("n9", "n0")):
        with pytest.raises(UnknownAddress, match="n9"):
            net.network.send(src, dest, {"type": "x"})


@pytest.fixture
def watched(tmp_path, monkeypatch):
    """A network with bounds that are soon reached, to which clients have sent 50 messages."""
    monkeypatch.setattr(network, "MIN_IN_FLIGHT", 100)
    monkeypatch.setattr(network, "COUNTED", 100)
    monkeypatch.setattr(network, "MIN_PER_S", 100)
    monkeypatch.setattr(network, "PER_S_AND_PAIR", 1)
    net = Net(tmp_path)
    for _ in range(FROM_CLIENTS):
        net.network.send("c0", "n0", {"type": "x"})
    wait(net, 1)
    yield net
    net.journal.close()


FROM_CLIENTS = 50
AT_ONCE = network.AT_ONCE_PER_REQUEST * FROM_CLIENTS


def wait(net, seconds):
    until_ns = net.clock.now_ns() + seconds * NS_PER_S
    net.clock.run_until(net.clock.loop.create_task(net.clock.sleep_until(until_ns)))


def burst(net, count):
    for _ in range(count):
        net.network.send("n0", "n1", {"type": "more"})


def test_a_burst_of_so_many_messages_for_each_of_a_client_is_no_flood_and_one_more_is(watched):
    burst(watched, AT_ONCE)
    with pytest.raises(BrokenTest, match="more than 400 messages are under way at once"):
        burst(watched, 1)


def test_bursts_may_come_again_and_again_when_there_is_time_between_them(watched):
    for _ in range(10):
        burst(watched, AT_ONCE)
        wait(watched, 5)
    assert watched.network.in_flight == 0


def test_bursts_that_follow_each_other_too_fast_are_a_flood(watched):
    burst(watched, AT_ONCE)
    wait(watched, 1)
    with pytest.raises(BrokenTest, match="messages were sent within"):
        burst(watched, AT_ONCE)
