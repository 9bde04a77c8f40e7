"""Nothing that was acknowledged after the last restart is lost, whichever node was killed."""

import pytest

from glomers import lab
from glomers.bench.flags import parse_options
from glomers.bench.once import run_once
from glomers.formats.edn import kw
from glomers.formats.history import Op
from glomers.formats.journal import Journal
from glomers.reading.restarts import (
    demands_after_restart,
    differing,
    last_restart_ns,
    lost_after_restart,
)
from tests.helpers.places import SOLUTIONS as NODES
from tests.helpers.samples import mostly_slow
from tests.helpers.sparing import sparing

TWO = ("n0", "n1")
SEND, POLL = kw("send"), kw("poll")


def history(*operations):
    """A history of lines `(time in s, type, process, f, value, further fields)`, in order."""
    lines = [line for operation in operations for line in operation]
    return [
        Op(index, int(1e9 * time_s), kind, process, f, value, **(more[0] if more else {}))
        for index, (time_s, kind, process, f, value, *more) in enumerate(lines)
    ]


def done(at_s, process, f, value, result=None, **more):
    """An operation that was asked for, and was ok half a second later."""
    result = value if result is None else result
    return (at_s, "invoke", process, f, value, more), (at_s + 0.5, "ok", process, f, result, more)


def final(process, value, f="read"):
    """A final read."""
    return done(9, process, f, None, value, final=True)


def killed(at_s, until_s, node):
    """A node that was killed and started again."""
    return (
        (at_s, "info", "nemesis", "start-kill", [kw("killed"), node]),
        (until_s, "info", "nemesis", "stop-kill", [kw("restarted"), node]),
    )


def test_the_last_restart_is_that_of_the_last_node():
    assert last_restart_ns(history(killed(1, 2, "n0"), killed(3, 7, "n1"))) == 7_000_000_000
    assert last_restart_ns(history(done(0, 0, "broadcast", 1))) is None


def test_a_value_from_before_the_restart_may_be_gone_and_one_from_after_may_not():
    ops = [done(0, 0, "broadcast", 1), killed(2, 3, "n0"), done(4, 0, "broadcast", 2)]
    kept = history(*ops, final(0, [2]), final(1, [1, 2]))
    assert (lost_after_restart(kept, TWO), differing(kept)) == ([], [1])
    lost = history(*ops, final(0, [1, 2]), final(1, [1]))
    assert lost_after_restart(lost, TWO) == ["n1 shows None for 2, where it was acknowledged"]


def test_where_nobody_was_killed_everything_is_demanded():
    ops = [done(0, 0, "broadcast", 1), done(4, 0, "broadcast", 2)]
    assert [demand.name for demand in demands_after_restart(history(*ops), TWO)] == [1, 2]


def test_an_addition_comes_on_top_of_what_a_node_that_lives_on_has_shown():
    ops = [done(0, 0, "add", 10), done(1, 1, "read", None, 10), killed(2, 3, "n0")]
    ops += [done(4, 0, "add", 5)]
    assert len(lost_after_restart(history(*ops, final(0, 10), final(1, 10)), TWO)) == 2
    assert lost_after_restart(history(*ops, final(0, 15), final(1, 15)), TWO) == []


def test_an_addition_that_only_the_dead_node_knew_need_not_be_there_but_sums_must_agree():
    ops = [done(0, 0, "add", 10), killed(2, 3, "n0"), done(4, 0, "add", 5)]
    assert lost_after_restart(history(*ops, final(0, 5), final(1, 5)), TWO) == []
    assert len(lost_after_restart(history(*ops, final(0, 5), final(1, 15)), TWO)) == 1


def polls(process, *entries):
    """A client that starts afresh in the end and polls a log from the beginning."""
    afresh = {kw("seek-to-beginning?"): True}
    assign = done(8, process, "assign", ["k"], extra=afresh)
    return assign + done(9, process, "poll", [[POLL]], [[POLL, {"k": [*entries]}]])


def test_a_message_stands_at_the_offset_that_was_acknowledged():
    ops = [killed(2, 3, "n0"), done(4, 0, "send", [[SEND, "k", 7]], [[SEND, "k", [3, 7]]])]
    assert lost_after_restart(history(*ops, polls(0, [3, 7]), polls(1, [3, 7])), TWO) == []
    assert len(lost_after_restart(history(*ops, polls(0), polls(1)), TWO)) == 2
    other = history(*ops, polls(0, [3, 7]), polls(1, [3, 8]))
    assert lost_after_restart(other, TWO) == ["n1 shows 8 for ('k', 3), where 7 was acknowledged"]


def test_a_register_holds_everywhere_the_same_value_from_after_the_restart():
    ops = [done(0, 0, "txn", [[kw("w"), "x", 1]]), killed(2, 3, "n0")]
    ops += [done(4, process, "txn", [[kw("w"), "x", value]]) for process, value in ((0, 2), (1, 3))]

    def lost(*values):
        shown = [final(p, [[kw("r"), "x", v]], "txn") for p, v in enumerate(values)]
        return len(lost_after_restart(history(*ops, *shown), TWO))

    assert [lost(2, 2), lost(3, 3), lost(1, 1), lost(2, 3), lost(None, 2)] == [0, 0, 2, 2, 2]


COMMANDS = {
    "broadcast": "-w broadcast --node-count 5 --rate 20",
    "counter": "-w g-counter --node-count 3 --rate 30",
    "log": "-w kafka --node-count 3 --concurrency 2n --rate 30",
    "txn": "-w txn-rw-register --node-count 3 --concurrency 2n --rate 30 --final-reads "
    "--consistency-models read-uncommitted",
}
KILL = "--time-limit 20 --nemesis kill --nemesis-interval 5"
SOLUTIONS = sorted(path.stem for path in NODES.glob("*.py") if path.stem.split("_")[0] in COMMANDS)
UNTOLD = {  # their new lives are not told what the old ones knew: about that, replicas differ
    "broadcast_all",
    "broadcast_retry",
    "broadcast_tree",
    "broadcast_batched",
    "txn_uncommitted",
    "txn_committed",
}


def killed_run(path, flags, seed):
    """The history and the nodes of a run in which nodes are killed."""
    options = parse_options([*flags.split(), "--bin", str(path), "--seed", str(seed)])
    outcome = run_once(options, Journal())
    assert outcome.broken is None, outcome.broken
    return outcome.history, options.node_ids


def command(solution):
    flags = COMMANDS[solution.split("_")[0]]
    if solution.endswith("_single"):
        flags = flags.replace("--node-count 5", "--node-count 1")
        flags = flags.replace("--node-count 3", "--node-count 1")
    return f"{flags} {KILL}"


@pytest.mark.parametrize("latency", ["--latency 0", "--latency 50 --latency-dist exponential"])
@pytest.mark.parametrize("solution", mostly_slow(SOLUTIONS))
def test_nothing_is_lost_that_was_acknowledged_after_the_last_restart(solution, latency):
    for seed in range(5):
        flags = f"{command(solution)} {latency}"
        ops, nodes = killed_run(NODES / f"{solution}.py", flags, seed)
        assert lost_after_restart(ops, nodes) == [], f"seed {seed}"
        if solution not in UNTOLD:
            assert differing(ops) == [], f"seed {seed}"


OTHERS = "kill,partition,one-way,loss,duplicate,reorder,slow"
MIXED = f"--time-limit 20 --nemesis {OTHERS} --nemesis-interval 3 --latency 100"
MIXED += " --latency-dist uniform"


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2, 39])
@pytest.mark.parametrize("solution", sorted(set(SOLUTIONS) - UNTOLD - {"broadcast_single"}))
def test_replicas_agree_although_nodes_were_killed_amid_other_faults(solution, seed):
    flags = command(solution).replace(KILL, MIXED) + " --concurrency 1n"
    ops, nodes = killed_run(NODES / f"{solution}.py", flags, seed)
    assert (lost_after_restart(ops, nodes), differing(ops)) == ([], [])


def test_the_runs_with_kills_demand_something():
    ops, nodes = killed_run(NODES / "broadcast_rounds.py", command("broadcast_rounds"), 1)
    assert last_restart_ns(ops) is not None
    assert len(demands_after_restart(ops, nodes)) > 10


CUT_TOO = KILL.replace("kill", "kill,partition", 1)
MUTANTS = {  # what each life needs, a text that takes it away, and a command that shows the loss
    "counter_delta": (
        'f"{node.node_id} {time.time_ns()}"',
        "node.node_id",
        f"{COMMANDS['counter']} {KILL}",
    ),
    "counter_local": (
        'f"{node.node_id} {time.time_ns()}"',
        "node.node_id",
        f"{COMMANDS['counter']} {KILL}",
    ),
    "log_buckets": (
        "        await fill(key, offset, [])\n",
        "        pass\n",
        f"{COMMANDS['log']} {KILL} --latency 50 --latency-dist exponential",
    ),
    "txn_uncommitted": (
        "clock = time.time_ns() // 1000",
        "clock = 0",
        f"{COMMANDS['txn']} {CUT_TOO} --nemesis-interval 3 --node-count 2 --key-count 3 --rate 20",
    ),
}


LONG_SEARCHES = {"log_buckets", "txn_uncommitted"}
"""Of these it takes long to find a seed that shows it."""


@pytest.mark.slow
@pytest.mark.parametrize("solution", sparing(MUTANTS, LONG_SEARCHES))
def test_what_a_node_does_for_its_lives_is_needed(tmp_path, solution):
    taken, put, flags = MUTANTS[solution]
    source = (NODES / f"{solution}.py").read_text(encoding="utf-8")
    assert taken in source
    mutant = tmp_path / "mutant.py"
    mutant.write_text(source.replace(taken, put), encoding="utf-8")
    losing = (seed for seed in range(150) if lost_after_restart(*killed_run(mutant, flags, seed)))
    seed = next(losing, None)
    assert seed is not None
    assert lost_after_restart(*killed_run(NODES / f"{solution}.py", flags, seed)) == []


def highest_polled_before(ops):
    """Of each send that was acknowledged, its offset and the highest that was polled before it."""
    highest, begun = -1, {}
    for op in ops:
        if op.f == "poll" and op.type == "ok":
            ((_, logs),) = op.value
            highest = max([highest, *[at for log in logs.values() for at, _ in log]])
        elif op.f == "send" and op.type == "invoke":
            begun[op.process] = highest
        elif op.f == "send" and op.type == "ok":
            ((_, _, (offset, _)),) = op.value
            yield offset, begun[op.process]


@pytest.mark.slow
def test_no_life_puts_a_message_below_what_readers_have_seen(tmp_path):
    flags = f"{COMMANDS['log']} {CUT_TOO} --rate 50"
    source = (NODES / "log_ordered.py").read_text(encoding="utf-8")
    reserved = "await counters.begin(node.node_id)"
    assert reserved in source
    forgetful = tmp_path / "forgetful.py"
    forgetful.write_text(source.replace(reserved, "-1"), encoding="utf-8")

    def too_low(path, seed):
        ops, _ = killed_run(path, flags, seed)
        return sum(offset < before for offset, before in highest_polled_before(ops))

    assert any(too_low(forgetful, seed) for seed in range(12))
    assert not any(too_low(NODES / "log_ordered.py", seed) for seed in range(12))


def test_the_lab_tells_what_a_run_has_lost(bench):
    flags = [*KILL.split(), "--node-count", "3", "--rate", "30"]
    outcome = bench.test(NODES / "counter_gossip.py", *flags, workload="g-counter")
    assert outcome.status in (0, 1)
    assert lab.lost_after_restart(lab.Run.load(outcome.store)) == []
    outcome = bench.test(NODES / "echo.py", "--node-count", "1", "--time-limit", "1")
    with pytest.raises(lab.LabError, match="no final reads"):
        lab.lost_after_restart(lab.Run.load(outcome.store))
