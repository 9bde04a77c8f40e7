"""What is chance on the real tool is the seed's here: nobody is first or last in every run."""

import json
import shlex
from itertools import pairwise

import pytest

from glomers.bench.flags import parse_options
from glomers.bench.once import run_once
from glomers.formats.journal import Journal
from glomers.solutions import __path__ as solutions
from tests.helpers.programs import bin_of

SEEDS = range(30)
SOLUTIONS = next(iter(solutions))

TICKS = """
import asyncio
import time

from glomers.node import Node

node = Node()


@node.on("echo")
def echo(message):
    return {"type": "echo_ok", "echo": message.body["echo"]}


@node.on("tick")
def tick(message):
    pass


@node.on_init
async def begin():
    for number in range(2):
        node.spawn(tick_at_full_seconds(number))


async def tick_at_full_seconds(number):
    while True:
        await asyncio.sleep(1 - time.monotonic() % 1)
        node.send(node.node_id, {"type": "tick", "number": number})


if __name__ == "__main__":
    node.run()
"""


class Ticks(Journal):
    """A journal that keeps who sent which tick when."""

    def __init__(self):
        self.sent = []

    def send(self, time_ns, message_id, line):
        message = json.loads(line)
        if message["body"]["type"] == "tick":
            self.sent.append((time_ns, message["src"], message["body"]["number"]))


def history(words, seed, solution):
    words = f"{words} {bin_of(f'{SOLUTIONS}/{solution}.py')} --seed {seed}"
    return run_once(parse_options(shlex.split(words)), Journal()).history


@pytest.mark.parametrize(
    ("words", "clients", "solution"),
    [
        ("-w broadcast --node-count 3", 3, "broadcast_retry"),
        ("-w g-counter --node-count 3", 3, "counter_gossip"),
        ("-w kafka --node-count 2 --concurrency 2n --rate 20", 4, "log_ordered"),
    ],
)
def test_every_client_is_the_first_and_the_last_of_the_end_for_some_seed(words, clients, solution):
    ends = []
    for seed in SEEDS:
        ops = history(f"{words} --time-limit 1", seed, solution)
        began = [op for op in ops if op.type == "invoke"]
        _, end = max(pairwise(began), key=lambda pair: pair[1].time_ns - pair[0].time_ns)
        order = [op.process % clients for op in began if op.time_ns == end.time_ns]
        ends.append(list(dict.fromkeys(order)))
    everybody = set(range(clients))
    assert all(set(end) == everybody for end in ends)
    assert {end[0] for end in ends} == {end[-1] for end in ends} == everybody


def test_every_process_is_the_first_of_a_run_for_some_seed():
    words = "-w broadcast --node-count 3 --time-limit 1 --rate 20"
    firsts = {history(words, seed, "broadcast_retry")[0].process for seed in SEEDS}
    assert firsts == {0, 1, 2}


def test_clients_take_turns_and_the_turn_of_the_nemesis_goes_to_the_first():
    ops = history("-w echo --node-count 3 --time-limit 5 --rate 10", 0, "echo")
    turns = "".join(str(op.process) for op in ops if op.type == "invoke")
    assert "012001200120" in turns


def test_which_of_the_timers_of_different_nodes_goes_off_first_in_one_instant_varies(tmp_path):
    (tmp_path / "node.py").write_text(TICKS)
    words = f"-w echo {bin_of(tmp_path / 'node.py')} --node-count 3 --time-limit 20 --rate 1"
    journal = Ticks()
    run_once(parse_options(shlex.split(words)), journal)
    orders = set()
    for second in {time_ns for time_ns, *_ in journal.sent}:
        ticks = [tick for tick in journal.sent if tick[0] == second]
        names = [src for _, src, number in ticks if number == 0]
        orders.add(tuple(names))
        for name in names:
            own = [number for _, src, number in ticks if src == name]
            assert own == [0, 1], "timers of one node keep the order in which they were set"
    assert len(orders) > 2
