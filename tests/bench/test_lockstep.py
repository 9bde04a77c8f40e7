"""Nodes in processes of their own, in virtual time: nothing differs but the place they run in."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time

import pytest

from glomers.bench.flags import parse_options
from glomers.bench.hosts import offspring
from glomers.bench.once import run_once
from glomers.challenges import CHALLENGES
from glomers.cli import main
from glomers.explore.child import call_child
from glomers.explore.determinism import Lines
from glomers.formats.history import format_op
from tests.helpers.bench import ECHO, SHORT, told
from tests.helpers.chaos import CHAOS
from tests.helpers.places import DATA, SOLUTIONS
from tests.helpers.sparing import every, sparing

ONE_HOP = DATA / "mistakes" / "one_hop.py"
VERSIONS = {
    (challenge.workload, version.name): (challenge, version)
    for challenge in CHALLENGES.values()
    for version in challenge.versions
}
CLOCKS = ("virtual", "lockstep")
FAULTS = "--nemesis partition,kill,pause,skew --nemesis-interval 1"


def lines_of(words, clock):
    """All that happens in a run: events of messages, operations, and what broke it."""
    journal = Lines()
    own, _, for_node = words.partition(" -- ")
    command = [
        *shlex.split(own),
        "--clock",
        clock,
        *(["--", *for_node.split()] if for_node else []),
    ]
    outcome = run_once(parse_options(command), journal)
    broken = [str(outcome.broken)] if outcome.broken else []
    return [*journal.lines, *map(format_op, outcome.history), *broken]


def assert_equal_on_both_clocks(words):
    here, there = (lines_of(words, clock) for clock in CLOCKS)
    assert len(here) > 10
    different = next(((a, b) for a, b in zip(here, there, strict=False) if a != b), None)
    assert different is None
    assert len(here) == len(there)


@pytest.mark.slow
@pytest.mark.parametrize("name", every(2, VERSIONS, "-".join))
@pytest.mark.parametrize("faults", ["", FAULTS], ids=["calm", "faults"])
def test_a_solution_does_in_lockstep_what_it_does_in_virtual_time(name, faults):
    challenge, version = VERSIONS[name]
    args = f" -- {' '.join(version.args)}" if version.args else ""
    flags = f"{challenge.flags} --time-limit 3 --seed 7"
    words = f"{flags} {faults} --bin {version.path}{args}"
    assert_equal_on_both_clocks(words)


def test_lockstep_needs_no_orjson(tmp_path):
    (tmp_path / "orjson.py").write_text("raise ImportError('not here')")
    words = f"bench test -w broadcast --bin {SOLUTIONS / 'broadcast_all.py'} --node-count 2"
    done = subprocess.run(
        [sys.executable, "-m", "glomers", *shlex.split(words), "--clock=lockstep"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_node_that_uses_all_there_is_does_in_lockstep_what_it_does_in_virtual_time(tmp_path):
    node = tmp_path / "node.py"
    node.write_text(CHAOS)
    flags = (
        "-w broadcast --node-count 4 --time-limit 3 --rate 20 --latency 30 --latency-dist=uniform"
    )
    words = shlex.split(f"{flags} {FAULTS} --bin {node}")
    # It looks at hashes: in fresh processes they are the same.
    runs = [call_child("lines", {"words": [*words, "--clock", clock]}) for clock in CLOCKS]
    here, there = (json.loads(run.stdout) for run in runs)
    assert len(here) > 100
    assert here == there


DICE = """
import os, random, secrets, uuid
from random import SystemRandom, choice
from glomers.node import Node

node = Node()


@node.on("generate")
def generate(message):
    own = random.Random().random(), SystemRandom().random(), choice("abcdef"), random.random()
    return {"type": "generate_ok", "id": [*own, str(uuid.uuid4()), str(uuid.uuid1()),
            os.urandom(4).hex(), secrets.token_hex(4)]}


if __name__ == "__main__":
    node.run()
"""


def test_all_dice_of_a_node_fall_alike_on_both_clocks(tmp_path):
    node = tmp_path / "node.py"
    node.write_text(DICE)
    flags = f"-w unique-ids --node-count 3 --time-limit 2 --rate 20 --bin {node}"
    assert_equal_on_both_clocks(f"{flags} --nemesis kill --nemesis-interval 0.5")


def test_what_one_node_draws_leaves_the_others_alone(tmp_path):
    greedy = DICE.replace(
        "    own =", "    if node.node_id == 'n0':\n        random.random()\n    own ="
    )
    drawn = {}
    for name, source in {"plain": DICE, "greedy": greedy}.items():
        path = tmp_path / f"{name}.py"
        path.write_text(source)
        journal = Lines()
        words = f"-w unique-ids --node-count 3 --time-limit 2 --rate 20 --bin {path}"
        run_once(parse_options(words.split()), journal)
        replies = [line for line in journal.lines if "generate_ok" in line]
        drawn[name] = {
            src: [line for line in replies if f'"src":"{src}"' in line]
            for src in ("n0", "n1", "n2")
        }
    assert drawn["plain"]["n1"] == drawn["greedy"]["n1"]
    assert drawn["plain"]["n2"] == drawn["greedy"]["n2"]
    assert drawn["plain"]["n0"] != drawn["greedy"]["n0"]


BROKEN = {
    "crashes while it answers": "    import sys\n    sys.exit(3)\n",
    "raises": "    return message.body['nothing']\n",
    "forgets to answer": "    pass\n",
    "answers nobody": "    node.send('n7', {'type': 'x'})\n",
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
def test_what_went_wrong_is_told_as_in_virtual_time(bench, body):
    head, _, tail = ECHO.partition("    return ")
    node = bench.node(head + body + tail.partition("\n")[2])
    said = {clock: told(bench.test(node, *SHORT, "--clock", clock)) for clock in CLOCKS}
    # Where a line was written that silences, only the bench's own process knows.
    assert said["lockstep"] == said["virtual"] or "not heard any more" in said["virtual"]
    assert "node.py:" in said["lockstep"] or "n7" in said["lockstep"]


def test_a_program_that_does_not_start_is_told_of_as_in_virtual_time(bench):
    node = bench.node(ECHO.replace("node = Node()", "node = Node()\nraise ValueError(7)"))
    here, there = (bench.test(node, *SHORT, "--clock", clock) for clock in CLOCKS)
    assert (here.status, there.status) == (255, 255)
    assert "ValueError: 7" in there.err
    assert told(here) == told(there)


@pytest.mark.slow
def test_a_node_that_hangs_is_named_with_its_line(bench):
    node = bench.node(ECHO.replace("    return ", "    while True: pass\n    return "))
    outcome = bench.test(node, *SHORT, "--clock", "lockstep")
    assert outcome.status == 255
    assert "hangs" in outcome.err
    assert "node.py:9" in told(outcome)


LIES = {
    "it goes on": """os.write(1, b'{"wake":null}\\nmore\\n')""",
    "neither a time": """os.write(1, b'{"wake":"soon"}\\n')""",
    "exited with status 4": "sys.exit(4)",
}


@pytest.mark.parametrize("why", LIES)
def test_a_program_that_does_not_keep_to_the_protocol_ends_the_test(bench, why):
    source = f"import os, sys\nfor line in sys.stdin:\n    {LIES[why]}\n"
    outcome = bench.test(bench.program(source), *SHORT, "--clock", "lockstep")
    assert outcome.status == 255
    assert why in outcome.err


def test_a_program_that_does_not_answer_counts_as_hanging(bench, monkeypatch):
    monkeypatch.setattr("glomers.bench.hosts.lockstep.SILENCE_S", 0.2)
    monkeypatch.setattr("glomers.bench.hosts.lockstep.HANG_S", 0.1)
    monkeypatch.setattr("glomers.bench.hosts.offspring.WHILE_S", 0.1)
    node = bench.program("import sys\nfor line in sys.stdin: pass")
    outcome = bench.test(node, *SHORT, "--clock", "lockstep")
    assert outcome.status == 255
    assert "hangs" in outcome.err


@pytest.mark.slow
def test_a_node_names_no_place_outside_its_folder(bench, tmp_path_factory):
    secret = tmp_path_factory.mktemp("elsewhere") / "secret.py"
    secret.write_text("password = 'xyzzy'\n")
    place = [str(secret), 1]
    line = f'{{"broken": "No.", "place": ["{place[0]}", 1]}}'
    node = bench.program(f"print('{line}', flush=True)\nimport time\ntime.sleep(9)")
    outcome = bench.test(node, *SHORT, "--clock", "lockstep")
    assert outcome.status == 255
    assert "xyzzy" not in outcome.out + outcome.err
    assert "secret.py" not in outcome.out


def living(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


STUBBORN = """
import os, signal
for number in range(1, 32):
    number in (9, 19) or signal.signal(number, signal.SIG_IGN)
open({pids!r}, "w").write(str(os.getpid()))
for line in os.fdopen(0):
    os.write(1, b'{{"wake":null}}\\n')
while True:
    signal.pause()
"""


def test_no_process_of_a_node_outlives_its_test(bench):
    pids = bench.folder / "pids"
    node = bench.program(STUBBORN.format(pids=str(pids)))
    outcome = bench.test(node, *SHORT, "--clock", "lockstep")
    assert outcome.status == 255  # it never answered `init`
    assert not living(int(pids.read_text()))


def test_the_nursery_is_started_anew_when_somebody_has_ended_it(bench):
    node = bench.node(ECHO)
    assert bench.test(node, *SHORT, "--clock", "lockstep").status == 0
    os.kill(offspring._nursery(os.getpid(), None)._process.pid, signal.SIGKILL)
    time.sleep(0.1)
    assert bench.test(node, *SHORT, "--clock", "lockstep").status == 255
    assert bench.test(node, *SHORT, "--clock", "lockstep").status == 0


COMMANDS = {
    "explore": [
        *["explore", "test -w broadcast --node-count 3 --time-limit 3 --rate 10 {clock}"],
        *["--seeds", "10"],
    ],
    "assess": ["assess", "3b", "--seeds", "3"],
    "challenge": ["challenge", "3b"],
}


@pytest.mark.slow
@pytest.mark.parametrize("name", sparing(COMMANDS, {"assess"}))
def test_commands_say_the_same_on_both_clocks(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONHASHSEED", "0")
    said = []
    for clock in CLOCKS:
        flag = f"--clock {clock}"
        words = [word.replace("{clock}", flag) for word in COMMANDS[name]]
        if words == COMMANDS[name]:
            words += flag.split()
        status = main([*words, "--bin", str(ONE_HOP), "--json"])
        told = json.loads(capsys.readouterr().out)
        own = {"wall_s", "store", "folder", "trace", "command"}  # of times, places and the clock
        said.append((status, {key: value for key, value in told.items() if key not in own}))
    assert said[0] == said[1]
    assert said[0][0] == 1


@pytest.mark.slow
def test_a_failure_that_was_found_in_lockstep_is_played_back_there(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONHASHSEED", "0")
    words = "test -w broadcast --node-count 3 --time-limit 3 --clock lockstep"
    assert main(["explore", words, "--bin", str(ONE_HOP), "--seeds", "3", "--out", "found"]) == 1
    assert '"lockstep"' in (tmp_path / "found" / "trace.json").read_text()
    capsys.readouterr()
    assert main(["replay", "found/trace.json"]) == 1
    assert "Clock: lockstep" in capsys.readouterr().out
